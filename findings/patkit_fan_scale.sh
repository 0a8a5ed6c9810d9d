#!/usr/bin/env bash
# patkit 0.22.3 and pyult 0.2.1 (tongue ultrasound of AAA, as fans): a pixel of the fan has another size than pixels per mm say, and recordings of different scales get the same picture.
#
# Expected: to_fan_2d, given pixels_per_mm, makes a fan with one pixel a mm, or `magnify` pixels a mm; or one with a scale that can be told.
# What happens: pixels_per_mm is divided by magnify without its remainder. Samples of 9.747 a mm are taken 9 at a time: what is 60 mm apart lies 65 pixels apart. With magnify=4 it is 2 for
# 2.44: 292 pixels for 240; with 10, and with any magnify above pixels_per_mm, there is no picture (division by zero). With magnify=2 recordings of 8.5 and 9.747 samples a mm get the
# same picture to the last pixel, though one is 15 % larger. Only where the quotient is whole, as with 10 and 2, the size is right. Nothing is said.
# Why it matters: AAA writes such fractions, by the depth that was set. Distances and areas on fans depend on that rounding, and differ between recordings of one speaker.
# Seen on 29 November 2026 with patkit 0.22.3, pyult 0.2.1, numpy 2.4.6, scipy 1.17.1, Python 3.11.
# Of both packages only the file of this function is loaded; the whole of them needs Qt.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target packages)
"${get[@]}" --no-deps patkit==0.22.3 pyult==0.2.1
"${get[@]}" numpy==2.4.6 scipy==1.17.1 tqdm==4.67.1
cat >run.py <<'PYTHON'
import ast
import importlib
import importlib.metadata
import math
import sys
import types

import numpy as np
from scipy import ndimage

bare = types.ModuleType("patkit")
bare.__path__ = ["packages/patkit"]
sys.modules["patkit"] = bare
patkit = importlib.import_module("patkit.interpolate_raw_uti").to_fan_2d
names = {"to_fan_2d", "ult_cart2pol", "trim_picture"}
source = ast.parse(open("packages/pyult/image.py").read())
source.body = [part for part in source.body if isinstance(part, ast.FunctionDef) and part.name in names]
found = {"np": np, "ndimage": ndimage, "math": math}
exec(compile(source, "pyult/image.py", "exec"), found)
pyult = found["to_fan_2d"]

LINES, SAMPLES, ANGLE, ZERO = 64, 842, 0.025, 213
print("patkit", importlib.metadata.version("patkit"), "- pyult", importlib.metadata.version("pyult"))


def fans(per_mm, magnify):
    """The fan, and the distance in its middle column of two arcs that are 60 mm apart."""
    lines = np.full((SAMPLES, LINES), 20.0)  # the probe lies below
    for depth in (8, 68):
        row = SAMPLES - 1 - round(depth * per_mm)
        lines[row - 8 : row + 9] = 120
    made = patkit(lines, angle=ANGLE, zero_offset=ZERO, pixels_per_mm=per_mm, num_vectors=LINES, magnify=magnify)
    assert (made == pyult(lines, ANGLE, ZERO, per_mm, LINES, magnify)).all()
    column = made[:, made.shape[1] // 2]
    places = np.flatnonzero((column > 70) & (column < 150))
    arcs = [float(part.mean()) for part in np.split(places, np.flatnonzero(np.diff(places) > 4) + 1)]
    return made, arcs[-1] - arcs[0]


seen = {}
for case in ((10.0, 1), (10.0, 2), (9.747, 1), (9.747, 2), (9.747, 4), (8.5, 2)):
    fan, seen[case] = fans(*case)
    print(f"{case[0]} samples a mm, magnify {case[1]}: 60 mm are {seen[case]:.1f} pixels, expected {60 * case[1]}")
assert abs(seen[10.0, 1] - 60) < 1 and abs(seen[10.0, 2] - 120) < 1
assert abs(seen[9.747, 1] - 60 * 9.747 / 9) < 1 and abs(seen[9.747, 4] - 60 * 9.747 / 2) < 1
flat = np.random.default_rng(0).uniform(0, 200, (SAMPLES, LINES))
one, other = (patkit(flat, angle=ANGLE, zero_offset=ZERO, pixels_per_mm=per_mm, num_vectors=LINES, magnify=2) for per_mm in (8.5, 9.747))
print("same lines at 8.5 and 9.747 a mm, magnify 2, give the same picture:", bool((one == other).all()), one.shape)
assert one.shape == other.shape and (one == other).all()
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
