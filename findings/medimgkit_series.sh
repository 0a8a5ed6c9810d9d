#!/usr/bin/env bash
# medimgkit 0.18.1 (how Datamint takes DICOM in), assemble_dicoms: of a series of ultrasound cines the first alone is left, whole or in part; colour stored as YBR_FULL or by planes comes out in other colours.
#
# Expected: "merge the pixel data of the DICOM files and generate a new DICOM file with the combined pixel data": three cines of five frames are fifteen frames, or stay three files.
# What happens: one file whose NumberOfFrames is that of the files, three: the first three frames of the first cine. The frames of all are stacked, those beyond the third are lost when it is
# compressed (lossless JPEG-LS). Colour is converted to RGB on the way, the header keeps its YBR_FULL, so a reader converts it again: tissue of 200 is (255, 124, 255).
# Colour by planes is stacked by pixels under a header that says planes. Nothing is said. Single frames in grey and RGB are right; of YBR_FULL_422, compressed or not, the file can't be read.
# Why it matters: a scanner's series holds all cines of an examination. What is annotated and measured is a fifth of it, and names and counts look right.
# Seen on 30 November 2026 with medimgkit 0.18.1, pydicom 3.0.2, pyjpegls 1.5.1, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" medimgkit==0.18.1 pydicom==3.0.2 pyjpegls==1.5.1 numpy==2.4.6
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import logging
import warnings

import numpy as np

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
import pydicom
from medimgkit.dicom_utils import assemble_dicoms
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, UltrasoundMultiFrameImageStorage, generate_uid

ROWS, COLUMNS = 60, 80


def saved(path, number, frames, photometric, planes, series, study):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage if frames > 1 else UltrasoundImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality, data.InstanceNumber = study, series, "US", number + 1
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.Rows, data.Columns, data.PhotometricInterpretation = ROWS, COLUMNS, photometric
    if frames > 1:
        data.NumberOfFrames, data.FrameTime, data.FrameIncrementPointer = frames, 40, 0x00181063
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    grey = np.full((frames, ROWS, COLUMNS), 30, np.uint8)
    grey[:, 40:50, 20:60] = 200
    grey[:, 0] = (10 * (number * frames + np.arange(1, frames + 1)))[:, None]  # a row that counts all frames
    data.SamplesPerPixel = 1 if photometric == "MONOCHROME2" else 3
    pixels = grey
    if data.SamplesPerPixel == 3:
        data.PlanarConfiguration = planes
        others = grey if photometric == "RGB" else np.full_like(grey, 128)
        pixels = np.stack([grey, others, others], axis=1 if planes else -1)
    data.PixelData = np.ascontiguousarray(pixels).tobytes()
    data.save_as(path, enforce_file_format=True)


def assembled(frames, photometric="MONOCHROME2", planes=0):
    series, study, paths = generate_uid(), generate_uid(), ["0.dcm", "1.dcm", "2.dcm"]
    for number, path in enumerate(paths):
        saved(path, number, frames, photometric, planes, series, study)
    made = list(assemble_dicoms(paths, progress_bar=False))
    assert len(made) == 1
    made[0].save_as("made.dcm", enforce_file_format=True)
    read = pydicom.dcmread("made.dcm")
    array = read.pixel_array
    tissue = array[0, 45, 40]
    return int(read.NumberOfFrames), array[:, 0, 0].reshape(len(array), -1)[:, 0].tolist(), np.atleast_1d(tissue).tolist(), read.PhotometricInterpretation


print("medimgkit", importlib.metadata.version("medimgkit"), "- three files of a series; the first row counts frames by tens, tissue is 200")
seen = {}
for name, case in {
    "stills": (1,), "cines of five frames": (5,), "RGB stills": (1, "RGB"), "RGB cines": (5, "RGB"), "YBR_FULL stills": (1, "YBR_FULL"), "RGB stills by planes": (1, "RGB", 1),
}.items():
    seen[name] = assembled(*case)
    print(f"{name}: {seen[name][0]} frames, first rows {seen[name][1]}, tissue {seen[name][2]}, {seen[name][3]}")
assert seen["stills"][:3] == (3, [10, 20, 30], [200]) and seen["RGB stills"][:3] == (3, [10, 20, 30], [200] * 3)
assert seen["cines of five frames"][:2] == (3, [10, 20, 30]) and seen["RGB cines"][:2] == (3, [10, 20, 30])
assert seen["YBR_FULL stills"][2:] == ([255, 124, 255], "YBR_FULL")
assert seen["RGB stills by planes"][2] != [200] * 3
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
