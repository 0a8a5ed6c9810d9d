#!/usr/bin/env bash
# label-convert 0.3.0 (LabelMe to COCO): outlines become lists that no reader of COCO takes, boxes of oblique structures are those of another shape, circles squares.
#
# Expected: LabelmeToCOCO writes polygons as COCO does, [[x1, y1, x2, y2, ...]], with their upright box; of a circle an outline, or nothing.
# What happens: a polygon of 64 points is 64 "polygons" of two numbers: pycocotools raises. The box is taken from two corners of the smallest turned rectangle around the structure: of an
# ellipse of 200 x 80 at 45 degrees it is 84 x 198 for 152 x 152, at 110 degrees 13 x 215 for 102 x 190, and at 135 degrees its height is negative, -84; only upright ones are right.
# A circle of radius 20 is stored as the square around it, 1,600 pixels for 1,257. "Successfully convert" is all that is said.
# Why it matters: LabelMe is where outlines of nodules and plaques are drawn, COCO what detectors learn from. They train on these boxes without a complaint, those of negative height are dropped.
# Seen on 30 November 2026 with label-convert 0.3.0, pycocotools 2.0.11, opencv-python-headless 5.0.0.93, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" --no-deps label-convert==0.3.0 opencv-python-headless==5.0.0.93
"${get[@]}" pycocotools==2.0.11 numpy==2.4.6 tqdm==4.67.1
cd "$folder"
cat >run.py <<'PYTHON'
import contextlib
import importlib.metadata
import io
import json
import pathlib

import cv2
import numpy as np
from label_convert.labelme_to_coco import LabelmeToCOCO
from pycocotools.coco import COCO

HEIGHT, WIDTH = 480, 640
ANGLES = (0, 20, 45, 90, 110, 135, 160)


def ellipse(degrees):
    turns, angle = np.linspace(0, 2 * np.pi, 64, endpoint=False), np.radians(degrees)
    along, across = 100 * np.cos(turns), 40 * np.sin(turns)
    return np.c_[320 + along * np.cos(angle) - across * np.sin(angle), 240 + along * np.sin(angle) + across * np.cos(angle)]


given = pathlib.Path("given")
given.mkdir()
for degrees in ANGLES:
    cv2.imwrite(f"given/{degrees}.png", np.full((HEIGHT, WIDTH, 3), degrees, np.uint8))
    shapes = [{"label": "nodule", "shape_type": "polygon", "points": ellipse(degrees).tolist()}, {"label": "cyst", "shape_type": "circle", "points": [[100, 100], [120, 100]]}]
    (given / f"{degrees}.json").write_text(json.dumps({
        "version": "5.5.0", "flags": {}, "imagePath": f"{degrees}.png", "imageData": None, "imageHeight": HEIGHT, "imageWidth": WIDTH,
        "shapes": [shape | {"group_id": None, "flags": {}} for shape in shapes],
    }))
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    LabelmeToCOCO("given", "made", 0.0, False, 0.0)()
    coco = COCO("made/annotations/instances_train2017.json")
print("label-convert", importlib.metadata.version("label-convert"))
names, seen = {one["id"]: one["name"] for one in coco.dataset["categories"]}, {}
for one in coco.dataset["annotations"]:
    frame = coco.imgs[one["image_id"]]["file_name"]
    degrees = int(cv2.imread(f"made/train2017/{frame}")[0, 0, 0])
    if names[one["category_id"]] == "cyst":
        assert coco.annToMask(one).sum() == 1600 and one["area"] == 1600
        continue
    size = np.ptp(ellipse(degrees), axis=0).round().astype(int)
    seen[degrees] = tuple(one["bbox"][2:])
    print(f"{degrees} degrees: {len(one['segmentation'])} polygons of {len(one['segmentation'][0])} numbers, a box of {seen[degrees]} for {tuple(size.tolist())}, area {one['area']:.0f}")
    assert len(one["segmentation"]) == 64 and all(len(part) == 2 for part in one["segmentation"])
    try:
        coco.annToMask(one)
        raise SystemExit("read")
    except ValueError:
        pass
print("a circle of radius 20: 1,600 pixels")
assert seen[0] == (200, 80) and seen[45] == (84, 198) and seen[110] == (13, 215) and seen[135] == (198, -84), seen
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
