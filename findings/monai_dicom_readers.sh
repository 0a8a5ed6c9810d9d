#!/usr/bin/env bash
# MONAI 1.6.1: what LoadImage makes of an ultrasound DICOM depends on whether ITK happens to be installed: other axes, other millimetres.
#
# Expected: LoadImage(ensure_channel_first=True) gives a grey cine as (1, columns, rows, frames), as MONAI gives volumes, with the
# file's PixelSpacing; PydicomReader and ITKReader, between which it picks by itself, agree.
# What happens: with itk it is (1, columns, rows, frames) and the spacing is the file's. Without, PydicomReader swaps the first two
# axes of (frames, rows, columns), as if they were rows and columns: (1, rows, frames, columns). PixelSpacing is used only beside
# ImagePositionPatient and ImageOrientationPatient, which a 2D ultrasound image doesn't have; pixdim is 1. Nothing is raised or logged,
# and Spacing(pixdim=0.5) then interpolates rows with frames, by a spacing of 1.
# Why it matters: a pipeline that is right on one machine trains on mixed frames on the next, and its areas are in pixels, said to be mm.
# Seen on 28 November 2026 with monai 1.6.1, pydicom 3.0.2, torch 2.13.0, itk-io 5.4.7, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check monai==1.6.1 pydicom==3.0.2 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --target "$folder/itk" --no-deps itk-core==5.4.7 itk-io==5.4.7
cat >"$folder/look.py" <<'PYTHON'
import json
import sys
import warnings

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid

warnings.simplefilter("ignore")
from monai.transforms import LoadImage, Spacing  # noqa: E402

FRAMES, ROWS, COLUMNS = 5, 40, 60
data = Dataset()
data.file_meta = FileMetaDataset()
data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
data.NumberOfFrames, data.Rows, data.Columns, data.FrameTime, data.PixelSpacing = FRAMES, ROWS, COLUMNS, 40, [0.3, 0.2]
data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
data.BitsAllocated, data.BitsStored, data.HighBit, data.FrameIncrementPointer = 8, 8, 7, 0x00181063
frames = np.broadcast_to(np.arange(FRAMES, dtype=np.uint8)[:, None, None] * 50, (FRAMES, ROWS, COLUMNS))
data.PixelData = frames.tobytes()
data.save_as(sys.argv[1], enforce_file_format=True)

read = LoadImage(image_only=True, ensure_channel_first=True)(sys.argv[1])
found = {"shape": list(read.shape), "pixdim": [round(float(one), 3) for one in read.pixdim]}
found["at 0.5"] = list(Spacing(pixdim=(0.5, 0.5, 0.5))(read).shape)
json.dump(found, open(sys.argv[2], "w"))
PYTHON
cd "$folder"
venv/bin/python look.py a.dcm without.json 2>/dev/null
PYTHONPATH="$folder/itk" venv/bin/python look.py b.dcm with.json 2>/dev/null
venv/bin/python - <<'PYTHON'
import json

with_itk, without = json.load(open("with.json")), json.load(open("without.json"))
print("5 frames of 40 rows and 60 columns, PixelSpacing 0.3\\0.2")
print("  itk installed:    ", with_itk)
print("  itk not installed:", without)
assert with_itk["shape"] == [1, 60, 40, 5] and with_itk["pixdim"] == [0.2, 0.3, 1.0], with_itk
assert without["shape"] == [1, 40, 5, 60] and without["pixdim"] == [1.0, 1.0, 1.0], without
assert without["at 0.5"] == [1, 79, 9, 119], without
print("as stated")
PYTHON
