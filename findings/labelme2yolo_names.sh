#!/usr/bin/env bash
# labelme2yolo 0.4.0: its labelme2coco gives each structure the name of the one before it in the list; masks of LabelMe's AI tools become a box elsewhere in YOLO and are absent from COCO; "deterministic" COCO has no structure at all.
#
# Expected: the names of LabelMe in COCO's categories and YOLO's classes; shapes of type "mask", which LabelMe's AI tools write, as their outline, or a message that they are left out; a circle of 30 pixels with 2,827 pixels.
# What happens: labelme2coco lists categories from 1 and numbers the annotations from 0: of head, abdomen and femur the abdomen is called head, the femur abdomen, and the head has category 0, which isn't listed. Masks, ellipses and points aren't there. With
# --deterministic_labels there are no categories and no annotations, "completed successfully". labelme2yolo --output_format polygon writes a mask's two corners as they are: "2 x1 y1 x2 y2" are five numbers, which is a box by YOLO's format: about the mask's
# upper left corner, and here 259 x 179 pixels for a mask of 100 x 60. A circle is a polygon of 12 points in both, 4.5 % too small. No warning in either.
# Why it matters: a network is trained with heads for abdomens, and its scores per structure are those of another. The masks that were made by the quick tool are those that are lost.
# Seen on 1 December 2026 with labelme2yolo 0.4.0 (labelme2yolo and labelme2coco), numpy 2.4.6, Pillow 12.3.0, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check labelme2yolo==0.4.0 numpy==2.4.6 pillow==12.3.0 2>/dev/null
cat >make.py <<'PYTHON'
import base64
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

Path("frames").mkdir()
coded = io.BytesIO()
Image.fromarray(np.full((60, 100), 255, np.uint8)).convert("1").save(coded, "PNG")
shapes = [
    {"label": "head", "shape_type": "circle", "points": [[80, 80], [110, 80]]},
    {"label": "abdomen", "shape_type": "polygon", "points": [[150, 40], [210, 40], [210, 100], [150, 100]]},
    {"label": "femur", "shape_type": "mask", "points": [[160, 120], [259, 179]], "mask": base64.b64encode(coded.getvalue()).decode()},
    {"label": "femur", "shape_type": "polygon", "points": [[20, 150], [60, 150], [60, 160], [20, 160]]},
]
Image.fromarray(np.zeros((200, 300), np.uint8)).save("frames/a.png")
said = [{"group_id": None, "flags": {}, "description": "", **shape} for shape in shapes]
Path("frames/a.json").write_text(json.dumps(
    {"version": "5.8.1", "flags": {}, "shapes": said, "imagePath": "a.png", "imageData": None, "imageHeight": 200, "imageWidth": 300}))
PYTHON
venv/bin/python make.py
venv/bin/labelme2coco --json_dir frames --val_size 0 --output_dir coco head abdomen femur >said.txt 2>&1
venv/bin/labelme2coco --json_dir frames --val_size 0 --output_dir same --deterministic_labels >>said.txt 2>&1
venv/bin/labelme2yolo --json_dir frames --val_size 0 --output_dir yolo --output_format polygon head abdomen femur >>said.txt 2>&1
if grep -qE 'WARN|ERROR' said.txt; then cat said.txt; exit 1; fi
cat >check.py <<'PYTHON'
import json
import math
from pathlib import Path

found = json.loads(Path("coco/annotations/instances_train.json").read_text())
names = {one["id"]: one["name"] for one in found["categories"]}
said = [(one["bbox"], names.get(one["category_id"], f"category {one['category_id']}, not listed"), round(one["area"])) for one in found["annotations"]]
print("COCO:", names, *said, sep="\n   ")
assert names == {1: "head", 2: "abdomen", 3: "femur"}
assert [name for _, name, _ in said] == ["category 0, not listed", "head", "abdomen"]
assert said[1][0] == [150, 40, 60, 60] and said[2][0] == [20, 150, 40, 10]
assert said[0][2] == 2700 and round(math.pi * 30**2) == 2827
same = json.loads(Path("same/annotations/instances_train.json").read_text())
assert len(same["images"]) == 1 and same["annotations"] == [] == same["categories"]
print("--deterministic_labels: one image, no annotation")

[label] = Path("yolo/labels/train").iterdir()
lines = [line.split() for line in label.read_text().splitlines()]
[box] = [[float(value) for value in line] for line in lines if len(line) == 5]
_, x, y, width, height = box
left, top, right, bottom = (x - width / 2) * 300, (y - height / 2) * 200, (x + width / 2) * 300, (y + height / 2) * 200
print("YOLO:", " ".join(f"{value:g}" for value in box), f"is a box from {left:.0f}, {top:.0f} to {right:.0f}, {bottom:.0f}; the mask lies from 160, 120 to 260, 180")
assert [round(value, 2) for value in (x * 300, y * 200, width * 300, height * 200)] == [160, 120, 259, 179]
assert "names:" in Path("yolo/dataset.yaml").read_text()
print("as stated")
PYTHON
venv/bin/python check.py
