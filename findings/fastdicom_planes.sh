#!/usr/bin/env bash
# fastdicom 0.1.0 (DICOM for machine learning, on Rust's dicom-rs): of colour by planes pixel_array is a picture of grey stripes in the right shape; YBR_FULL isn't converted.
#
# Expected: pixel_array as of pydicom, which it is to replace: (frames, rows, columns, 3), whatever PlanarConfiguration says.
# What happens: the shape is right, the planes are read as pixels: each third of the height is one colour, three columns are one, and a structure of 200,100,50 at row 45 is
# 30,30,30; a mask drawn on the frame lies on another place. YBR_FULL_422 ends in an error of shapes, of a cine in "frame out of range". RGB by pixels, RLE and JPEG, which dicom-rs decodes,
# are right, in any number of fragments, and so is grey. YBR_FULL comes as it is stored, where pydicom 3 converts it: 200,100,50 is 124,86,182. No warning.
# Why it matters: scanners store colour by planes, and nothing of the array's shape, type or range tells that a network is trained on stripes.
# Seen on 29 November 2026 with fastdicom 0.1.0, pydicom 3.0.2, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target packages fastdicom==0.1.0 pydicom==3.0.2 numpy==2.4.6
cat >run.py <<'PYTHON'
import importlib.metadata

import fastdicom
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import convert_color_space
from pydicom.uid import ExplicitVRLittleEndian, RLELossless, UltrasoundMultiFrameImageStorage, generate_uid

frames = np.full((3, 60, 80, 3), 30, np.uint8)
frames[:, 40:50, 20:60] = 200, 100, 50
frames[:, :4] = np.array([40, 50, 60])[:, None, None, None]


def saved(planes, syntax=ExplicitVRLittleEndian, ybr=False):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.Rows, data.Columns, data.NumberOfFrames, data.FrameTime, data.FrameIncrementPointer = 60, 80, 3, 40, 0x00181063
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.SamplesPerPixel, data.PlanarConfiguration, data.PhotometricInterpretation = 3, planes, "YBR_FULL" if ybr else "RGB"
    pixels = convert_color_space(frames, "RGB", "YBR_FULL") if ybr else frames
    data.PixelData = np.ascontiguousarray(np.moveaxis(pixels, -1, 1) if planes else pixels).tobytes()
    data["PixelData"].VR = "OB"
    if syntax == RLELossless:
        data.compress(RLELossless, generate_instance_uid=False)
    data.save_as("a.dcm", enforce_file_format=True)


print("fastdicom", importlib.metadata.version("fastdicom"))
seen = {}
for name, case in {"by pixels": (0,), "by planes": (1,), "RLE": (0, RLELossless), "as YBR_FULL": (0, ExplicitVRLittleEndian, True)}.items():
    saved(*case)
    assert abs(pydicom.dcmread("a.dcm").pixel_array.astype(int) - frames).max() <= 1
    seen[name] = fastdicom.dcmread("a.dcm").pixel_array
    print(f"RGB {name}: {seen[name].shape} {seen[name].dtype}, structure of [200, 100, 50] is {seen[name][0, 45, 40].tolist()}, pixels that differ {(seen[name] != frames).any(-1).mean():.0%}")
assert (seen["by pixels"] == frames).all() and (seen["RLE"] == frames).all()
assert (seen["by planes"].reshape(-1) == np.moveaxis(frames, -1, 1).reshape(-1)).all() and seen["by planes"][0, 45, 40].tolist() == [30, 30, 30]
assert seen["as YBR_FULL"][0, 45, 40].tolist() == [124, 86, 182]
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
