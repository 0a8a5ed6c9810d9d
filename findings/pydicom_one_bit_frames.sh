#!/usr/bin/env bash
# One expects: the frames of a BINARY DICOM SEG can be read one by one with pydicom, as those of any multi-frame file (`iter_pixels`, `pixel_array(index=N)`).
# What happens: where rows times columns is no multiple of 8, so that frames begin in the middle of a byte as PS3.5 8.1.1 has them, both raise a ValueError
# about a reshape; reading all frames at once is right. For frames of whole bytes all three agree.
# Why it matters: ultrasound frames have any size; code that goes through a long cine's SEG a frame at a time to spare memory works on 640 x 480 and
# fails on the next machine's. Read all frames, or unpack the bits of a frame oneself.
# Seen on 28 November 2026 with pydicom 3.0.2, numpy 2.4.6, Python 3.11.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pydicom==3.0.2 numpy==2.4.6
cd "$work"
venv/bin/python - <<'PY'
import sys

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import iter_pixels, pack_bits, pixel_array
from pydicom.uid import ExplicitVRLittleEndian, SegmentationStorage, generate_uid


def save(path, frames):
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = SegmentationStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid()
    data.NumberOfFrames, data.Rows, data.Columns = frames.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 1
    data.HighBit = data.PixelRepresentation = 0
    data.PixelData = pack_bits(frames.ravel())
    data["PixelData"].VR = "OB"
    data.save_as(path, enforce_file_format=True)


def outcome(read, frames):
    try:
        return "right" if np.array_equal(np.array(read()), frames) else "wrong pixels"
    except ValueError as error:
        return f"ValueError: {error}"


print("pydicom", pydicom.__version__)
found = {}
for rows, columns in ((16, 16), (13, 11)):
    frames = (np.random.default_rng(1).random((3, rows, columns)) > 0.5).astype(np.uint8)
    save("a.dcm", frames)
    found[rows, columns] = [
        outcome(lambda: pixel_array("a.dcm"), frames),
        outcome(lambda: list(iter_pixels("a.dcm")), frames),
        outcome(lambda: pixel_array("a.dcm", index=1), frames[1]),
    ]
    for name, said in zip(("all at once", "iter_pixels", "index=1"), found[rows, columns], strict=True):
        print(f"{rows} x {columns}, {name}: {said}")
whole, split = found[16, 16], found[13, 11]
seen = whole == ["right"] * 3 and split[0] == "right" and all(said.startswith("ValueError") for said in split[1:])
sys.exit(not seen)
PY
