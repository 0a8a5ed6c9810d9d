#!/usr/bin/env bash
# imea 0.3.5 (shapes of masks in millimetres): the circle around a shape depends on where it lies in the frame, and perimeters are 5 % too long.
#
# Expected: shape_measurements_2d of an ellipse with axes of 100 and 60 mm: circumscribing and inscribing circle about the centroid have diameters of
# 100 and 60 mm, a circle of 80 mm has 80 and 80, wherever it lies; perimeters are 255 and 251 mm, those of the convex hull, too.
# What happens: the outline is counted from the corner of the shape, the centroid from that of the frame. Only of a shape in the upper left corner the
# circles are right; at column 200, row 180 the circle of 80 mm has 236 around it, the ellipse 240, turned by 30 degrees 252 (and 57 to
# 82 inside). Perimeters are sums of steps between pixels: 268 and 265 mm, and the convex hull's is no shorter. Feret's diameters and
# the least enclosing circle are right.
# Why it matters: an age is read from a head's circumference, where 5 % of 280 mm are 14 mm; the circles look like lengths in millimetres.
# Seen on 29 November 2026 with imea 0.3.5, numpy 2.4.6, scikit-image 0.26.0, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check imea==0.3.5 numpy==2.4.6 scikit-image==0.26.0
cd "$folder"
venv/bin/python -W ignore - 2>errors <<'PYTHON' || { tail -3 errors; exit 1; }
from importlib.metadata import version

import imea
import numpy as np

MM = 0.5  # the side of a pixel
y, x = np.mgrid[:400, :400]


def ellipse(long_mm, short_mm, degrees, column, row):
    angle, right, down = np.deg2rad(degrees), (x - column) * MM, (y - row) * MM
    along, across = right * np.cos(angle) + down * np.sin(angle), down * np.cos(angle) - right * np.sin(angle)
    return (2 * along / long_mm) ** 2 + (2 * across / short_mm) ** 2 <= 1


KINDS = {
    "around": "diameter_circumscribing_circle", "inside": "diameter_inscribing_circle", "enclosing": "diameter_min_enclosing_circle",
    "perimeter": "perimeter", "of the hull": "convex_perimeter", "feret": "feret_max",
}
print("imea", version("imea"))
found = {}
for name, shape in {
    "circle in the corner": (80, 80, 0, 80, 80), "circle": (80, 80, 0, 200, 180), "ellipse": (100, 60, 0, 200, 180), "turned": (100, 60, 30, 200, 180),
}.items():
    (row,) = imea.shape_measurements_2d(ellipse(*shape), spatial_resolution_xy=MM, dalpha=5).to_dict("records")
    found[name] = {kind: float(row[column]) for kind, column in KINDS.items()}
    print(f"{name}, {shape[0]} x {shape[1]} mm:", ", ".join(f"{kind} {value:.0f}" for kind, value in found[name].items()))
as_described = (
    abs(found["circle in the corner"]["around"] - 80) < 4 and abs(found["circle"]["around"] - 80) > 10 and abs(found["ellipse"]["around"] - 100) > 10
    and all(kinds["of the hull"] == kinds["perimeter"] > 260 for kinds in found.values())
    and all(abs(kinds["feret"] - kinds["enclosing"]) < 3 for kinds in found.values())
)
raise SystemExit(0 if as_described else "imea does otherwise now")
PYTHON
