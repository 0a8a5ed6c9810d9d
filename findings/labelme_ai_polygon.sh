#!/usr/bin/env bash
# labelme 6.3.1 (its AI tools, by SAM 2 and others): a polygon made of a mask lies a pixel further down and right; a ring becomes a disc.
#
# Expected: the polygon that takes the place of a mask ("AI-Polygon", and text prompts) encloses that mask, up to the simplification.
# What happens: the mask is padded by a pixel before its outline is taken, and the pixel isn't taken off again: the outline's centre is a pixel
# further down and right, whatever the size, and is clipped where it leaves the frame. Drawn by labelme itself a wall of 3 pixels has a Dice of
# 0.66 with its mask, one of 9 pixels 0.89, a disc of radius 10 0.94. Of outlines the longest is kept: a ring of 8 pixels comes out as a disc
# of eight times its area, of two parts one is gone. The same answer kept as a mask is right.
# Why it matters: a myocardium or a vessel's wall is a thin ring, millimetres are measured between edges, and everything lies aside the same way,
# so that no average helps.
# Seen on 29 November 2026 with labelme 6.3.1, scikit-image 0.26.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check labelme==6.3.1 scikit-image==0.26.0 numpy==2.4.6
cd "$folder"
HOME=$folder QT_QPA_PLATFORM=offscreen venv/bin/python -W ignore - 2>errors <<'PYTHON' || { tail -3 errors; exit 1; }
from importlib.metadata import version

import numpy as np
from labelme._automation._shape_builders import Detection, shapes_from_detections
from labelme.utils import shape_to_mask

HEIGHT, WIDTH = 480, 640
y, x = np.mgrid[:HEIGHT, :WIDTH]
ring = np.abs(np.hypot(y - 240, x - 320) - 120) <= 4
masks = {
    "disc of radius 10": np.hypot(y - 240, x - 320) <= 10,
    "disc of radius 100": np.hypot(y - 240, x - 320) <= 100,
    "wall of 3 pixels": (np.abs(y - 100) <= 1) & (np.abs(x - 300) <= 150),
    "wall of 9 pixels": (np.abs(y - 100) <= 4) & (np.abs(x - 300) <= 150),
    "ring of 8 pixels": ring,
}
print("labelme", version("labelme"))
found = {}
for name, mask in masks.items():
    (shape,) = shapes_from_detections([Detection(mask=mask)], "polygon")
    corners = np.array([[point.x(), point.y()] for point in shape.points])
    drawn = shape_to_mask(mask.shape, corners.tolist(), "polygon")
    aside = (corners.min(0) + corners.max(0)) / 2 - (np.argwhere(mask).min(0) + np.argwhere(mask).max(0))[::-1] / 2
    dice = 2 * (drawn & mask).sum() / (drawn.sum() + mask.sum())
    print(f"{name}: polygon {aside[0]:.1f} further right, {aside[1]:.1f} down; Dice as drawn {dice:.3f}, {drawn.sum()} pixels of {mask.sum()}")
    found[name] = (*aside.round(1).tolist(), round(float(dice), 2), float(drawn.sum() / mask.sum()))
as_described = (
    all(0.7 <= right <= 1.3 and 0.7 <= down <= 1.3 for right, down, _, _ in found.values())
    and found["wall of 3 pixels"][2] < 0.7 and 0.9 < found["disc of radius 10"][2] < 0.95
    and found["disc of radius 100"][2] > 0.98 and found["ring of 8 pixels"][3] > 7
)
raise SystemExit(0 if as_described else "labelme does otherwise now")
PYTHON
