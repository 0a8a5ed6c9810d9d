#!/usr/bin/env bash
# DIPlib 3.6.1 (PyDIP), the ellipse of a structure whose pixels aren't square: a circle of 16 mm is 32 x 8 mm, an ellipse of 64 x 16 mm a circle.
#
# Expected: with SetPixelSize([0.1, 0.2], "mm") the axes of the ellipse (DimensionsEllipsoid) are those in millimetres, as Size, Center and CartesianBox are; or in px, as Feret, Radius and Perimeter say of themselves then.
# What happens: pixels of 0.1 x 0.2 mm: a structure of 160 x 80 pixels, a circle of 16 mm by its Size (200.8 mm2) and CartesianBox (16.1 x 16.2 mm), has DimensionsEllipsoid of 32.0 x 8.0 mm; one of 80 x 160 pixels, 8 x 32 mm, is 16.0 x 16.0 mm, DimensionsCube
# likewise. Inertia and Mu say 64 and 4 mm2 for 16 and 16: the sums over x are those of inertia about y, and each gets the other axis's pixel. All say "mm". Grey-weighted ones are the same; pixels of one size are right.
# Why it matters: scanners' and digitised frames often have pixels that aren't square. A head's or a nodule's two axes come from such an ellipse: here up to two times too long and half too short, beside an area that is right.
# Seen on 1 December 2026 with diplib 3.6.1, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check diplib==3.6.1 numpy==2.4.6 2>/dev/null
cat >run.py <<'PYTHON'
import diplib
import numpy as np

down, right = np.mgrid[:300, :400]
FEATURES = ["Size", "CartesianBox", "DimensionsEllipsoid", "DimensionsCube", "Inertia", "Mu", "GreyDimensionsEllipsoid"]


def measured(radii, pixel, unit="mm"):
    """Of an ellipse with these radii in pixels, (right, down)."""
    mask = ((right - 200) / radii[0]) ** 2 + ((down - 150) / radii[1]) ** 2 <= 1
    labels, grey = diplib.Label(diplib.Image(mask)), diplib.Image(mask.astype(np.float32))
    labels.SetPixelSize(pixel, unit)
    grey.SetPixelSize(pixel, unit)
    said = diplib.MeasurementTool.Measure(labels, grey, FEATURES)
    found = {name: np.array(said[name]).ravel() for name in FEATURES}
    units = {str(one.units) for one in said["DimensionsEllipsoid"].Values()[:2]}
    print(f"{radii} pixels of {pixel} mm, {units}:", {name: found[name][:2].round(1).tolist() for name in FEATURES})
    return {name: values[:2] for name, values in found.items()} | {"units": units}


def near(found, expected):
    return np.allclose(found, expected, atol=0.3)


circle, ellipse, square = measured((80, 40), [0.1, 0.2]), measured((40, 80), [0.1, 0.2]), measured((80, 40), [0.1, 0.1])
assert near(circle["Size"][:1], np.pi * 64) and near(circle["CartesianBox"], (16, 16)) and circle["units"] == {"mm"}
assert near(circle["DimensionsEllipsoid"], (32, 8)) and near(circle["GreyDimensionsEllipsoid"], (32, 8)) and near(circle["DimensionsCube"], (27.7, 6.9))
assert near(sorted(circle["Inertia"]), (4, 64))
assert near(ellipse["CartesianBox"], (8, 32)) and near(ellipse["DimensionsEllipsoid"], (16, 16))
assert near(square["DimensionsEllipsoid"], (16, 8)) and near(square["CartesianBox"], (16, 8))
print("as stated")
PYTHON
venv/bin/python run.py
