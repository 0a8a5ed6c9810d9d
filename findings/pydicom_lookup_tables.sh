#!/usr/bin/env bash
# pydicom 3.0.2: lookup tables of DICOM files, applied by its own functions, give other values than the file's, without a word.
#
# Expected: apply_color_lut and apply_voi answer with the table's entries (PS3.3 C.7.6.3.1.5, C.11.2; PS3.5 7.3).
# Seen (2026-11-28, Python 3.11, numpy 2.3.5):
#   - a palette of a big endian file is read with its bytes swapped: 200 * 100 becomes 8270;
#   - into a table with entries of 8 bits an index is kept in 8 bits: stored value 300 gets the entry of 44. The same in a
#     VOI LUT that maps 12 bits to 8, a common one: 300 gets 2 in place of 18.
# Why it matters: colour-mapped and old ultrasound (PALETTE COLOR, big endian) becomes noise that still looks like a picture.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/pip" install --quiet --disable-pip-version-check pydicom==3.0.2 numpy==2.3.5
"$folder/v/bin/python" - <<'PY'
import io

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import apply_color_lut
from pydicom.pixels.processing import apply_voi
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, UltrasoundImageStorage, generate_uid


def as_read(data: Dataset, syntax: str) -> Dataset:
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = syntax
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.PixelRepresentation = 0
    file = io.BytesIO()
    data.save_as(file, implicit_vr=False, little_endian=syntax != ExplicitVRBigEndian, enforce_file_format=True)
    file.seek(0)
    return pydicom.dcmread(file)


def palette(count: int, bits: int, entries: bytes) -> Dataset:
    data = Dataset()
    for colour in ("Red", "Green", "Blue"):
        setattr(data, f"{colour}PaletteColorLookupTableDescriptor", [count, 0, bits])
        setattr(data, f"{colour}PaletteColorLookupTableData", entries)
    return data


print("pydicom", pydicom.__version__)
found: dict[str, int] = {}
for name, order, syntax in (("little", "<", ExplicitVRLittleEndian), ("big", ">", ExplicitVRBigEndian)):
    data = as_read(palette(256, 16, (np.arange(256) * 100).astype(f"{order}u2").tobytes()), syntax)
    found[name] = int(apply_color_lut(np.array([200], np.uint8), data)[0, 0])
    print(f"palette, {name} endian: entry 200 is 20000; found {found[name]}")
data = as_read(palette(1000, 8, (np.arange(1000) // 4).astype(np.uint8).tobytes()), ExplicitVRLittleEndian)
found["byte"] = int(apply_color_lut(np.array([300], np.uint16), data)[0, 0])
print("palette of 1000 entries of 8 bits: entry 300 is 75; found", found["byte"])
table, data = Dataset(), Dataset()
table.LUTDescriptor, table.LUTData = [4096, 0, 8], (np.arange(4096) // 16).astype("<u2").tobytes()
data.VOILUTSequence = [table]
found["voi"] = int(apply_voi(np.array([300], np.int32), as_read(data, ExplicitVRLittleEndian))[0])
print("VOI LUT of 4096 entries of 8 bits: entry 300 is 18; found", found["voi"])
assert (found["little"], found["big"], found["byte"], found["voi"]) == (20000, 8270, 11, 2)
print("as stated")
PY
