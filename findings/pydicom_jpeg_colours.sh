#!/usr/bin/env bash
# pydicom 3.0.2 with Pillow: colour JPEG in DICOM whose header and code stream disagree comes out in colours it isn't.
#
# Expected: the code stream decides, as in every viewer of JPEG: 4:2:0 is no RGB, and Adobe's segment names the transform.
# Seen (2026-11-28, Python 3.11, Pillow 11.3.0), the same picture each time, a square of 255,160,0 on grey 128:
#   - header RGB over YCbCr 4:2:0 without JFIF and Adobe segments, as some carts write it: pixel_array holds Y, Cb, Cr and
#     is taken for RGB;
#   - header YBR_FULL_422 with Adobe's segment (transform 1): Pillow has made RGB of it already, and pydicom converts RGB "from
#     YCbCr" once more.
# Why it matters: what is then taken for luma has a third of the contrast, or another one; a model sees another picture.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" install --quiet --disable-pip-version-check pydicom==3.0.2 numpy==2.3.5 pillow==11.3.0
"$folder/v/bin/python" - <<'PY'
import io

import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit, UltrasoundImageStorage, generate_uid

ADOBE_YCC = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x01"
picture = np.full((64, 64, 3), 128, np.uint8)
picture[16:48, 16:48] = 255, 160, 0
file = io.BytesIO()
Image.fromarray(picture).save(file, "JPEG", quality=95, subsampling="4:2:0")
jfif = file.getvalue()
rest = jfif[4 + int.from_bytes(jfif[4:6], "big") :]


def found(photometric: str, stream: bytes) -> list[int]:
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.Rows, data.Columns, data.SamplesPerPixel, data.PlanarConfiguration = 64, 64, 3, 0
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PhotometricInterpretation, data.PixelData = photometric, encapsulate([stream])
    written = io.BytesIO()
    data.save_as(written, enforce_file_format=True)
    written.seek(0)
    return pydicom.dcmread(written).pixel_array[32, 32].tolist()


print("pydicom", pydicom.__version__, "- the middle is 255, 160, 0")
right = found("YBR_FULL_422", jfif)
bare = found("RGB", jfif[:2] + rest)
adobe = found("YBR_FULL_422", jfif[:2] + ADOBE_YCC + rest)
print("header YBR_FULL_422, JFIF:", right)
print("header RGB, no JFIF:", bare)
print("header YBR_FULL_422, Adobe's segment:", adobe)
assert np.abs(np.array(right) - (255, 160, 0)).max() < 12
assert np.abs(np.array(bare) - (255, 160, 0)).max() > 60
assert np.abs(np.array(adobe) - (255, 160, 0)).max() > 60
print("as stated")
PY
