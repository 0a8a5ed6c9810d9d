#!/usr/bin/env bash
# segmentUSD 0.1.1 (masks from outlines drawn on ultrasound in DICOM): of a picture with a yellow outline the mask is the whole frame.
#
# Expected: dicom2nrrdMask looks for a yellow outline and fills it, as its source says; without one the mask is empty, or there is an error.
# What happens: it reads pixels by pydicom, whose first channel is red, and takes that for blue. So what it finds is cyan: a cyan ellipse gives
# its inside. Of the yellow one nothing is found; of what is then a black picture, all pixels that have its largest value, 0, are the mask.
# So is it where nothing was drawn. "Found 1 figure." is printed in each case. In dicom2nrrdImage yellow gets the luminance of cyan, 179 for 226.
# Why it matters: the masks are for training. One that covers everything is valid, and so is its area; a folder of them teaches that all is lesion.
# Seen on 30 November 2026 with segmentUSD 0.1.1, pydicom 3.0.2, numpy 2.4.6, opencv-python-headless 4.13.0.92, pynrrd 1.1.3, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pydicom==3.0.2 numpy==2.4.6 opencv-python-headless==4.13.0.92 pynrrd==1.1.3
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps segmentUSD==0.1.1
cd "$folder"
venv/bin/python - <<'PYTHON'
from importlib.metadata import version

import cv2
import nrrd
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, generate_uid
from segmentUSD import UltrasoundSegmentation

print("segmentUSD", version("segmentUSD"))


def made(name: str, colour: tuple[int, int, int] | None) -> tuple[int, int, int]:
    picture = np.full((270, 300, 3), 40, np.uint8)
    if colour:
        cv2.ellipse(picture, (150, 170), (60, 40), 0, 0, 360, colour, 2)
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation, data.PlanarConfiguration = 270, 300, 3, "RGB", 0
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PixelData = picture.tobytes()
    data.save_as(name, enforce_file_format=True)
    tool = UltrasoundSegmentation(name, pixel_number=70)
    tool.dicom2nrrdImage()
    tool.dicom2nrrdMask()
    mask, grey = nrrd.read(f"{name}_new_serment.nrrd")[0], nrrd.read(f"{name}_new_image.nrrd")[0]
    print(f"{name}: {int(mask.sum())} of {mask.size} pixels are mask; the brightest is {int(grey.max())}")
    return int(mask.sum()), mask.size, int(grey.max())


inside = np.pi * 60 * 40
yellow, cyan, nothing = made("yellow", (255, 255, 0)), made("cyan", (0, 255, 255)), made("nothing", None)
print(f"inside the ellipse: {inside:.0f}")
assert yellow[0] == yellow[1] == nothing[0] == 60000 and abs(cyan[0] - inside) < 600
assert (yellow[2], cyan[2]) == (179, 226)
print("as stated")
PYTHON
