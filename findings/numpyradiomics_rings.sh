#!/usr/bin/env bash
# numpyradiomics 0.0.5 (PyRadiomics' features in NumPy): the area of a ring counts its hole twice: a heart's wall of 550 mm2 has 1,957 mm2.
#
# Expected: MeshSurface, "area of the ROI defined by the mesh", of a 2D mask with a hole is that of the structure, near to PixelSurface.
# What happens: the areas within all outlines are added, the hole's to the one around it: 1,257 + 707 mm2 where 550 are left. A disc, two discs, and a disc that the
# frame cuts are right. Sphericity and PerimeterSurfaceRatio are computed from it: a ring's perimeter per area is 0.12 per mm, where 0.44 is right.
# Why it matters: rings are what echocardiography segments, and PixelSurface in the same table looks right. A thinner wall has a larger area.
# Seen on 29 November 2026 with numpyradiomics 0.0.5, scikit-image 0.26.0, numpy 2.4.6, scipy 1.17.1, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" numpyradiomics==0.0.5 scikit-image==0.26.0 numpy==2.4.6 scipy==1.17.1
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import warnings

import numpy as np

warnings.simplefilter("ignore")
import numpyradiomics

SPACING = (0.5, 0.2)
y, x = np.mgrid[:200, :300]


def disc(radius_mm, column=150):
    return ((y - 100) * SPACING[0]) ** 2 + ((x - column) * SPACING[1]) ** 2 < radius_mm**2


cases = {
    "disc of 20 mm": disc(20), "two discs of 8 mm": disc(8, 60) | disc(8, 200), "disc that the frame cuts": disc(20, 10),
    "wall of 5 mm": disc(20) & ~disc(15), "wall of 2 mm": disc(20) & ~disc(18),
}
print("numpyradiomics", importlib.metadata.version("numpyradiomics"))
ratios, per_area = {}, {}
for name, mask in cases.items():
    found = numpyradiomics.shape(mask.astype(np.uint8), SPACING)
    ratios[name] = float(found["MeshSurface"] / found["PixelSurface"])
    per_area[name] = float(found["PerimeterSurfaceRatio"]), float(found["Perimeter"] / found["PixelSurface"])
    print(f"{name}: PixelSurface {found['PixelSurface']:.0f}, MeshSurface {found['MeshSurface']:.0f}, Perimeter {found['Perimeter']:.0f} mm,",
          f"per area {per_area[name][0]:.2f} (by pixels {per_area[name][1]:.2f}), sphericity {found['Sphericity']:.2f}")
solid = [ratios[name] for name in list(cases)[:3]]
assert all(abs(ratio - 1) < 0.01 for ratio in solid) and ratios["wall of 5 mm"] > 3.5 and ratios["wall of 2 mm"] > 9, ratios
assert round(per_area["wall of 5 mm"][0], 2) == 0.12 and round(per_area["wall of 5 mm"][1], 2) == 0.44
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
