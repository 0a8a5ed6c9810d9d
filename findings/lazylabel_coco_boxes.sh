#!/usr/bin/env bash
# LazyLabel 1.7.0 (labelling with SAM): of a COCO file whose masks are run lengths it loads boxes as masks: a heart's wall of 8,792 pixels has 25,281.
#
# Expected: load_existing_mask, which reads IMAGE_coco.json when a picture is opened, gives the mask, or leaves out what it can't read; its comment has it fall back to the box "if no
# segmentation".
# What happens: a segmentation that isn't a list of polygons counts as none. Compressed run lengths (pycocotools) and plain ones (crowds) alike become filled rectangles of their box,
# with the structure's name, and are saved as such. A polygon of the same disc is right.
# Why it matters: walls and vessels can't be written as polygons, and SAM's own output is run lengths. Whoever corrects proposed masks finds rectangles, or trains on them, unseen.
# Seen on 30 November 2026 with lazylabel-gui 1.7.0, PyQt6 6.9.1, pycocotools 2.0.11, opencv-python-headless 5.0.0.93, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" --no-deps lazylabel-gui==1.7.0 opencv-python-headless==5.0.0.93
"${get[@]}" PyQt6==6.9.1 pycocotools==2.0.11 numpy==2.4.6
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import importlib.util
import json
import sys
import types

import cv2
import numpy as np
from pycocotools import mask as runs

# The packages around the file manager, without their __init__, which want SAM and torch.
(home,) = importlib.util.find_spec("lazylabel").submodule_search_locations
for name in ("lazylabel", "lazylabel.core", "lazylabel.utils"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = ["/".join([home, *name.split(".")[1:]])]
from lazylabel.core.file_manager import FileManager
from lazylabel.core.segment_manager import SegmentManager

HEIGHT, WIDTH = 240, 320
y, x = np.mgrid[:HEIGHT, :WIDTH]
disc = (y - 120) ** 2 + (x - 160) ** 2 < 80**2
wall = disc & ((y - 120) ** 2 + (x - 160) ** 2 >= 60**2)


def compressed(mask):
    found = runs.encode(np.asfortranarray(mask.astype(np.uint8)))
    return found | {"counts": found["counts"].decode()}


def plain(mask):
    column = mask.T.ravel().astype(int)
    ends = np.flatnonzero(np.diff(np.r_[0, column, 0]))
    return {"size": list(mask.shape), "counts": np.diff(np.r_[0, ends, column.size]).tolist()}


def polygon(mask):
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return [contours[0].ravel().tolist()]


def loaded(mask, segmentation, crowd=0):
    box = runs.toBbox(runs.encode(np.asfortranarray(mask.astype(np.uint8)))).tolist()
    one = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": segmentation, "area": int(mask.sum()), "bbox": box, "iscrowd": crowd}
    image = {"id": 1, "file_name": "a.png", "width": WIDTH, "height": HEIGHT}
    with open("a_coco.json", "w") as file:
        json.dump({"images": [image], "categories": [{"id": 1, "name": "myocardium"}], "annotations": [one]}, file)
    segments = SegmentManager()
    FileManager(segments).load_existing_mask("a.png", (HEIGHT, WIDTH))
    (segment,) = segments.segments
    assert segments.class_aliases == {1: "myocardium"}
    return int(segment["mask"].sum())


print("lazylabel-gui", importlib.metadata.version("lazylabel-gui"))
seen = {
    "wall, compressed run lengths": (wall, loaded(wall, compressed(wall))), "wall, a crowd's run lengths": (wall, loaded(wall, plain(wall), crowd=1)),
    "disc, compressed run lengths": (disc, loaded(disc, compressed(disc))), "disc, a polygon": (disc, loaded(disc, polygon(disc))),
}
for name, (mask, pixels) in seen.items():
    print(f"{name}: {pixels} pixels for {mask.sum()}")
assert [pixels for _, pixels in seen.values()] == [25281, 25281, 25281, int(disc.sum())] and int(wall.sum()) == 8792
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
