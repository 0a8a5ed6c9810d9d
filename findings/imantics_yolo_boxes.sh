#!/usr/bin/env bash
# imantics 0.1.12 (masks to COCO, YOLO, VOC): boxes for YOLO lie half their size too far up and left, all boxes are a pixel too small, and walls become discs.
#
# Expected: YOLO's line has the centre of the box; a mask of 80 x 40 pixels has a box of 80 x 40 in COCO, too; a ring comes back as one from its polygons.
# What happens: where YOLO has the centre there is the upper left corner: the box of columns 100 to 179 and rows 50 to 89 of a frame of 300 x 200, with its centre at 0.467 and 0.350, is said to have it at 0.333 and 0.250, and covers
# 24 % of the structure. Width and height are the last column and row less the first, 79 x 39, and 0 of what is one pixel wide. A ring of 4,064 pixels is two polygons, the outer and the inner
# side; in COCO polygons are united, so that it has 11,108, while its "area" says 4,064. Nothing is said of it.
# (Its source was read before it was run.)
# Why it matters: a detector that is trained on such files learns a displaced box for each lesion, and the loss falls as it should. The wall of a heart or a vessel takes in its chamber.
# Seen on 30 November 2026 with imantics 0.1.12, opencv-python-headless 4.13.0.92, numpy 2.4.6, pycocotools 2.0.11, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" numpy==2.4.6 opencv-python-headless==4.13.0.92 lxml==6.1.3 xmljson==0.2.1
"${get[@]}" --no-deps imantics==0.1.12 pycocotools==2.0.11
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata

import numpy as np
from imantics import Annotation, Category, Image, Mask
from pycocotools import mask as rle

print("imantics", importlib.metadata.version("imantics"))
image = Image(image_array=np.zeros((200, 300, 3), np.uint8), path="frame.png")


def annotate(mask):
    return Annotation(image=image, category=Category("structure", id=0), mask=Mask(mask.copy()))


cyst = np.zeros((200, 300), bool)
cyst[50:90, 100:180] = True
line = annotate(cyst).yolo()
box = annotate(cyst).coco(include=False)["bbox"]
print("YOLO:", line, "- by the mask: 0 0.46667 0.35000 0.26667 0.20000; COCO's box:", *box)
x, y, w, h = (float(part) * size for part, size in zip(line.split()[1:], (300, 200, 300, 200)))
read = np.zeros_like(cyst)
read[round(y - h / 2) : round(y + h / 2), round(x - w / 2) : round(x + w / 2)] = True
share = (read & cyst).sum() / cyst.sum()
print(f"the box read back covers {share:.0%} of the structure")
assert line == "0 0.33333 0.25000 0.26333 0.19500" and tuple(box) == (100, 50, 79, 39) and round(share, 2) == 0.24, share
thin = np.zeros_like(cyst)
thin[50:90, 100] = True
assert annotate(thin).coco(include=False)["bbox"][2] == 0
rows, columns = np.mgrid[:200, :300]
distance = np.hypot(rows - 100, columns - 150)
wall = (distance < 60) & (distance > 48)
coco = annotate(wall).coco(include=False)
polygons = coco["segmentation"]
united = int(rle.area(rle.merge(rle.frPyObjects(polygons, 200, 300))))
print(f"a wall of {wall.sum()} pixels: {len(polygons)} polygons, area {coco['area']}, read by pycocotools {united}")
assert (int(wall.sum()), len(polygons), coco["area"], united) == (4064, 2, 4064, 11108)
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
