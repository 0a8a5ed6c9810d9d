#!/usr/bin/env bash
# X-AnyLabeling 4.2.1: through COCO and back, a wall of three pixels has two; the same annotation exported as a picture has three.
#
# Expected:   COCO's run lengths come back as they were: the importer itself refuses what "cannot be represented losslessly".
# What happens: the outline runs through the centres of the outermost pixels, which X-AnyLabeling's own pictures of masks allow for, as they
#             paint the outline, too. Its COCO export writes the same numbers, which COCO counts from the corners of pixels: of 3 x 40 pixels
#             78 are left of 120, with "area" 78 and a box of 40 x 3, of 10 x 10 pixels 81, of 20 x 30 551. Its segment-anything models
#             make outlines in that way, too.
# Why it matters: thickness is measured on such walls, and Dice of a thin structure against the very mask it came from is 0.79.
# Seen with:  x-anylabeling-cvhub 4.2.1, pycocotools 2.0.11, numpy 2.4.6, Python 3.11, 2026-11-29. Needs Qt's system libraries.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check x-anylabeling-cvhub==4.2.1 onnxruntime==1.32.0 pycocotools==2.0.11 numpy==2.4.6
cd "$folder"
HOME=$folder QT_QPA_PLATFORM=offscreen venv/bin/python -W ignore - 2>/dev/null <<'PYTHON'
import importlib.metadata
import json

import numpy as np
from anylabeling.views.labeling.label_converter import LabelConverter
from PIL import Image
from pycocotools import mask as coco

HEIGHT, WIDTH = 60, 80


def there_and_back(rows, columns):
    """Pixels in the COCO export and in the exported picture, and what COCO says of area and box."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8, order="F")
    mask[10 : 10 + rows, 10 : 10 + columns] = 1
    runs = coco.encode(mask)
    shape = {"segmentation": {"size": runs["size"], "counts": runs["counts"].decode()}, "bbox": [10, 10, columns, rows]}
    image = {"id": 1, "file_name": "frame.png", "width": WIDTH, "height": HEIGHT}
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "area": rows * columns, "iscrowd": 0, **shape}
    with open("given.json", "w") as file:
        json.dump({"images": [image], "categories": [{"id": 1, "name": "wall"}], "annotations": [annotation]}, file)
    LabelConverter().coco_to_custom("given.json", ".", "polygon")
    back = LabelConverter()
    back.classes = ["wall"]
    back.custom_to_coco(["frame.png"], ".", ".", "polygon")
    back.custom_to_mask("frame.json", "mask.png", {"type": "grayscale", "colors": {"wall": 1}})
    with open("coco_instance_segmentation.json") as file:
        [found] = json.load(file)["annotations"]
    pixels = coco.decode(coco.merge(coco.frPyObjects(found["segmentation"], HEIGHT, WIDTH))).sum()
    return int(pixels), int((np.array(Image.open("mask.png")) > 0).sum()), round(found["area"]), found["bbox"][2:]


print("x-anylabeling-cvhub", importlib.metadata.version("x-anylabeling-cvhub"), "pycocotools", importlib.metadata.version("pycocotools"))
seen = {size: there_and_back(*size) for size in ((3, 40), (10, 10), (20, 30))}
for (rows, columns), (pixels, picture, area, box) in seen.items():
    print(f"{rows} x {columns} = {rows * columns} pixels: COCO {pixels}, its area {area} and box {box}; picture {picture}")
as_described = all(
    (pixels, area, picture, box) == ((rows - 1) * (columns - 1),) * 2 + (rows * columns, [columns, rows])
    for (rows, columns), (pixels, picture, area, box) in seen.items()
)
raise SystemExit(0 if as_described else 1)
PYTHON
