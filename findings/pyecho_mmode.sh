#!/usr/bin/env bash
# devconheart-pyecho 2024.7.16 (echocardiograms in DICOM): the M-mode of a valid file is empty, or a strip, depending on where its reference pixel lies.
#
# Expected: get_mmode_img gives the M-mode region, whose corners the file states: 30 rows of 50 columns, 40 to 89.
# What happens: the region is cut off at ReferencePixelX0, which is where the scales begin (time 0) and no edge of the picture: 29 x 0 pixels with the
# reference pixel at 0, 29 x 9 with 49, 29 x 49 where the file states none. An empty array is what it gives where a file has no M-mode at all, and
# view_mmode then raises "No M-mode found". The last row and column are left out each time. Nothing else is said.
# Why it matters: scanners put the reference pixel at the left or right end of the strip; diameters over a heart beat are then measured in a part of it, or
# the file is sorted out as one without M-mode.
# Seen on 29 November 2026 with devconheart-pyecho 2024.7.16, pydicom 3.0.2, numpy 2.4.6, opencv-python 5.0.0.93, Pillow 13.0.0, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check devconheart-pyecho==2024.7.16 pydicom==3.0.2 numpy==2.4.6 opencv-python==5.0.0.93 Pillow==13.0.0 \
    matplotlib==3.11.2
MPLBACKEND=agg venv/bin/python - <<'PYTHON'
import io
from importlib.metadata import version

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit, UltrasoundImageStorage, generate_uid
from pyecho.echo_io import read_echo


def region(left: int, top: int, right: int, bottom: int, kind: int, across: int) -> Dataset:
    made = Dataset()
    made.RegionSpatialFormat, made.RegionDataType, made.RegionFlags = kind, 1, 0
    made.RegionLocationMinX0, made.RegionLocationMinY0, made.RegionLocationMaxX1, made.RegionLocationMaxY1 = left, top, right, bottom
    made.PhysicalUnitsXDirection, made.PhysicalUnitsYDirection = across, 3
    made.PhysicalDeltaX, made.PhysicalDeltaY = 0.02, 0.05
    return made


def still(reference: int | None) -> str:
    tissue, motion = region(0, 0, 39, 59, 1, 3), region(40, 20, 89, 49, 2, 4)
    if reference is not None:
        motion.ReferencePixelX0, motion.ReferencePixelY0 = reference, 0
        motion.ReferencePixelPhysicalValueX = motion.ReferencePixelPhysicalValueY = 0.0
    pixels, data, stream = np.full((60, 100, 3), 90, np.uint8), Dataset(), io.BytesIO()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.Rows, data.Columns, data.SamplesPerPixel, data.PlanarConfiguration = 60, 100, 3, 0
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PhotometricInterpretation, data.SequenceOfUltrasoundRegions = "YBR_FULL_422", [tissue, motion]
    Image.fromarray(pixels).save(stream, "JPEG", subsampling="4:2:2")
    data.PixelData = encapsulate([stream.getvalue()])
    data["PixelData"].VR = "OB"
    data.save_as("a.dcm", enforce_file_format=True)
    return "a.dcm"


print("devconheart-pyecho", version("devconheart-pyecho"))
shapes = {reference: read_echo(still(reference)).get_mmode_img().shape for reference in (0, 49, None)}
print("M-mode of 30 x 50 pixels, by its reference pixel:", shapes)
assert shapes == {0: (29, 0), 49: (29, 9), None: (29, 49)}
print("as stated")
PYTHON
