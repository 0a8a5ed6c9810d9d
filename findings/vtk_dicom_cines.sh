#!/usr/bin/env bash
# dicomtonifti (vtk-dicom 0.8.14, Debian 12): two cines of one series become two slices of one, JPEG colour comes out as YCbCr, uneven times as even ones.
#
# Expected: a NIfTI file for each cine, as from dcm2niix, or a message; colours as they are seen; the times of the frames, or none.
# What happens: two cines of six frames in one series become one image of 36 x 24 x 2 x 6, the second cine 1 mm above the first. Of cines of six
# and three frames and a still the ten pictures lie behind each other as slices of a volume. The frames of colour in JPEG, and of
# uncompressed YBR_FULL, go into RGB24 as Y, Cb and Cr: 200,100,50 is 124,86,182. A FrameTimeVector of 40, 40, 200, 40 and
# 40 ms is a step of 72 ms. Exit code 0, and not a word about it; grey, RGB and RGB by planes are right, one cine by one.
# Why it matters: scanners put all clips of an examination into one series. A heart stands 1 mm over the next view of it, and whatever is done in
# 3D (resampling, smoothing, counting) mixes views; colour Doppler has other colours, and a rate measured over frames is wrong.
# Seen on 29 November 2026 with vtk-dicom-tools 0.8.14-3.1, pydicom 3.0.2, nibabel 5.4.2, numpy 2.4.6, Pillow 13.0.0, Python 3.11.
# Uses Debian's packages, unpacked in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq -o APT::Sandbox::User=root download vtk-dicom-tools libvtkdicom0.8 libvtk9.1 libtbb12 libgdcm3.0 libcharls2 libdouble-conversion3 >/dev/null
for package in *.deb; do dpkg -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pydicom==3.0.2 nibabel==5.4.2 numpy==2.4.6 Pillow==13.0.0
LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu venv/bin/python - root/usr/bin/dicomtonifti <<'PYTHON'
import io
import subprocess
import sys

import nibabel
import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import convert_color_space
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit, UltrasoundImageStorage, UltrasoundMultiFrameImageStorage, generate_uid

STUDY, SERIES = generate_uid(), generate_uid()


def cine(name: str, frames: np.ndarray, number: int = 1, series: str = "", ybr: str = "", vector: list[int] | None = None) -> str:
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = JPEGBaseline8Bit if ybr == "YBR_FULL_422" else ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage if len(frames) == 1 else UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = STUDY, series or generate_uid(), "US"
    data.PatientName, data.PatientID, data.SeriesNumber, data.InstanceNumber = "Test^Phantom", "1", 1, number
    data.Rows, data.Columns = frames.shape[1:3]
    if len(frames) > 1:
        data.NumberOfFrames, data.FrameIncrementPointer = len(frames), 0x00181065 if vector else 0x00181063
        if vector:
            data.FrameTimeVector = vector
        else:
            data.FrameTime = 40
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    if frames.ndim == 4:
        data.SamplesPerPixel, data.PhotometricInterpretation, data.PlanarConfiguration = 3, ybr or "RGB", 0
    data.PixelData = (convert_color_space(frames, "RGB", "YBR_FULL") if ybr == "YBR_FULL" else frames).tobytes()
    if ybr == "YBR_FULL_422":
        streams = []
        for frame in frames:
            stream = io.BytesIO()
            Image.fromarray(frame).save(stream, "JPEG", quality=95, subsampling="4:2:2")
            streams.append(stream.getvalue())
        data.PixelData = encapsulate(streams)
    data["PixelData"].VR = "OB"
    data.save_as(name, enforce_file_format=True)
    return name


def converted(*names: str) -> tuple[np.ndarray, list[float]]:
    ran = subprocess.run([sys.argv[1], "-o", "out.nii", *names], capture_output=True, text=True)
    assert ran.returncode == 0 and "slice" not in ran.stderr and "color" not in ran.stderr, ran
    image = nibabel.load("out.nii", mmap=False)
    return np.asanyarray(image.dataobj), [float(zoom) for zoom in image.header.get_zooms()]


print(subprocess.run([sys.argv[1], "--version"], capture_output=True, text=True).stdout.splitlines()[0])
grey = np.full((6, 24, 36), 40, np.uint8)
same, mixed = generate_uid(), generate_uid()
pair = converted(cine("a.dcm", grey, 1, same), cine("b.dcm", grey + 60, 2, same))
heap = converted(cine("c.dcm", grey, 1, mixed), cine("d.dcm", grey[:3] + 60, 2, mixed), cine("e.dcm", grey[:1] + 100, 3, mixed))
print("two cines of six frames in a series:", pair[0].shape, pair[1], "slices", pair[0][18, 12, :, 0].tolist())
print("six frames, three and one:", heap[0].shape, heap[0][18, 12].tolist())
colour = np.full((6, 24, 36, 3), (200, 100, 50), np.uint8)
seen = {kind: tuple(int(value) for value in converted(cine("f.dcm", colour, ybr=kind))[0][18, 12, 0, 0]) for kind in ("", "YBR_FULL", "YBR_FULL_422")}
print("200,100,50 as RGB, YBR_FULL and JPEG:", *seen.values())
step = converted(cine("g.dcm", grey, vector=[0, 40, 40, 200, 40, 40]))[1]
print("step of 40, 40, 200, 40 and 40 ms:", step[3])
assert pair[0].shape == (36, 24, 2, 6) and pair[1] == [1, 1, 1, 40] and pair[0][18, 12, :, 0].tolist() == [40, 100]
assert heap[0].shape == (36, 24, 10) and heap[0][18, 12].tolist() == [40] * 6 + [100] * 3 + [140]
assert seen[""] == (200, 100, 50) and seen["YBR_FULL"] == (124, 86, 182) and np.abs(np.subtract(seen["YBR_FULL_422"], (124, 86, 182))).max() < 4
assert step[3] == 72
print("as stated")
PYTHON
