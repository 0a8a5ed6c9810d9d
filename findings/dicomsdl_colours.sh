#!/usr/bin/env bash
# dicomsdl 0.109.4 (the quick DICOM reader of many notebooks): of uncompressed colour only plain RGB comes out right.
#
# Expected: toPilImage gives the picture; or an error where the layout isn't supported.
# What happens: of YBR_FULL it makes an image of mode RGB whose red is luma. YBR_FULL_422 holds two bytes a pixel, and is read as if it held
# three: rows slip against each other. Nothing is raised for either.
# PlanarConfiguration 1 is refused, with a message about the length of the data, which is right.
# Why it matters: these three are how carts store uncompressed colour; a slipped cine still looks like speckle to a program.
# Seen on 28 November 2026 with dicomsdl 0.109.4, pydicom 3.0.2, Pillow 13.0.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check dicomsdl==0.109.4 pydicom==3.0.2 pillow==13.0.0 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PYTHON' 2>/dev/null
from importlib.metadata import version

import dicomsdl
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import convert_color_space, pixel_array
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid

FRAMES, ROWS, COLUMNS = 3, 40, 60
picture = np.zeros((FRAMES, ROWS, COLUMNS, 3), np.uint8)
picture[:, 10:30, 20:40] = 200, 100, 50
luma_chroma = convert_color_space(picture, "RGB", "YBR_FULL")
halved = np.empty((FRAMES, ROWS, COLUMNS // 2, 4), np.uint8)
halved[..., :2] = luma_chroma[..., 0].reshape(FRAMES, ROWS, COLUMNS // 2, 2)
halved[..., 2:] = luma_chroma[:, :, ::2, 1:]
STORED = {
    "RGB": ("RGB", 0, picture),
    "RGB, PlanarConfiguration 1": ("RGB", 1, picture.transpose(0, 3, 1, 2)),
    "YBR_FULL": ("YBR_FULL", 0, luma_chroma),
    "YBR_FULL_422": ("YBR_FULL_422", 0, halved),
}


def share_right(photometric, planar, pixels):
    """The share of frame 0's pixels that come out as they are, within 2 levels."""
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.NumberOfFrames, data.Rows, data.Columns, data.FrameTime = FRAMES, ROWS, COLUMNS, 40
    data.FrameIncrementPointer, data.SamplesPerPixel, data.PhotometricInterpretation = 0x00181063, 3, photometric
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PlanarConfiguration, data.PixelData = planar, np.ascontiguousarray(pixels).tobytes()
    data.save_as("a.dcm", enforce_file_format=True)
    assert np.abs(pixel_array("a.dcm").astype(int) - picture).max() <= 2
    try:
        image = dicomsdl.open("a.dcm").toPilImage(0)
    except Exception as error:
        return type(error).__name__
    assert (image.mode, image.size) == ("RGB", (COLUMNS, ROWS))
    off = np.abs(np.asarray(image).astype(int) - picture[0]).max(axis=-1)
    return round(float((off <= 2).mean()), 2)


print("dicomsdl", version("dicomsdl"), "- share of pixels that are right:")
found = {name: share_right(*stored) for name, stored in STORED.items()}
for name, said in found.items():
    print(f"  {name}: {said}")
assert list(found.values())[:2] == [1.0, "DicomException"]
assert found["YBR_FULL"] == 0.0 and found["YBR_FULL_422"] < 0.1
print("as stated")
PYTHON
