#!/usr/bin/env bash
# pydcm 0.5.0 (2026, a DICOM toolkit), clean_pixel_data: once a name is blacked out of uncompressed YBR_FULL or YBR_FULL_422, the whole picture has other colours.
#
# Expected: the given rectangle is black in every frame, "pixel quality never degrades": all other pixels are as they were.
# What happens: the rectangle is black in all frames; all other pixels have been converted to RGB, while PhotometricInterpretation says YBR_FULL (of YBR_FULL_422, too). Every reader
# converts them once more, pydcm's own as well: tissue of 200 is (255, 124, 255), and dark is green. Nothing is said. Grey, RGB by pixels and by planes, and JPEG are right. So is pydcm.decode of the source.
# Why it matters: scanners store B-mode with a colour bar as YBR_FULL_422, and what is de-identified is what leaves the hospital; the originals often don't come along.
# Seen on 30 November 2026 with pydcm 0.5.0, pydicom 3.0.2, numpy 2.4.6, Python 3.12.
# Needs Python 3.12 or later: PYTHON=python3.12 takes another than python3.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON:-python3}
"$python" -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" pydcm==0.5.0 pydicom==3.0.2 numpy==2.4.6
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import io

import numpy as np
import pydcm
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid

ROWS, COLUMNS, FRAMES = 60, 80, 3
grey = np.full((FRAMES, ROWS, COLUMNS), 30, np.uint8)
grey[:, 40:50, 20:60] = 200  # tissue
grey[:, 2:8, 12:38] = 255  # a name


def saved(photometric, planes=0):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.Rows, data.Columns, data.NumberOfFrames, data.FrameTime = ROWS, COLUMNS, FRAMES, 40
    data.FrameIncrementPointer, data.PhotometricInterpretation = 0x00181063, photometric
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.SamplesPerPixel, pixels = 1 if photometric == "MONOCHROME2" else 3, grey
    half = np.full_like(grey, 128)
    if data.SamplesPerPixel == 3:
        data.PlanarConfiguration = planes
        if photometric == "YBR_FULL_422":
            pixels = np.stack([grey[..., ::2], grey[..., 1::2], half[..., ::2], half[..., ::2]], axis=-1)
        else:
            others = grey if photometric == "RGB" else half
            pixels = np.stack([grey, others, others], axis=1 if planes else -1)
    data.PixelData = np.ascontiguousarray(pixels).tobytes()
    data.save_as("us.dcm", enforce_file_format=True)


def cleaned(*case):
    """What the header says, tissue in each reader, and whether the name is gone from all frames."""
    saved(*case)
    with open("us.dcm", "rb") as file:
        made = pydcm.clean_pixel_data(file.read(), regions=[(10, 0, 30, 10)], use_ctp=False)
    with open("made.dcm", "wb") as file:
        file.write(made)
    read = pydicom.dcmread(io.BytesIO(made))
    by_pydicom, by_pydcm, before = read.pixel_array, np.asarray(pydcm.decode("made.dcm")), np.asarray(pydcm.decode("us.dcm"))
    assert np.atleast_1d(before[0, 45, 40]).tolist() in ([200], [200] * 3)
    return read.PhotometricInterpretation, np.atleast_1d(by_pydicom[0, 45, 40]).tolist(), np.atleast_1d(by_pydcm[0, 45, 40]).tolist(), not by_pydicom[:, :10, 10:40].any()


print("pydcm", importlib.metadata.version("pydcm"), "- header, tissue of 200 by pydicom and by pydcm, and whether the name is gone")
seen = {}
for name, case in {"grey": ("MONOCHROME2",), "RGB": ("RGB",), "RGB by planes": ("RGB", 1), "YBR_FULL": ("YBR_FULL",), "YBR_FULL_422": ("YBR_FULL_422",)}.items():
    seen[name] = cleaned(*case)
    print(f"{name}: {seen[name]}")
assert seen["grey"] == ("MONOCHROME2", [200], [200], True)
assert seen["RGB"] == seen["RGB by planes"] == ("RGB", [200] * 3, [200] * 3, True)
for name in ("YBR_FULL", "YBR_FULL_422"):
    header, *tissues, gone = seen[name]
    assert header == "YBR_FULL" and gone and all(red > 250 and green < 130 and blue > 250 for red, green, blue in tissues), seen[name]
print("as stated")
PYTHON
PYTHONPATH=$folder/packages "$python" -s run.py
