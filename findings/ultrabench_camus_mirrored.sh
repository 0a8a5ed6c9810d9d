#!/usr/bin/env bash
# ultrabench 1.0.1 (prepares public ultrasound data sets for benchmarks): every frame and mask of CAMUS comes out mirrored.
#
# Expected: extract_images_and_masks, the step of "ultrabench camus" that turns sequences in NIfTI into PNG, writes the picture as readers of NIfTI
# and MetaImage show it, the first index going across and the second down (rows and columns of SimpleITK).
# What happens: the array of nibabel, (across, down), is turned by a quarter turn clockwise ("rotate the image 90 degrees clockwise") and not transposed. A
# bright spot at column 5, row 3 of 24 x 36 is at column 18, row 3. Masks, and masks of the sector, are mirrored alike, so that nothing looks
# wrong on an overlay. Nothing is said of it.
# Why it matters: which side is the septum in an apical view is anatomy; what is learnt or measured on these pictures doesn't hold for the recordings
# themselves, whose masks have a Dice of 0 with the same patient's PNG where a structure lies on one side.
# Seen on 29 November 2026 with ultrabench 1.0.1, nibabel 5.4.2, SimpleITK 2.5.7, scikit-image 0.26.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip=("$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check)
"${pip[@]}" numpy==2.4.6 nibabel==5.4.2 SimpleITK==2.5.7 scikit-image==0.26.0 pandas==3.1.1 scikit-learn==1.7.2 typer==0.29.2 PyYAML==6.0.4 \
    h5py==3.16.0 imageio==2.38.1 opencv-python-headless==4.13.0.92
"${pip[@]}" --no-deps ultrabench==1.0.1
cd "$folder"
venv/bin/python -W ignore - 2>errors <<'PYTHON' || { tail -3 errors; exit 1; }
import importlib.metadata
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from PIL import Image
from ultrabench.datasets.camus import extract_images_and_masks

WIDTH, HEIGHT, FRAMES = 24, 36, 3
frames = np.full((FRAMES, HEIGHT, WIDTH), 40, np.uint8)
frames[:, 3, 5] = 255
masks = np.zeros_like(frames)
masks[:, 10:20, 2:8] = 1
patient = Path("raw/database_nifti/patient0001")
patient.mkdir(parents=True)
for name, array in (("patient0001_2CH_half_sequence", frames), ("patient0001_2CH_half_sequence_gt", masks)):
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((0.308, 0.154, 1.54))
    sitk.WriteImage(image, str(patient / f"{name}.nii.gz"))
extract_images_and_masks("raw", "out")
[picture], [mask] = (
    [np.array(Image.open(one)) for one in Path("out", where).glob("*frame1.png")] for where in ("images", "masks/structures")
)
read = sitk.GetArrayFromImage(sitk.ReadImage(str(patient / "patient0001_2CH_half_sequence.nii.gz")))[0]
print("ultrabench", importlib.metadata.version("ultrabench"), "- picture of", picture.shape[::-1])
spots = [tuple(int(one) for one in np.argwhere(one == 255)[0][::-1]) for one in (read, picture)]
dice = 2 * (mask.astype(bool) & masks[0].astype(bool)).sum() / (mask.sum() + masks[0].sum())
mirrored = (picture == read[:, ::-1]).all() and (mask == masks[0][:, ::-1]).all()
print(f"the spot at column and row {spots[0]} of the file is at {spots[1]}; Dice of the mask with itself {dice:.2f}; mirrored: {mirrored}")
raise SystemExit(0 if mirrored and spots == [(5, 3), (18, 3)] and dice == 0 else "ultrabench does otherwise now")
PYTHON
