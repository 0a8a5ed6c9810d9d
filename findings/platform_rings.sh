#!/usr/bin/env bash
# encord 0.1.211 and superannotate 4.6.2 (clients of two labelling platforms): walls imported from COCO lose a pixel of their width, or become discs.
#
# Expected: a ring in COCO's run lengths is the same ring as the platform's polygons, and again in its COCO export.
# What happens: encord takes a hole's outline on the wall and fills the hole with it when it exports, so a wall of two pixels keeps a good half of its area, one of three 0.71, one of
# ten 0.91; corners are cut down, not rounded, so that in frames of 600 x 800, 708 x 1016 and 720 x 960 (not 480 x 640) some lie a pixel further up or left. Its export calls each shape with a hole a crowd.
# superannotate keeps outer outlines alone: a heart's wall of ten pixels is a disc of 5.3 times its area. No message from either.
# Why it matters: masks of a model or of an earlier study go up that way to be corrected, and what comes down is the truth of the next model. Crowds are left out of training and scores.
# Seen on 30 November 2026 with encord 0.1.211, superannotate 4.6.2, opencv-python-headless 5.0.0.93, pycocotools 2.0.11, shapely 2.1.2, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile encord==0.1.211 pycocotools==2.0.11 shapely==2.1.2 opencv-python-headless==5.0.0.93 numpy==2.4.6
python3 -m venv "$folder/other"
"$folder/other/bin/pip" install --quiet --disable-pip-version-check --no-compile superannotate==4.6.2
cd "$folder"
cat >encord_rings.py <<'PYTHON'
import importlib.metadata
import inspect

import numpy as np
from encord.common.bitmask_operations import coco_rle_to_encord_rle
from encord.utilities.coco import exporter
from encord.utilities.coco.polygon_utils import rle_to_polygons_coordinates
from pycocotools import mask as coco
from shapely.geometry import MultiPolygon

Exporter = next(value for value in vars(exporter).values() if isinstance(value, type) and hasattr(value, "get_rle_segmentation_from_multipolygon"))
exported = Exporter.__new__(Exporter)  # its export needs labels of an account; these two methods make the masks of it


def back(mask):
    """COCO's run lengths as encord's polygons, and as COCO's run lengths again."""
    height, width = mask.shape
    counts = coco.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    counts = coco_rle_to_encord_rle(counts, height=height, width=width)
    found = rle_to_polygons_coordinates(counts=counts, height=height, width=width)
    flat = [[[value for point in ring for value in (point.x, point.y)] for ring in polygon] for polygon in found.polygons]
    shape = MultiPolygon(exported.get_multipolygon_from_polygons(flat, width, height))
    return coco.decode(exported.get_rle_segmentation_from_multipolygon(shape, width, height)).astype(bool)


print("encord", importlib.metadata.version("encord"), "- area that walls of 2, 3, 5 and 10 pixels keep; pixels of a disc that are others")
for height, width in ((480, 640), (600, 800), (720, 960), (708, 1016)):
    y, x = np.mgrid[:height, :width]
    radius = np.hypot(x - width // 2, y - height // 2)
    kept = []
    for wide in (2, 3, 5, 10):
        wall = (radius < 100) & (radius >= 100 - wide)
        kept.append(round(float(back(wall).sum() / wall.sum()), 2))
    disc = radius < 100
    other = int((back(disc) != disc).sum())
    print(f"{height} x {width}: {kept}; {other}")
    assert all(abs(part - right) < 0.02 for part, right in zip(kept, (0.55, 0.71, 0.82, 0.91)))
    assert (other == 0) == (width == 640)
code = inspect.getsource(exporter)
assert "is_crowd = 1" in code[code.index("if is_multipolygon") :][:120]
PYTHON
"$folder/venv/bin/python" -s encord_rings.py
cat >superannotate_rings.py <<'PYTHON'
import importlib.metadata
import json
import pathlib

import cv2
import numpy as np
from superannotate.lib.app.input_converters.converters.coco_converters.coco_to_sa_vector import coco_instance_segmentation_to_sa_vector

SIZE = 400
y, x = np.mgrid[:SIZE, :SIZE]
radius = np.hypot(x - 200, y - 200)
wall = (radius < 100) & (radius >= 90)
flat = wall.T.ravel().astype(int)
edges = np.flatnonzero(np.diff(flat)) + 1
counts = [int(length) for length in np.diff([0, *edges, flat.size])]
annotation = {"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0, "area": int(wall.sum()), "bbox": [100, 100, 200, 200], "segmentation": {"counts": counts, "size": [SIZE, SIZE]}}
image = {"id": 1, "file_name": "a.png", "height": SIZE, "width": SIZE}
pathlib.Path("coco.json").write_text(json.dumps({"images": [image], "annotations": [annotation], "categories": [{"id": 1, "name": "wall"}]}))
pathlib.Path("out").mkdir()
coco_instance_segmentation_to_sa_vector("coco.json", pathlib.Path("out"))
(made,) = [json.loads(path.read_text()) for path in pathlib.Path("out").iterdir()]
shapes = made["instances"]
filled = np.zeros((SIZE, SIZE), np.uint8)
for shape in shapes:
    cv2.fillPoly(filled, [np.array(shape["points"], np.int32).reshape(-1, 2)], 1)
times = float(filled.sum() / wall.sum())
print("superannotate", importlib.metadata.version("superannotate"), f"- {len(shapes)} polygon of {wall.sum()} pixels, without a hole ({shapes[0].get('exclude')}): {filled.sum()}, {times:.1f} times")
assert len(shapes) == 1 and not shapes[0].get("exclude") and round(times, 1) == 5.3
PYTHON
"$folder/other/bin/python" -s superannotate_rings.py 2>/dev/null
echo "as stated"
