#!/usr/bin/env bash
# label-studio-sdk 2.1.2 (Label Studio's own exports): ellipses are left out of COCO, YOLO and VOC; turned rectangles lie elsewhere; rings
# are filled and lines lost.
#
# Expected:   what was drawn on an image of 800 x 600 is in the export, at its place; or a format that can't hold it refuses.
# What happens: of an ellipse nothing is written, only its name among the classes (COCO logs a warning without the
#             number of the task). A rectangle that was turned by 90 degrees on its corner
#             (x 500 to 600, y 100 to 500) is turned in percent of width and height, which are not the same: COCO has x 467 to 600, y 100 to
#             400. YOLO and VOC have it as before it was turned, up to x 1000 of 800. YOLO_OBB is right. Brush strokes to COCO
#             (BRUSH_TO_COCO): a ring is a disc, a line of one pixel is gone.
# Why it matters: heads and ventricles are drawn as ellipses, vessels as turned boxes, walls as rings, needles as lines. The frames stay in
#             the set, as frames that show nothing.
# Seen with:  label-studio-sdk 2.1.2, pycocotools 2.0.11, Python 3.11, 2026-11-29.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check label-studio-sdk==2.1.2 pycocotools==2.0.11
cd "$folder"
venv/bin/python -W ignore - 2>/dev/null <<'PYTHON'
import importlib.metadata
import json
import pathlib
import re

import numpy as np
from label_studio_sdk.converter import Converter
from label_studio_sdk.converter.brush import encode_rle
from PIL import Image
from pycocotools import mask as coco

WIDTH, HEIGHT = 800, 600
TAGS = {"RectangleLabels": "vessel", "EllipseLabels": "head", "BrushLabels": "wall"}
tags = "".join(f'<{tag} name="{name}" toName="image"><Label value="{name}"/></{tag}>' for tag, name in TAGS.items())
converter = Converter(config=f'<View><Image name="image" value="$image"/>{tags}</View>', project_dir=None, download_resources=False)


def drawn(tag, **value):
    kind, name = tag.lower(), TAGS[tag]
    where = {"from_name": name, "to_name": "image", "original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0}
    return {**where, "type": kind, "value": {**value, kind: [name]}}


def brush(mask):
    pixels = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    pixels[..., 3] = mask * 255
    return drawn("BrushLabels", format="rle", rle=encode_rle(pixels.ravel()))


down, right = np.mgrid[:HEIGHT, :WIDTH]
distance = np.hypot(right - 400, down - 300)
ring, line = (distance <= 100) & (distance >= 60), (down == 200) & (right >= 100) & (right < 300)
turned = drawn("RectangleLabels", x=75, y=100 / 6, width=50, height=100 / 6, rotation=90)
head = drawn("EllipseLabels", x=50, y=50, radiusX=20, radiusY=10, rotation=0)


def export(kind, *shapes):
    folder = pathlib.Path(kind)
    Image.new("L", (WIDTH, HEIGHT)).save("frame.png")
    task = {"id": 1, "data": {"image": "frame.png"}, "annotations": [{"id": 1, "completed_by": 1, "result": list(shapes)}]}
    pathlib.Path("tasks.json").write_text(json.dumps([task]))
    converter.convert("tasks.json", str(folder), kind, is_dir=False)
    if "COCO" in kind:
        return json.loads(next(folder.glob("result*.json")).read_text())["annotations"]
    return "".join(path.read_text() for path in folder.rglob("frame.*") if path.suffix in (".txt", ".xml"))


print("label-studio-sdk", importlib.metadata.version("label-studio-sdk"), "offers", converter.supported_formats)
boxes = export("COCO", turned, head)
x, y, w, h = boxes[0]["bbox"]
print(f"COCO: {len(boxes)} of 2 shapes; the turned box at x {x:.0f} to {x + w:.0f}, y {y:.0f} to {y + h:.0f}")
yolo = export("YOLO", turned, head).split()
obb = np.array(export("YOLO_OBB", turned).split()[1:], float).reshape(4, 2) * (WIDTH, HEIGHT)
voc = export("VOC", turned, head)
far = int(re.search(r"<xmax>(\d+)", voc).group(1))
print("YOLO:", yolo, "VOC: xmax", far, "objects", voc.count("<object>"), "YOLO_OBB:", obb.min(0), "to", obb.max(0))
strokes = export("BRUSH_TO_COCO", brush(ring), brush(line))
area = int(coco.decode(coco.frPyObjects(strokes[0]["segmentation"], HEIGHT, WIDTH)).sum())
print(f"BRUSH_TO_COCO: {len(strokes)} of 2 strokes; the ring of {ring.sum()} pixels has {area}")
as_described = (
    len(boxes) == 1 and np.allclose([x, y, x + w, y + h], [1400 / 3, 100, 600, 400])
    and yolo[1:] == ["1.0", "0.25", "0.5", "0.16666666666666669"] and far == 1000 and voc.count("<object>") == 1
    and np.allclose([obb.min(0), obb.max(0)], [[500, 100], [600, 500]]) and len(strokes) == 1 and area > 1.5 * ring.sum()
)
raise SystemExit(0 if as_described else 1)
PYTHON
