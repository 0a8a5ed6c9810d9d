#!/usr/bin/env bash
# antspyx 0.6.3 (ANTs in Python), label_geometry_measures: AxesLength_x is the shorter axis wherever it points, and the eccentricity of an ellipse of 2 to 1 is 0.97.
#
# Expected: beside Centroid_x, BoundingBoxLower_x and BoundingBoxUpper_x, which count along x, AxesLength_x is the extent along x: of an ellipse 40 mm wide and 20 mm high 40, and AxesLength_y 20.
# Eccentricity of 2 to 1 is 0.87 (the root of 1 - 1/4), as everywhere else.
# What happens: AxesLength_x is 20 and AxesLength_y 40; of the same ellipse upright they are 20 and 40, too. The eccentricity is the root of 1 - 1/16, 0.97: axes squared twice over. Areas
# and centres are right with pixels of 0.5 x 0.2 mm. SurfaceAreaInMillimetersSquared is a perimeter in mm,
# of the two ellipses, whose perimeter is 97, 106 and 84.
# Why it matters: width and height of a lesion or a ventricle are taken from this table by their names, and every one that lies is reported as if it stood, "taller than wide", which counts as a sign of cancer.
# Seen on 29 November 2026 with antspyx 0.6.3, numpy 2.3.5, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile antspyx==0.6.3 numpy==2.3.5
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import importlib.metadata

import ants
import numpy as np

ROW_MM, COLUMN_MM = 0.5, 0.2
y, x = np.mgrid[:200, :300]
down, right = (y - 100) * ROW_MM, (x - 150) * COLUMN_MM
shapes = {"lying, 40 x 20 mm": (20, 10), "standing, 20 x 40 mm": (10, 20), "disc of 40 mm": (20, 20)}
print("antspyx", importlib.metadata.version("antspyx"), "numpy", np.__version__)
seen = {}
for name, (across, deep) in shapes.items():
    mask = (right / across) ** 2 + (down / deep) ** 2 < 1
    image = ants.from_numpy(mask.T.astype(np.float32), spacing=(COLUMN_MM, ROW_MM))
    row = ants.label_geometry_measures(image).iloc[0]
    box = [(row[f"BoundingBoxUpper_{axis}"] - row[f"BoundingBoxLower_{axis}"] + 1) * mm for axis, mm in (("x", COLUMN_MM), ("y", ROW_MM))]
    seen[name] = row["AxesLength_x"], row["AxesLength_y"], row["Eccentricity"], row["VolumeInMillimeters"], row["SurfaceAreaInMillimetersSquared"], *box
    print(f"{name}: AxesLength x {seen[name][0]:.1f}, y {seen[name][1]:.1f}, eccentricity {seen[name][2]:.2f}, area {seen[name][3]:.0f},",
          f"SurfaceArea {seen[name][4]:.0f}, bounding box {box[0]:.1f} x {box[1]:.1f} mm")
for name, width, height in (("lying, 40 x 20 mm", 40, 20), ("standing, 20 x 40 mm", 20, 40)):
    short, long, eccentricity, area, surface, *box = seen[name]
    assert abs(short - 20) < 0.5 and abs(long - 40) < 0.5 and abs(eccentricity - np.sqrt(1 - 1 / 16)) < 0.005
    assert abs(box[0] - width) < 1 and abs(box[1] - height) < 1 and abs(area - np.pi * 200) < 7 and round(surface) == (106 if width > height else 84)
assert abs(seen["disc of 40 mm"][4] - np.pi * 40) < 3
print("as stated")
PYTHON
