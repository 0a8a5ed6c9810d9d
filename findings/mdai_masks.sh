#!/usr/bin/env bash
# mdai 0.16.0 (the client of MD.ai, where ultrasound is annotated): masks come back transposed and cut, rings thinner by a pixel, ellipses as outlines.
#
# Expected: convert_mask_annotation_to_array gives a mask with the frame's rows and columns; a mask given to convert_mask_data comes back the same; an ellipse
# exported as SEG is its area.
# What happens: the mask has as many rows as the frame has columns and the other way round, so of a frame of 800 x 600 what lies right of column 600 is cut off:
# half of a structure there, or all of it. Holes are drawn with their outline, which lies on the structure: a wall of 10 pixels loses a tenth, one of 3 pixels a
# third, one of a pixel is gone. In the export of SEG an ellipse is drawn as a line 12 pixels wide: of one with half axes of 60 and 40 pixels a quarter
# is covered, and as much outside of it. No message.
# Why it matters: these are the functions by which annotations become training masks, and predictions go up to be corrected. Rings are what echocardiography annotates.
# Seen on 30 November 2026 with mdai 0.16.0, opencv-python 4.13.0.92, numpy 2.4.6, pandas 2.3.3, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile mdai==0.16.0 opencv-python==4.13.0.92 numpy==2.4.6 pandas==2.3.3
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import types

import numpy as np
from mdai.utils import common_utils, dicom_utils

ROWS, COLUMNS = 600, 800
y, x = np.mgrid[:ROWS, :COLUMNS]


def disc(radius, column, row=300):
    return (y - row) ** 2 + (x - column) ** 2 <= radius**2


def back(mask):
    """The mask uploaded, and downloaded with the frame's own width and height."""
    row = types.SimpleNamespace(width=COLUMNS, height=ROWS, data=common_utils.convert_mask_data(mask))
    return common_utils.convert_mask_annotation_to_array(row).astype(bool)


print("mdai", importlib.metadata.version("mdai"), "- masks of a frame of 600 rows and 800 columns, there and back")
left, middle, right = (back(disc(80, column)) for column in (200, 600, 700))
areas = [round(float(found.sum() / disc(80, 200).sum()), 2) for found in (left, middle, right)]
print(f"shape {left.shape}; a disc of 80 pixels at column 200, 600 and 700 keeps {areas} of its area")
assert left.shape == (COLUMNS, ROWS) and areas == [1.0, 0.5, 0.0]
assert (left[:ROWS, :400] == disc(80, 200)[:, :400]).all()
walls = {}
for wide in (1, 2, 3, 5, 10):
    wall = np.zeros((ROWS, COLUMNS), bool)
    wall[200 - wide : 400 + wide, 200 - wide : 400 + wide] = True
    wall[200:400, 200:400] = False
    walls[wide] = round(float(back(wall)[:ROWS, :ROWS].sum() / wall.sum()), 2)
print("a square wall around a hole of 200 pixels keeps, by its width in pixels:", walls)
assert walls == {1: 0.0, 2: 0.5, 3: 0.67, 5: 0.8, 10: 0.9}
export = next(value for value in vars(dicom_utils).values() if isinstance(value, type) and hasattr(value, "load_mask_instance"))
row = types.SimpleNamespace(width=COLUMNS, height=ROWS, annotationMode="ellipse", data={"cx": 300, "cy": 300, "rx": 60, "ry": 40})
found, truth = export.load_mask_instance(None, row), ((x - 300) / 60) ** 2 + ((y - 300) / 40) ** 2 <= 1
inside = float((found & truth).sum() / truth.sum())
print(f"an ellipse of 60 x 40 pixels: {found.sum()} pixels of {truth.sum()}, its middle {found[300, 300]}; {inside:.2f} of its area is covered")
assert not found[300, 300] and round(inside, 2) == 0.25 and found.sum() > 2 * (found & truth).sum()
print("as stated")
PYTHON
"$folder/venv/bin/python" -s run.py
