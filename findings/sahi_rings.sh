#!/usr/bin/env bash
# sahi 0.12.8 writes a ring to COCO as a disc, and a wall of three pixels as one of two; its own masks are right.
#
# Expected:   ObjectAnnotation.from_bool_mask(...).to_coco_annotation() holds the mask that was given, as run lengths if outlines can't;
#             area and box are those of the mask.
# What happens: the mask becomes outlines through the centres of its outermost pixels, and the outline of the hole is one more part. sahi's
#             own reader takes parts that lie in each other for holes and paints outlines as well, so that within sahi nothing is lost.
#             COCO's readers unite all parts and count from the corners of pixels: of a ring of 624 pixels they make 1200, and of a wall of
#             3 x 40 pixels 78 for 120. "area" says 526 and 78, and the box is a pixel short each way.
# Why it matters: myocardium and walls of vessels are rings; the thickness of an intima is three pixels. What sahi shows looks right.
# Seen with:  sahi 0.12.8, opencv-python-headless 4.13.0.92, pycocotools 2.0.11, numpy 2.4.6, Python 3.11, 2026-11-29.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps sahi==0.12.8
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==4.13.0.92 pycocotools==2.0.11 numpy==2.4.6 \
    pillow==13.0.0 shapely==2.2.0 tqdm==4.70.1 requests==2.34.2 PyYAML==6.0.4 click==8.5.1 fire==0.7.1 terminaltables==3.1.10
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import importlib.metadata

import numpy as np
from pycocotools import mask as coco
from sahi.annotation import ObjectAnnotation

HEIGHT, WIDTH = 60, 80
down, right = np.mgrid[:HEIGHT, :WIDTH]
squared = (right - 40) ** 2 + (down - 30) ** 2
MASKS = {
    "ring": (squared <= 400) & (squared > 200),
    "wall of 3 x 40": (down >= 10) & (down < 13) & (right >= 10) & (right < 50),
    "box of 10 x 10": (down >= 10) & (down < 20) & (right >= 10) & (right < 20),
}
print("sahi", importlib.metadata.version("sahi"), "pycocotools", importlib.metadata.version("pycocotools"))
seen = {}
for name, mask in MASKS.items():
    one = ObjectAnnotation.from_bool_mask(mask, category_id=0, category_name="wall", full_shape=[HEIGHT, WIDTH])
    written = one.to_coco_annotation()
    read = coco.decode(coco.merge(coco.frPyObjects(written.segmentation, HEIGHT, WIDTH)))
    seen[name] = [int(mask.sum()), int(one.mask.bool_mask.sum()), int(read.sum()), round(written.area)]
    print(f"{name:15s} pixels {seen[name][0]}, in sahi {seen[name][1]}, in COCO {seen[name][2]}, its area {seen[name][3]}, box {one.bbox.to_xywh()}")
ring, wall, box = seen.values()
as_described = (
    all(given == own for given, own, *_ in seen.values()) and ring[2] > 1.7 * ring[0] and ring[3] < ring[0]
    and wall[2:] == [78, 78] and box[2:] == [81, 81]
)
raise SystemExit(0 if as_described else "sahi does otherwise now")
PYTHON
