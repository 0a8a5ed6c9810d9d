#!/usr/bin/env bash
# MELAGE 2.2.0 (2026, segments medical images and ultrasound loops by SAM 2): of a DICOM file in a folder with others another one is opened; its pixels, frames and millimetres.
#
# Expected: melage.load("b.dcm") opens b.dcm.
# What happens: the name gives the folder alone; of the series in it the first is opened, by the order of their identifiers, whichever file was named. A folder with three cines, as a scanner
# exports an examination (a series each), gives the same cine three times, with its 0.5 x 0.2 mm for 0.1 x 0.1. Three stills of one
# series are one volume of three slices for each of the names. Nothing is said. Alone in a folder each file is opened as it is.
# Why it matters: views are measured, segmented and tracked under the wrong name, at a wrong scale. A loop over a study's files segments one cine over and over.
# Seen on 30 November 2026 with melage 2.2.0, SimpleITK 2.5.7, pydicom 3.0.2, nibabel 5.4.2, numpy 2.4.6, Python 3.11. imageio has a like fault (imageio_dicom_other_file.sh).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile melage==2.2.0 SimpleITK==2.5.7 pydicom==3.0.2 nibabel==5.4.2 numpy==2.4.6
export QT_QPA_PLATFORM=offscreen MPLBACKEND=agg HOME=$folder OMP_NUM_THREADS=1
venv/bin/python - 2>/dev/null <<'PYTHON'
import importlib.metadata
from pathlib import Path

import melage
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, UltrasoundMultiFrameImageStorage, generate_uid

ROWS, COLUMNS = 60, 80


def saved(path, grey, frames, spacing, series, number):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage if frames > 1 else UltrasoundImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality, data.InstanceNumber = STUDY, series, "US", number
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.Rows, data.Columns, data.PhotometricInterpretation, data.SamplesPerPixel = ROWS, COLUMNS, "MONOCHROME2", 1
    if frames > 1:
        data.NumberOfFrames, data.FrameTime, data.FrameIncrementPointer = frames, 40, 0x00181063
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation, data.PixelSpacing = 8, 8, 7, 0, list(spacing)
    pixels = np.full((frames, ROWS, COLUMNS), 10, np.uint8)
    pixels[:, 20:40, 20:60] = grey
    data.PixelData = pixels.tobytes()
    path.parent.mkdir(exist_ok=True)
    data.save_as(path, enforce_file_format=True)


def opened(path):
    volume = melage.load(str(path.resolve()))
    seen = volume.shape, tuple(round(float(value), 2) for value in volume.spacing), int(np.asarray(volume.data).max())
    print(f"{path}: {seen[0]}, spacing {seen[1]}, brightest {seen[2]}")
    return seen


STUDY = generate_uid()
print("melage", importlib.metadata.version("melage"))
cines = {"a": (100, 4, (0.5, 0.2)), "b": (150, 5, (0.1, 0.1)), "c": (200, 6, (0.3, 0.3))}
alone, together, stills = {}, {}, {}
for number, (name, (grey, frames, spacing)) in enumerate(cines.items(), 1):
    series = f"1.2.826.0.1.3680043.8.498.{number}"
    saved(Path(f"only_{name}/{name}.dcm"), grey, frames, spacing, series, 1)
    saved(Path(f"study/{name}.dcm"), grey, frames, spacing, series, 1)
    saved(Path(f"stills/{name}.dcm"), grey, 1, (0.2, 0.2), "1.2.826.0.1.3680043.8.498.9", number)
for name, (grey, frames, spacing) in cines.items():
    alone[name], together[name], stills[name] = (opened(Path(f"{kind}/{name}.dcm")) for kind in (f"only_{name}", "study", "stills"))
    assert alone[name] == ((frames, ROWS, COLUMNS), (1.0, *spacing), grey)
assert together["a"] == together["b"] == together["c"] and together["a"] in alone.values()
assert stills["a"] == stills["b"] == stills["c"] == ((3, ROWS, COLUMNS), (1.0, 0.2, 0.2), 200)
print("as stated")
PYTHON
