#!/usr/bin/env bash
# zea 0.1.8 (ultrasound toolbox), LucasKanadeTracker: a bright spot in a corner moves points elsewhere by up to 70 pixels; points within 17 pixels of the frame's edge never move.
#
# Expected: points follow the tissue around them; where it stands still they stand still, whatever appears far away. What can't be followed is said.
# What happens: each of the two frames is stretched from its own darkest to its own brightest pixel first. Where nothing moves, 3 x 3 pixels of 255 in a corner (a specular echo, a
# label, a cursor) make all tissue a third darker than in the frame before, and points that should stay move by 1.9 to 73 pixels. Without them shifts of (2, 1) and (6, -4) are found to
# 0.05 pixels. With the default window of 32, points nearer than 17 pixels to an edge are given back where they were, in every frame, without a word; nothing tells them from still ones.
# Why it matters: it is made for speckle tracking: displacement and strain. Skin and near field lie in the upper rows, and brightest pixels come and go with the beat.
# Seen on 30 November 2026 with zea 0.1.8, keras 3.15.1 on jax 0.10.2, numpy 2.4.6, Python 3.11. (On torch the tracker refuses to run.)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile zea==0.1.8 keras==3.15.1 jax==0.10.2 numpy==2.4.6 scipy==1.17.1
export KERAS_BACKEND=jax ZEA_LOG_LEVEL=ERROR HOME=$folder MPLBACKEND=agg OMP_NUM_THREADS=1
venv/bin/python - <<'PYTHON'
import importlib.metadata

import numpy as np
from keras import ops
from scipy import ndimage
from zea.tracking import LucasKanadeTracker

speckle = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(400, 400)), 3)
speckle = (speckle - speckle.min()) / (speckle.max() - speckle.min()) * 160 + 10
INNER, OUTER = [(128, 128), (60, 128), (128, 60), (100, 200), (160, 90)], [(10, 128), (15, 128), (240, 128), (128, 10)]


def frame(down=0, right=0):
    return ndimage.shift(speckle, (down, right), order=3, mode="nearest")[60:316, 60:316].astype(np.float32)


def moved(name, first, second, points):
    given = np.array(points, np.float32)
    found = ops.convert_to_numpy(LucasKanadeTracker().track(*(ops.convert_to_tensor(part) for part in (first, second, given)))) - given
    print(f"{name}: {[tuple(round(float(value), 1) for value in pair) for pair in found]}")
    return found


print("zea", importlib.metadata.version("zea"))
still, spot = frame(), frame()
spot[:3, :3] = 255
for shift in ((2, 1), (6, -4)):
    assert np.abs(moved(f"moved by {shift}", still, frame(*shift), INNER) - shift).max() < 0.05
assert np.abs(moved("nothing moves", still, still, INNER)).max() == 0
lengths = np.hypot(*moved("nothing moves, a bright spot in a corner", still, spot, INNER).T)
assert lengths.max() > 20 and lengths.min() > 0.5, lengths
assert np.abs(moved("moved by (6, -4), points near an edge", still, frame(6, -4), OUTER)).max() == 0
print("as stated")
PYTHON
