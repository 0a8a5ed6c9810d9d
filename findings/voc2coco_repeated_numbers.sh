#!/usr/bin/env bash
# labelme2datasets 0.0.4 (voc2coco): annotations are numbered anew in each picture, so that pycocotools shows and scores for every picture the boxes of another.
#
# Expected: the number of an annotation is its own in a COCO file, since annotations are looked up by it; image 1 has the boxes that were drawn on it.
# What happens: the first annotation of each picture is number 1, the second number 2. pycocotools loads by number, so the last picture's boxes are given for all: of two frames with two nodes each both have
# those of the second. COCOeval finds matches by number, too: a detector that finds all four, scored against this file, has an average precision of 0.25 where it has 1 with numbers of their own.
# Categories begin with 0, which in masks is the background. Both tools say nothing ("index created!").
# (Its source was read before it was run.)
# Why it matters: all frames of a patient seem to be labelled, at plausible places, and whoever trains by loadAnns trains on one frame's lesions.
# Seen on 30 November 2026 with labelme2datasets 0.0.4, xmltodict 1.0.4, pycocotools 2.0.11, numpy 2.4.6, pillow 12.0.0, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" numpy==2.4.6 pillow==12.0.0 xmltodict==1.0.4
"${get[@]}" --no-deps labelme2datasets==0.0.4 pycocotools==2.0.11
cd "$folder"
cat >run.py <<'PYTHON'
import contextlib
import copy
import importlib.metadata
import io
import json
import pathlib

from labelme2datasets.voc2coco import generate_coco_annotation
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

print("labelme2datasets", importlib.metadata.version("labelme2datasets"), "pycocotools", importlib.metadata.version("pycocotools"))
drawn = {"a": [(10, 10, 40, 30), (50, 50, 90, 70)], "b": [(100, 20, 140, 60), (150, 80, 190, 110)]}
for part in ("voc/ImageSets/Main", "voc/Annotations", "voc/JPEGImages", "coco/annotations"):
    pathlib.Path(part).mkdir(parents=True)
for name, boxes in drawn.items():
    Image.new("L", (200, 120)).save(f"voc/JPEGImages/{name}.jpg")
    objects = "".join(
        "<object><name>node</name><bndbox>"
        + "".join(f"<{key}>{value}</{key}>" for key, value in zip(("xmin", "ymin", "xmax", "ymax"), box))
        + "</bndbox></object>"
        for box in boxes
    )
    size = "<size><width>200</width><height>120</height></size>"
    pathlib.Path(f"voc/Annotations/{name}.xml").write_text(f"<annotation><filename>{name}.jpg</filename>{size}{objects}</annotation>")
pathlib.Path("voc/ImageSets/Main/train.txt").write_text("a\nb\n")
pathlib.Path("voc/class_names.txt").write_text("node\n")
quiet = contextlib.redirect_stdout(io.StringIO())
with quiet:
    generate_coco_annotation("voc/ImageSets/Main/train.txt", "voc", "coco")
written = json.loads(pathlib.Path("coco/annotations/train.json").read_text())
numbered = copy.deepcopy(written)
for number, annotation in enumerate(numbered["annotations"], 1):
    annotation["id"] = number
pathlib.Path("numbered.json").write_text(json.dumps(numbered))
print("numbers of the annotations:", [one["id"] for one in written["annotations"]], "categories:", [one["id"] for one in written["categories"]])
found = [{"image_id": a["image_id"], "category_id": 0, "bbox": a["bbox"], "score": 0.9} for a in written["annotations"]]
seen = {}
for name in ("coco/annotations/train.json", "numbered.json"):
    with quiet:
        truth = COCO(name)
        score = COCOeval(truth, truth.loadRes(copy.deepcopy(found)), "bbox")
        score.evaluate()
        score.accumulate()
        score.summarize()
    boxes = [[one["bbox"][:2] for one in truth.loadAnns(truth.getAnnIds(imgIds=image))] for image in (1, 2)]
    seen[name] = (boxes, round(float(score.stats[0]), 2))
    print(f"{name}: corners of image 1 {boxes[0]}, of image 2 {boxes[1]}; average precision of all found {seen[name][1]}")
first, second = [[10, 10], [50, 50]], [[100, 20], [150, 80]]
assert [one["id"] for one in written["annotations"]] == [1, 2, 1, 2]
assert seen["coco/annotations/train.json"] == ([second, second], 0.25), seen
assert seen["numbered.json"] == ([first, second], 1.0), seen
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
