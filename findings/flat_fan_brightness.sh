#!/usr/bin/env bash
# ultrasound-processing-package 0.1.0 (2025, unrolls convex images): even tissue of 100 comes out as 100 to 200, in stripes along its lines.
#
# Expected: transform_curved_to_flat lays a convex picture out by angle and depth, a row per mm, with brightness interpolated: tissue of 100 everywhere is 100 everywhere.
# What happens: of the four weights of its interpolation two are left out, so a value is multiplied by one plus the fraction of a column at which it's read: 100, 125, 150,
# 175, up to 200, and is NaN where a column is met exactly. A picture of 60 everywhere gives 60 to 120. Shapes and depths are right.
# Why it matters: echo intensity (mean grey of muscle) is what such pictures are flattened for. A third of the mean's brightness and all of its deviation are made by this step.
# Seen on 30 November 2026 with ultrasound-processing-package 0.1.0, numpy 2.4.6, scipy 1.17.1, Pillow 12.3.0, opencv-python-headless 5.0.0.93, matplotlib 3.11.1, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile numpy==2.4.6 scipy==1.17.1 pillow==12.3.0 opencv-python-headless==5.0.0.93 matplotlib==3.11.1
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile --no-deps ultrasound-processing-package==0.1.0
cd "$folder"
cat >run.py <<'PYTHON'
import contextlib
import importlib.metadata
import io
import warnings

import numpy as np
from PIL import Image

warnings.simplefilter("ignore")
from ultrasound_processing_package.curved_transform import transform_curved_to_flat, trilinear_interpolation

ROWS, COLUMNS, APEX, CM = 460, 620, 306, 40
y, x = np.mgrid[:ROWS, :COLUMNS]
depth, angle = np.hypot(x - APEX, y), np.degrees(np.arctan2(x - APEX, y))
inside = (depth >= 150) & (depth < 400) & (abs(angle) <= 42)


def flattened(value):
    """A convex picture of one brightness with a mark per cm along its top and its left side."""
    picture = np.where(inside, value, 0).astype(np.uint8)
    picture[:4, ::CM] = picture[::CM, :4] = 50
    Image.fromarray(picture).save("picture.png")
    with contextlib.redirect_stdout(io.StringIO()):
        return transform_curved_to_flat("picture.png")


print("ultrasound-processing-package", importlib.metadata.version("ultrasound-processing-package"))
for value in (100, 60):
    tissue = flattened(value)[10:55, 10:74]  # well within the fan: 45 mm of depth, 64 degrees
    seen = tissue[np.isfinite(tissue)]
    print(f"tissue of {value}: {seen.min():.0f} to {seen.max():.0f}, mean {seen.mean():.0f}, deviation {seen.std():.0f}; not a number: {(~np.isfinite(tissue)).sum()} of {tissue.size}")
    assert value - 1 <= seen.min() < 1.1 * value and 1.9 * value < seen.max() <= 2 * value + 1 and 1.4 * value < seen.mean() < 1.6 * value
even = np.full((20, 20), 100.0)
at = {part: round(float(trilinear_interpolation(np.array([[5 + part]]), np.array([[5.3]]), even)[0, 0]), 1) for part in (0.25, 0.5, 0.75)}
print("the interpolation of an even 100, by the fraction of a column:", at)
assert at == {0.25: 125, 0.5: 150, 0.75: 175}
print("as stated")
PYTHON
"$folder/venv/bin/python" -s run.py
