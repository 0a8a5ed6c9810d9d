#!/usr/bin/env bash
# TorchIO 1.2.1: a cine in NIfTI that is only read and saved has lost its times, and its frames are components of one picture.
#
# Expected: a file of 36 x 24 x 1 x 6 with pixdim 0.2 x 0.5 x 1 mm and 40 ms comes out as it went in: TorchIO takes the fourth axis for channels
# while it works, and its reading and saving are inverse.
# What happens: the file that is saved is 36 x 24 x 1 x 1 x 6, a "vector" in NIfTI's terms (dim 5), with pixdim 0 for the fourth axis and the unit "sec" in
# place of "msec". nibabel gives five axes, SimpleITK a single 2D picture of six components per pixel, without a time. Millimetres
# are kept. Nothing is raised or warned of. A transform in between (Resample) makes no difference.
# Why it matters: augmented or resampled cines go on to tools that count frames along the fourth axis: each has one frame, with six
# colours, and a heart rate can't be had from it any more.
# Seen on 29 November 2026 with torchio 1.2.1, torch 2.13.0, nibabel 5.4.2, SimpleITK 2.5.7, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torchio==1.2.1 torch==2.13.0 nibabel==5.4.2 SimpleITK==2.5.7 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
from importlib.metadata import version

import nibabel
import numpy as np
import SimpleITK
import torchio

cine = nibabel.Nifti1Image(np.arange(36 * 24 * 6, dtype=np.uint8).reshape(36, 24, 1, 6), np.diag([0.2, 0.5, 1, 1]))
cine.header.set_zooms((0.2, 0.5, 1, 40))
cine.header.set_xyzt_units("mm", "msec")
nibabel.save(cine, "in.nii")
torchio.ScalarImage("in.nii").save("out.nii")
torchio.Resample(0.25)(torchio.ScalarImage("in.nii")).save("resampled.nii")
found = {}
for name in ("in.nii", "out.nii", "resampled.nii"):
    header, image = nibabel.load(name).header, SimpleITK.ReadImage(name)
    zooms = [round(float(zoom), 3) for zoom in header.get_zooms()]
    found[name] = header.get_data_shape(), zooms[3], header.get_xyzt_units()[1], image.GetDimension(), image.GetNumberOfComponentsPerPixel()
    print(f"{name}: {header.get_data_shape()}, pixdim {zooms}, {header.get_xyzt_units()}; SimpleITK: {image.GetSize()}, {image.GetNumberOfComponentsPerPixel()} components")
print("torchio", version("torchio"))
assert found["in.nii"] == ((36, 24, 1, 6), 40, "msec", 4, 1)
assert found["out.nii"] == ((36, 24, 1, 1, 6), 0, "sec", 2, 6)
assert found["resampled.nii"][0] == (28, 48, 1, 1, 6) and found["resampled.nii"][1:] == found["out.nii"][1:]
print("as stated")
PYTHON
