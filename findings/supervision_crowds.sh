#!/usr/bin/env bash
# supervision 0.31.2 writes every mask with a hole or of two parts as a crowd, which COCO's evaluation then leaves out.
#
# Expected: DetectionDataset.as_coco gives a ring or a structure of two parts as run lengths with iscrowd 0, which COCO allows; a
# detector that misses them all scores 0.
# What happens: such a mask has iscrowd 1. pycocotools takes a crowd for a region in which nothing counts: a class of rings has AP -1,
# "no ground truth", whether found or missed, and overall AP is that of the rest. Trainers leave crowds out likewise. The line of one
# pixel's width gets an empty segmentation, and boxes are one pixel short in width and height.
# Why it matters: myocardium, walls of vessels and cysts with septa are rings or parts, needles are lines: exactly these vanish from
# training and score, and the figure gets better for it.
# Seen on 28 November 2026 with supervision 0.31.2, pycocotools 2.0.11, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check supervision==0.31.2 pycocotools==2.0.11 opencv-python-headless==5.0.0.93
cd "$folder"
venv/bin/python - <<'PYTHON' 2>/dev/null
import contextlib
import io
import json

import cv2
import numpy as np
import supervision
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

y, x = np.mgrid[:80, :100]
distance = np.hypot(y - 40, x - 50)
MASKS = {"ring": (distance < 30) & (distance > 20), "disc": distance < 25, "line": (y == 40) & (abs(x - 50) < 40)}
MASKS["two parts"] = (abs(y - 40) < 8) & (abs(abs(x - 50) - 20) < 8)
stack = np.stack(list(MASKS.values()))
cv2.imwrite("a.png", np.zeros((80, 100, 3), np.uint8))
truth = supervision.Detections(supervision.mask_to_xyxy(stack), mask=stack, class_id=np.arange(len(MASKS)))
dataset = supervision.DetectionDataset(list(MASKS), ["a.png"], {"a.png": truth})
dataset.as_coco(images_directory_path="images", annotations_path="a.json")
content = json.load(open("a.json"))
written = content["annotations"]
names = {one["category_id"]: name for one, name in zip(written, MASKS, strict=True)}
crowds = {names[one["category_id"]]: one["iscrowd"] for one in written}
boxes = {names[one["category_id"]]: one["bbox"] for one in written}
lines = [one["segmentation"] for one in written if names[one["category_id"]] == "line"]
json.dump(content | {"annotations": [one for one in written if one["segmentation"]]}, open("b.json", "w"))
read = supervision.DetectionDataset.from_coco("images", "a.json", force_masks=True)
areas = {names[int(kind) + 1]: int(mask.sum()) for _, _, all in read for mask, kind in zip(all.mask, all.class_id)}


def scores(found):
    with contextlib.redirect_stdout(io.StringIO()):
        truths = COCO("b.json")
        judge = COCOeval(truths, truths.loadRes([one | {"score": 0.9} for one in found]), "segm")
        judge.evaluate(), judge.accumulate(), judge.summarize()
    by_class = judge.eval["precision"][:, :, :, 0, 2].mean(axis=(0, 1))
    return {names[kind]: round(float(one), 2) for kind, one in zip(judge.params.catIds, by_class, strict=True)}


discs = scores([one for one in written if names[one["category_id"]] == "disc"])
print("supervision", supervision.__version__)
print("iscrowd:", crowds)
print("area read back:", areas, "of", {name: int(mask.sum()) for name, mask in MASKS.items()})
print("the line, 79 x 1 pixels: box", boxes["line"], "segmentation", *lines)
print("AP of answers in which only the disc was found, the line left out:", discs)
assert crowds == {"ring": 1, "disc": 0, "line": 0, "two parts": 1} and areas["line"] == 0 and lines == [[]]
assert discs["ring"] == discs["two parts"] == -1 and discs["disc"] == 1 and boxes["line"][2:] == [78, 0]
print("as stated")
PYTHON
