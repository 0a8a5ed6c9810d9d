#!/usr/bin/env bash
# CMTK 3.3.1p2 and ODIN 2.0.5 (both Debian 12) exchange width and height of a pixel, take a cine's first frame; CMTK makes -122 of a rescaled 200 and takes thirds of RGB.
#
# Expected: PixelSpacing gives the distance of the rows first, then that of the columns (PS3.3 10.7.1.1): 0.2\0.5 is 0.5 mm across and 0.2 mm down, what is 20 mm wide and 2 mm high stays so.
# A cine of five frames has five or is refused; a value of 200 under a slope of 2 and an intercept of -10 is 390; a file without PixelSpacing has 1 mm or is refused.
# What happens: convertx of CMTK and miconv of ODIN both write 0.2 mm across and 0.5 mm down (8 x 5 mm) and the first frame alone, exit code 0. CMTK keeps 8 bits while it
# rescales: 200 (390) is stored as -122, darker than 30 (50), and 100 (190) as 127. Of RGB it makes a grey picture out of the first third of the bytes (the upper third of the
# picture, spread over all), without a word. Where ultrasound regions have the only millimetres ODIN falls back on the field of view of 220 mm that its help has as the default,
# here 2.75 x 3.67 mm a pixel; its warnings are of dates. (-noscale keeps grey values, as its help says.) CMTK refuses files without PixelSpacing, ODIN refuses colours: both aloud.
# A map in NIfTI (16 bits with a slope, 0.1 to 2.0) goes through convertx as its stored numbers, -32768 to 32767, and out of niftitodicom of vtk-dicom 0.8.14, too, without a rescale slope.
# Why it matters: areas are right by chance, lengths aren't, and thresholds are of another picture. mcverter and dcm2mnc exchange
# the same numbers (mcverter_dcm2mnc_spacing.sh).
# Seen on 30 November 2026 with cmtk 3.3.1p2+dfsg-2+b1, odin 2.0.5-3+b1, vtk-dicom-tools 0.8.14-3.1, pydicom 3.0.2, nibabel 5.4.2, numpy 2.4.6, SimpleITK 2.5.7, Python 3.11.
# Uses Debian's packages, unpacked in a temporary folder with what they need and the machine lacks.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
lacking=$(apt-get install --simulate --no-install-recommends cmtk odin vtk-dicom-tools 2>/dev/null | grep ^Inst | cut -d ' ' -f 2)
apt-get -qq -o APT::Sandbox::User=root download $lacking >/dev/null
for package in *.deb; do dpkg -x "$package" root; done
for package in cmtk odin vtk-dicom-tools; do dpkg-deb -f ${package}_*.deb Package Version; done
rm *.deb
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target packages pydicom==3.0.2 nibabel==5.4.2 numpy==2.4.6 SimpleITK==2.5.7
cat >run.py <<'PYTHON'
import glob
import os
import subprocess

import nibabel
import numpy as np
import SimpleITK
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, UltrasoundMultiFrameImageStorage, generate_uid

libraries = {os.path.dirname(os.path.abspath(path)) for path in glob.glob("root/usr/lib/**/*.so*", recursive=True)}
os.environ["LD_LIBRARY_PATH"] = ":".join(sorted(libraries, key=len))
os.environ["DCMDICTPATH"] = next(iter(glob.glob(os.path.abspath("root/usr/share/libdcmtk*/dicom.dic")) + glob.glob("/usr/share/libdcmtk*/dicom.dic")))
frames = np.full((5, 60, 80), 30, np.uint8)
frames[:, 40:50, 20:60] = 200  # 40 columns of 0.5 mm, 10 rows of 0.2 mm
for number, frame in enumerate(frames):
    frame[2:6, 2 + 10 * number : 8 + 10 * number] = 100
colours = np.full((1, 60, 80, 3), 40, np.uint8)
colours[:, 40:50, 20:60], colours[:, 5, 10:20] = (200, 100, 50), (10, 110, 220)


