#!/usr/bin/env bash
# torch-contour 1.4.5 (outlines to masks, in PyTorch): the more points an outline has, the larger is its mask: of the same ellipse 1.02 times its area with 50 points, 2.6 times with 3200; x is down in the mask, across in the features.
#
# Expected: ContourToMask draws the polygon, however many points say so, and ContourToSDF's value in its middle is the distance to the edge ("magnitude approximates the distance to the nearest
# contour vertex in normalized [0, 1] coordinate space"). Its "(x, y) coordinates" mean the same for the mask, the normals and sample_features_on_contour.
# What happens: each angle between two neighbouring points is at least 0.0045, as cosines are cut at 1 - 1e-5, and all of them are added up. From some 200 points on a rim beside the ellipse is
# mask, too: the Dice coefficient with the ellipse on 128 x 128 pixels is 0.98 with 100 points, 0.90 with 800, 0.77 with 1600 and 0.56 with 3200. The distance in its middle, 0.1, is 0.12, 0.71,
# 1.5 and 3.0. Its own area, perimeter and Hausdorff's distance are right. The mask's x counts rows, that of sample_features_on_contour columns: a network that moves an outline by both is
# shown the picture's other side. Nothing is said.
# Why it matters: an outline traced from a mask has a point per pixel: 800 to 3000 in a frame of 1080 rows. A loss or a Dice coefficient over such outlines rewards those that are too small.
# Seen on 1 December 2026 with torch-contour 1.4.5, torch 2.13.0, numba 0.68.1, scipy 1.17.1, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" torch==2.13.0 numpy==2.4.6 scipy==1.17.1 numba==0.68.1
"${get[@]}" --no-deps torch-contour==1.4.5
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import math

import torch
from torch_contour import ContourToMask, ContourToSDF, area, dice, sample_features_on_contour

torch.set_num_threads(1)
size = 128
places = torch.arange(size) / size
down, across = places[:, None], places[None]


def ellipse(points):
    """Half axes of 0.2 and 0.1 about (0.35, 0.5)."""
    turn = torch.arange(points) / points * 2 * math.pi
    return torch.stack([0.35 + 0.2 * torch.cos(turn), 0.5 + 0.1 * torch.sin(turn)], -1)[None, None]


print("torch-contour", importlib.metadata.version("torch-contour"), "- points: mask's area and polygon's by the ellipse's, Dice coefficient, distance of the middle from the edge")
inside = (((down - 0.35) / 0.2) ** 2 + ((across - 0.5) / 0.1) ** 2 < 1).float()[None, None]
seen = {}
for points in (50, 100, 200, 800, 1600, 3200):
    outline = ellipse(points)
    mask = ContourToMask(size)(outline)
    middle = ContourToSDF(size)(outline)[0, 0, 45, 64].item()
    exact = math.pi * 0.2 * 0.1
    seen[points] = mask.sum().item() / size**2 / exact, dice(mask, inside).item(), middle
    own = area(outline).item() / exact
    print(f"   {points}: {seen[points][0]:.2f}, {own:.2f}; {seen[points][1]:.2f}; {middle:.2f}")
    assert abs(own - 1) < 0.01
assert [round(seen[points][0], 1) for points in (50, 800, 1600, 3200)] == [1.0, 1.2, 1.6, 2.6]
assert [round(seen[points][1], 2) for points in (100, 800, 1600, 3200)] == [0.98, 0.90, 0.77, 0.56]
assert [round(seen[points][2], 1) for points in (50, 800, 1600, 3200)] == [0.1, 0.7, 1.5, 3.0]
rows = torch.nonzero(ContourToMask(size)(ellipse(100))[0, 0] > 0.5)
extent = (rows.amax(0) - rows.amin(0) + 1).tolist()
where = torch.stack([down.expand(size, size), across.expand(size, size)])[None]
found = sample_features_on_contour(where, ellipse(100))[0, 0, 0].tolist()
print(f"0.4 in x and 0.2 in y: mask of {extent[0]} rows and {extent[1]} columns; features at x = 0.55, y = 0.5: those of row {found[0]:.2f}, column {found[1]:.2f}")
assert extent == [51, 25] and [round(value, 2) for value in found] == [0.5, 0.55]
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
