#!/usr/bin/env bash
# nyxus 0.11.0 (features of masks for radiomics): a disc of 160 pixels has a diameter "of equal area" of 25,596 and lies in a circle of 884.
#
# Expected: of a disc 160 pixels across and an ellipse of 240 x 30 at 30 degrees: the diameter of a disc of the same area is 160 and 85, the radius
# (mean distance of pixels from the outline or centre) is below 80 and 120, the longest chord 160 and 240, the Euler number 1.
# What happens: DIAMETER_EQUAL_AREA is area times 4 / pi, without the root. ROI_RADIUS_MEAN and MAX are 1,028 and 6,217 (squares of distances).
# DIAMETER_MIN_ENCLOSING_CIRCLE of the disc is 884, of ellipses right. MAXCHORDS_MAX of the ellipse is 106. EULER_NUMBER is -1 of both.
# Areas, axes, Feret's diameters, orientation and centroids are right.
# Why it matters: such features go into a table of a hundred columns that classifiers of lesions learn from, and nobody looks at each.
# Seen on 29 November 2026 with nyxus 0.11.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check nyxus==0.11.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - 2>errors <<'PYTHON' || { tail -3 errors; exit 1; }
from importlib.metadata import version

import numpy as np
from nyxus import Nyxus

y, x = np.mgrid[:400, :400]
angle = np.deg2rad(30)
right, down = x - 200.3, y - 180.7
along, across = right * np.cos(angle) + down * np.sin(angle), down * np.cos(angle) - right * np.sin(angle)
shapes = {"disc": np.hypot(right, down) <= 80, "ellipse": (along / 120) ** 2 + (across / 15) ** 2 <= 1}
KINDS = [
    "AREA_PIXELS_COUNT", "MAJOR_AXIS_LENGTH", "MINOR_AXIS_LENGTH", "STAT_FERET_DIAM_MAX", "DIAMETER_EQUAL_AREA", "DIAMETER_MIN_ENCLOSING_CIRCLE",
    "MAXCHORDS_MAX", "ROI_RADIUS_MEAN", "ROI_RADIUS_MAX", "EULER_NUMBER",
]
features = Nyxus(["*ALL_MORPHOLOGY*"])
grey = np.random.default_rng(0).integers(1, 200, x.shape).astype(np.uint32)
print("nyxus", version("nyxus"))
found = {}
for name, shape in shapes.items():
    (row,) = features.featurize(grey, shape.astype(np.uint32)).to_dict("records")
    found[name] = {kind: float(row[kind]) for kind in KINDS}
    print(f"{name}:", ", ".join(f"{kind} {value:.0f}" for kind, value in found[name].items()))
disc, ellipse = found["disc"], found["ellipse"]
as_described = (
    abs(disc["MAJOR_AXIS_LENGTH"] - 160) < 2 and abs(ellipse["STAT_FERET_DIAM_MAX"] - 240) < 2
    and all(abs(kinds["DIAMETER_EQUAL_AREA"] - 4 / np.pi * kinds["AREA_PIXELS_COUNT"]) < 1 for kinds in found.values())
    and disc["DIAMETER_MIN_ENCLOSING_CIRCLE"] > 300 and ellipse["MAXCHORDS_MAX"] < 150
    and disc["ROI_RADIUS_MEAN"] > 500 and disc["EULER_NUMBER"] == ellipse["EULER_NUMBER"] == -1
)
raise SystemExit(0 if as_described else "nyxus does otherwise now")
PYTHON
