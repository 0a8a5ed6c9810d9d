#!/usr/bin/env bash
# next-cvat 0.1.28 (client and reader of CVAT's annotations): turned ellipses and boxes lose their angle, polygons gain a pixel, and a mask from a picture with transparency is the whole frame.
#
# Expected: segmentation(height, width) of a shape in CVAT's XML is what the annotator drew; Mask.from_segmentation takes RGBA, as its comment says.
# What happens: the attribute rotation isn't read. An ellipse of 100 x 40 pixels at 60 degrees becomes one at 0: Dice 0.53 with its own shape. Boxes, too.
# Polygons are drawn with their outline: one of 100 x 3 pixels has 404 in place of 300. Of RGBA the mean over all four is compared with 0, so what is opaque and black is
# inside. Nothing is said. Ellipses and boxes that aren't turned, and CVAT's masks, are right.
# Why it matters: heads, follicles and vessels are annotated as turned ellipses. Circumferences stay, so nothing but a look at the picture shows it.
# Seen on 30 November 2026 with next-cvat 0.1.28, cvat-sdk 2.80.0, numpy 1.26.4, pillow 13.0.0, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" next-cvat==0.1.28 cvat-sdk==2.80.0 numpy==1.26.4 pillow==13.0.0
cd "$folder"
cat >annotations.xml <<'XML'
<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version><meta><project><id>1</id><name>p</name><created>2026-01-01</created><updated>2026-01-01</updated>
<labels><label><name>head</name><color>#ff0000</color><type>any</type><attributes></attributes></label></labels></project></meta>
<image id="0" name="a.png" width="640" height="480">
<ellipse label="head" source="manual" occluded="0" cx="320" cy="240" rx="100" ry="40" rotation="60" z_order="0"></ellipse>
<ellipse label="head" source="manual" occluded="0" cx="320" cy="240" rx="100" ry="40" z_order="0"></ellipse>
<box label="head" source="manual" occluded="0" xtl="220" ytl="200" xbr="420" ybr="280" rotation="60" z_order="0"></box>
<polygon label="head" source="manual" occluded="0" points="100,100;200,100;200,103;100,103" z_order="0"></polygon>
<mask label="head" source="manual" occluded="0" rle="0,6" left="10" top="20" width="3" height="2" z_order="0"></mask>
</image></annotations>
XML
cat >run.py <<'PYTHON'
import importlib.metadata
import math

import next_cvat
import numpy as np
from PIL import Image

ROWS, COLUMNS = 480, 640
y, x = np.mgrid[:ROWS, :COLUMNS] + 0.5  # CVAT counts from the corner of the first pixel


def along(degrees):
    """Places along and across an axis through the middle, turned clockwise on the screen, as CVAT turns."""
    turn = math.radians(degrees)
    return (x - 320) * math.cos(turn) + (y - 240) * math.sin(turn), (y - 240) * math.cos(turn) - (x - 320) * math.sin(turn)


def ellipse(degrees):
    u, v = along(degrees)
    return (u / 100) ** 2 + (v / 40) ** 2 <= 1


def dice(a, b):
    return round(2 * float((a & b).sum()) / float(a.sum() + b.sum()), 2)


u, v = along(60)
image = next_cvat.Annotations.from_path("annotations.xml").images[0]
turned, level = (shape.segmentation(ROWS, COLUMNS) for shape in image.ellipses)
box, band, mask = (shapes[0].segmentation(ROWS, COLUMNS) for shapes in (image.boxes, image.polygons, image.masks))
seen = {
    "ellipse at 60 degrees": dice(turned, ellipse(60)), "the same against one at 0": dice(turned, ellipse(0)), "ellipse at 0": dice(level, ellipse(0)),
    "box at 60 degrees": dice(box, (abs(u) <= 100) & (abs(v) <= 40)), "pixels of a polygon of 100 x 3": int(band.sum()), "pixels of a mask of 3 x 2": int(mask.sum()),
}
picture = np.zeros((ROWS, COLUMNS, 4), np.uint8)
picture[..., 3] = 255
picture[100:200, 100:200, :3] = 255
made = next_cvat.Mask.from_segmentation(Image.fromarray(picture), label="head")
plain = next_cvat.Mask.from_segmentation(Image.fromarray(picture[..., :3]), label="head")
seen |= {"100 x 100 in RGB": (int(plain.width), int(plain.height)), "100 x 100 in RGBA": (int(made.width), int(made.height))}
print("next-cvat", importlib.metadata.version("next-cvat"), "- Dice, where nothing else is named")
for name, value in seen.items():
    print(f"{name}: {value}")
assert seen["ellipse at 60 degrees"] < 0.65 and seen["the same against one at 0"] >= 0.99 and seen["ellipse at 0"] >= 0.99 and seen["box at 60 degrees"] < 0.65
assert seen["pixels of a polygon of 100 x 3"] == 404 and seen["pixels of a mask of 3 x 2"] == 6
assert seen["100 x 100 in RGB"] == (100, 100) and seen["100 x 100 in RGBA"] == (COLUMNS, ROWS)
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
