#!/usr/bin/env bash
# mcverter (MRIConvert 2.1.0) and dcm2mnc (MINC tools 2.3.00; both Debian 12) exchange width and height of a pixel: what is 20 mm wide and 2 mm high has 8 and 5.
#
# Expected: PixelSpacing gives the distance of the rows first, then that of the columns (PS3.3 10.7.1.1): 0.2\0.5 is 0.5 mm across and 0.2 mm down, as SimpleITK has it.
# What happens: 0.2 mm across and 0.5 mm down, in mcverter's NIfTI (nifti, fsl), Analyze (spm) and MetaImage and in dcm2mnc's MINC, of ultrasound and of MR with an orientation. Exit code 0,
# and no message. The area is right by chance; lengths, angles, and volumes from a long and a short axis aren't. Rows and columns themselves keep their order.
# Why it matters: pixels of MR and CT are square, so nobody sees it there. Those of ultrasound often aren't, and a NIfTI file can't be checked against the header that it came from.
# Seen on 29 November 2026 with mriconvert 1:2.1.0-5+b2, minc-tools 2.3.00+dfsg-10, pydicom 3.0.2, nibabel 5.4.2, h5py 3.16.0, SimpleITK 2.5.7, Python 3.11.
# Uses Debian's packages, unpacked in a temporary folder with what they need and the machine lacks.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
lacking=$(apt-get install --yes --no-install-recommends --print-uris mriconvert minc-tools 2>/dev/null | grep "^'" | cut -d ' ' -f 2 | cut -d _ -f 1)
apt-get -qq -o APT::Sandbox::User=root download $lacking libnetcdf19 libhdf5-103-1 libhdf5-hl-100 libsz2 libaec0 libcurl3-gnutls libblosc1 libzip4 \
    >/dev/null
for package in *.deb; do dpkg -x "$package" root; done
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target packages pydicom==3.0.2 nibabel==5.4.2 numpy==2.4.6 SimpleITK==2.5.7 h5py==3.16.0
cat >run.py <<'PYTHON'
import glob
import os
import subprocess

import nibabel
import numpy as np
import SimpleITK
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, UltrasoundImageStorage, generate_uid

os.environ["LD_LIBRARY_PATH"] = os.path.abspath("root/usr/lib/x86_64-linux-gnu") + ":" + os.path.abspath("root/usr/lib")
os.environ["PATH"] = os.path.abspath("root/usr/bin") + ":" + os.environ["PATH"]
pixels = np.full((60, 80), 30, np.uint8)
pixels[40:50, 20:60] = 200  # 40 columns of 0.5 mm, 10 rows of 0.2 mm


def saved(name, storage):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = storage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID = generate_uid(), generate_uid(), generate_uid()
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.SeriesNumber, data.InstanceNumber, data.SeriesDescription, data.StudyID = 1, 1, name, "1"
    data.Modality = "US" if storage == UltrasoundImageStorage else "MR"
    if data.Modality == "MR":
        data.ImageOrientationPatient, data.ImagePositionPatient, data.SliceThickness = [1, 0, 0, 0, 1, 0], [0, 0, 0], 3
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = 60, 80, 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PixelSpacing, data.PixelData = [0.2, 0.5], pixels.tobytes()
    data.save_as(f"{name}.dcm", enforce_file_format=True)


def size(image, axes):
    """Width and height of the structure, in mm by the file's own spacing; `axes` are those of x and y."""
    zooms = image.header.get_zooms()
    assert [image.shape[axis] for axis in axes] == [80, 60]
    return [round(float(count * zooms[axis]), 2) for count, axis in zip((40, 10), axes)]


for name, storage in (("us", UltrasoundImageStorage), ("mr", MRImageStorage)):
    saved(name, storage)
    across, down = SimpleITK.ReadImage(f"{name}.dcm").GetSpacing()[:2]
    seen = {"SimpleITK": [round(40 * across, 2), round(10 * down, 2)]}
    for form in ("nifti", "fsl", "spm"):
        subprocess.run(["mcverter", "-o", f"{name}-{form}", "-f", form, *(["-n"] if form != "spm" else []), f"{name}.dcm"], check=True, capture_output=True)
        seen[f"mcverter, {form}"] = size(nibabel.load((glob.glob(f"{name}-{form}/*.nii") + glob.glob(f"{name}-{form}/*.hdr"))[0]), (0, 1))
    subprocess.run(["mcverter", "-o", f"{name}-meta", "-f", "meta", f"{name}.dcm"], check=True, capture_output=True)
    line = next(line for line in open(glob.glob(f"{name}-meta/*.mhd")[0]) if line.startswith("ElementSpacing"))
    across, down = map(float, line.split()[2:4])
    seen["mcverter, meta"] = [round(40 * across, 2), round(10 * down, 2)]
    os.mkdir(f"{name}-minc")
    subprocess.run(["dcm2mnc", f"{name}.dcm", f"{name}-minc"], check=True, capture_output=True)
    seen["dcm2mnc"] = size(nibabel.load(glob.glob(f"{name}-minc/*/*.mnc")[0]), (2, 1))
    print(f"{name}, width and height in mm:", seen)
    assert seen.pop("SimpleITK") == [20, 2] and all(found == [8, 5] for found in seen.values())
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py 2>/dev/null