def saved(name, frames, **more):
    data, cine, colour = Dataset(), len(frames) > 1, frames.ndim == 4
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage if cine else UltrasoundImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.SeriesNumber, data.InstanceNumber, data.SeriesDescription, data.StudyID = 1, 1, name, "1"
    if cine:
        data.NumberOfFrames, data.FrameTime, data.FrameIncrementPointer = len(frames), 40, 0x00181063
    data.Rows, data.Columns, data.SamplesPerPixel = *frames.shape[1:3], 3 if colour else 1
    data.PhotometricInterpretation, data.PixelSpacing = "RGB" if colour else "MONOCHROME2", [0.2, 0.5]
    if colour:
        data.PlanarConfiguration = 0
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    for keyword, value in more.items():
        setattr(data, keyword, value)
    if "SequenceOfUltrasoundRegions" in more:
        del data.PixelSpacing
    data.PixelData = frames.tobytes()
    data["PixelData"].VR = "OB"
    data.save_as(f"{name}.dcm", enforce_file_format=True)


def made(tool, name):
    command = {"cmtk": ["root/usr/lib/cmtk/bin/convertx"], "odin": ["root/usr/bin/miconv", "-noscale"]}[tool] + [f"{name}.dcm", f"{name}-{tool}.nii"]
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode:
        return None
    image = nibabel.load(glob.glob(f"{name}-{tool}.nii*")[0])
    pixels, zooms = np.asanyarray(image.dataobj), [round(float(size), 2) for size in image.header.get_zooms()]
    assert pixels.shape == (80, 60, 1), pixels.shape
    said = [line for line in ran.stderr.splitlines() if "Tag not found" not in line and "Reading format" not in line]
    print(f"{tool}, {name}: {pixels.shape}, {zooms[:2]} mm, values {np.unique(pixels).tolist()}; printed, beside missing dates: {said[:1]}")
    return pixels[:, :, 0], zooms[:2]


region = Dataset()
region.RegionSpatialFormat = region.RegionDataType = 1
region.RegionFlags = region.RegionLocationMinX0 = region.RegionLocationMinY0 = 0
region.RegionLocationMaxX1, region.RegionLocationMaxY1 = 79, 59
region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
region.PhysicalDeltaX, region.PhysicalDeltaY = 0.05, 0.02  # cm
saved("still", frames[:1])
saved("cine", frames)
saved("rescaled", frames[:1], RescaleSlope=2, RescaleIntercept=-10, RescaleType="US")
saved("rgb", colours)
saved("regions", frames[:1], SequenceOfUltrasoundRegions=[region])
print("SimpleITK, still:", SimpleITK.ReadImage("still.dcm").GetSpacing()[:2])
assert SimpleITK.ReadImage("still.dcm").GetSpacing()[:2] == (0.5, 0.2)
for name in ("still", "cine"):
    for tool in ("cmtk", "odin"):
        pixels, millimetres = made(tool, name)
        assert millimetres == [0.2, 0.5] and np.unique(pixels).tolist() == [30, 100, 200]
rescaled, still = made("cmtk", "rescaled")[0], np.asanyarray(nibabel.load("still-cmtk.nii.gz").dataobj)[:, :, 0]
assert {int(value): np.unique(rescaled[still == value]).tolist() for value in (30, 100, 200)} == {30: [50], 100: [127], 200: [-122]}
grey = made("cmtk", "rgb")[0]
third = colours.ravel()[: 80 * 60].reshape(60, 80)
assert any(np.array_equal(turned, third) for turned in (grey.T, grey.T[::-1], grey.T[:, ::-1], grey.T[::-1, ::-1]))
scaled = nibabel.Nifti1Image(np.where(frames[0] > 30, 2, 0.1).T[:, :, None].astype(np.float32), np.diag([0.5, 0.2, 1, 1]))
scaled.set_data_dtype(np.int16)
nibabel.save(scaled, "map.nii")
subprocess.run(["root/usr/lib/cmtk/bin/convertx", "map.nii", "map-cmtk.nii"], check=True, capture_output=True)
subprocess.run(["root/usr/bin/niftitodicom", "-o", "map", "map.nii"], check=True, capture_output=True)
(written,) = [dcmread(path) for path in glob.glob("map/*.dcm")]
found = [nibabel.load("map.nii").get_fdata(), nibabel.load("map-cmtk.nii.gz").get_fdata(), written.pixel_array]
found = [[round(float(values.min()), 2), round(float(values.max()), 2)] for values in found]
print(f"map of {found[0]}: convertx {found[1]}; niftitodicom {found[2]}, RescaleSlope {written.get('RescaleSlope')}")
assert found == [[0.1, 2], [-32768, 32767], [-32768, 32767]] and "RescaleSlope" not in written
assert made("odin", "regions")[1] == [2.75, 3.67] and made("cmtk", "regions") is None and made("odin", "rgb") is None
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
