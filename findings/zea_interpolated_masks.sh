#!/usr/bin/env bash
# zea 0.1.8 (ultrasound toolbox), masks interpolated between frames: one that lies on the frame's edges is lost to 2 %, a wall becomes a disc, and all shift by half a pixel up and left.
#
# Expected: interpolate_masks (its selection tool for sequences) gives on the frames that have a mask that mask, and between two equal ones the same again, or a message.
# What happens: the mask is made an outline and painted again. An outline that ends at the frame's edge is closed by a straight line: of a region over the lower quarter (15,000 pixels)
# one row of 300 is left, of a quarter disc in a corner 477 of 1,297. A wall of 5 pixels around a cavity (548) becomes the disc (1,312). Only of several outlines there is a word ("largest
# contour"), which the ring gets, too; the others get none. A wall of three rows has four, 799 pixels for 597, a disc of radius 20 4 % more area, and each centre lies 0.4 to 0.5
# pixels further up and left: the outline's corners are painted as the centres of pixels.
# Why it matters: structures reach the edge of a sector's crop often, hearts' walls are rings, and the frames with a mask are overwritten, too: areas over a beat come from these masks.
# Seen on 30 November 2026 with zea 0.1.8, keras 3.15.1, torch 2.13.0, scikit-image 0.26.0, pillow 13.0.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile zea==0.1.8 keras==3.15.1 torch==2.13.0 scikit-image==0.26.0 pillow==13.0.0 scipy==1.17.1 numpy==2.4.6
export KERAS_BACKEND=torch HOME=$folder MPLBACKEND=agg OMP_NUM_THREADS=1
venv/bin/python - <<'PYTHON'
import importlib.metadata

import numpy as np
from scipy.ndimage import center_of_mass
from zea.tools.selection_tool import interpolate_masks

y, x = np.mgrid[:200, :300]


def disc(radius, row=100, column=150):
    return (y - row) ** 2 + (x - column) ** 2 <= radius**2


cases = {
    "disc of radius 20": disc(20), "wall of 5 around a cavity": disc(20) & ~disc(15), "wall of three rows": (abs(y - 101) <= 1) & (abs(x - 150) < 100),
    "quarter disc in a corner": disc(40, 0, 0), "lower quarter of the frame": y >= 150,
}
print("zea", importlib.metadata.version("zea"))
areas, shifts = {}, {}
for name, mask in cases.items():
    first, between, last = interpolate_masks([mask, mask], 3)
    areas[name] = int(mask.sum()), int(first.sum()), int(between.sum()), int(last.sum())
    shifts[name] = np.subtract(center_of_mass(between), center_of_mass(mask))
    print(f"{name}: {areas[name][0]} pixels; on the three frames {areas[name][1:]}; centre moved by {shifts[name][0]:+.2f}, {shifts[name][1]:+.2f}")
assert all(len(set(found[1:])) == 1 for found in areas.values())
found = {name: area[1] / area[0] for name, area in areas.items()}
assert 1.03 < found["disc of radius 20"] < 1.06 and found["wall of 5 around a cavity"] > 2.3 and found["wall of three rows"] > 1.3
assert found["quarter disc in a corner"] < 0.4 and areas["lower quarter of the frame"] == (15000, 300, 300, 300)
assert np.all(np.abs(shifts["disc of radius 20"] + 0.4) < 0.1)
print("as stated")
PYTHON
