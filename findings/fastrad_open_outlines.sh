#!/usr/bin/env bash
# fastrad 1.2.0 (PyRadiomics' features on torch): in 2D the outline of a mask is left open above and to the left wherever it lies on the array's edge, as after its own cropping: half the perimeter, sphericity 1.7.
#
# Expected: shape2d's Perimeter, Sphericity and MaximumDiameter don't depend on whether load_and_align has cropped image and mask to the structure; a rectangle of 60 x 100 mm has 320 mm around it.
# What happens: after crop=True, the default, the pieces of the outline on the first row and column are left out. Rectangle: 159 mm, largest diameter 100 mm for 116, sphericity 1.72
# (a circle has 1). Disc of 20 mm: 114 mm for 132, sphericity 1.10 for 0.95. Not cropped the same happens to structures that the frame cuts at the top or on the left, not at the bottom or on the right. PixelSurface and axes are right.
# No message.
# Why it matters: in ultrasound structures begin at the probe, in the first rows of a cropped picture, and roundness of lesions is read off these numbers.
# Seen on 29 November 2026 with fastrad 1.2.0 (which asks for Python 3.12 and ran in 3.11), torch 2.13.0, SimpleITK 2.5.7, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" torch==2.13.0 numpy==2.4.6 SimpleITK==2.5.7 pydicom==3.0.2 loguru==0.7.3 PyYAML==6.0.3
"${get[@]}" --no-deps --ignore-requires-python fastrad==1.2.0
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import warnings

import numpy as np
import SimpleITK as sitk

warnings.simplefilter("ignore")
import fastrad
from loguru import logger

logger.remove()
ROWS, COLUMNS, SPACING = 240, 400, (0.5, 0.5)
y, x = np.mgrid[:ROWS, :COLUMNS] * SPACING[0]
noise = np.random.default_rng(0).integers(0, 255, (ROWS, COLUMNS)).astype(np.float32)


def rectangle(top, left):
    return (y >= top) & (y < top + 60) & (x >= left) & (x < left + 100)


def image(values):
    made = sitk.GetImageFromArray(values[None])
    made.SetSpacing((*SPACING, 1.0))
    return made


def by_fastrad(mask, crop):
    sitk.WriteImage(image(noise), "image.nii.gz")
    sitk.WriteImage(image(mask.astype(np.uint8)), "mask.nii.gz")
    both = fastrad.load_and_align("image.nii.gz", "mask.nii.gz", crop=crop)
    settings = fastrad.FeatureSettings(feature_classes=["shape2d"], device="cpu", force2D=True, force2Ddimension=0)
    found = fastrad.FeatureExtractor(settings).extract(*both)
    return [round(float(found["shape2D:" + name]), 2) for name in ("Perimeter", "MaximumDiameter", "Sphericity", "PixelSurface")]


cases = {
    "rectangle within": rectangle(20, 50), "disc of 20 mm": (y - 60) ** 2 + (x - 100) ** 2 < 400, "rectangle at the top left": rectangle(0, 0),
    "rectangle at the bottom right": rectangle(60, 100),
}
print("fastrad", importlib.metadata.version("fastrad"), "- perimeter, largest diameter (mm), sphericity, area (mm2)")
seen = {}
for name, mask in cases.items():
    seen[name] = by_fastrad(mask, False), by_fastrad(mask, True)
    print(f"{name}: as it is {seen[name][0]}, cropped {seen[name][1]}")
right, halved = seen["rectangle within"][:2]
assert 318 < right[0] < 320 and 116 < right[1] < 117 and right[2] < 0.87, right
assert halved[0] < 161 and halved[1] < 100 and halved[2] > 1.7 and halved[3] == right[3] == 6000, halved
assert seen["disc of 20 mm"][1][0] < 0.9 * seen["disc of 20 mm"][0][0] and seen["disc of 20 mm"][1][2] > 1
assert seen["rectangle at the top left"][0][0] < 161 and seen["rectangle at the bottom right"][0] == right
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
