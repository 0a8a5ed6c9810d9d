#!/usr/bin/env bash
# isat-sam 1.5.2 (labelling with SAM): masks of a COCO file are dropped when they say "iscrowd": 0, as COCO's own files and nearly all others do.
#
# Expected: a COCO file converted to ISAT has its polygons; where masks are run lengths, they are converted or refused.
# What happens: iscrowd is compared with False and True by "is", and is neither when it is the number 0 or 1. Every image gets its file, with its size and no objects. Nothing is said.
# Without iscrowd, or with JSON's false and true, the polygons are there. An outline and its hole become two filled polygons of one group.
# Why it matters: whoever opens the converted folder finds images without masks, labels them anew, or trains on them as images without the structure.
# Seen on 30 November 2026 with isat-sam 1.5.2, pycocotools 2.0.11, opencv-python-headless 4.13.0.92, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" pycocotools==2.0.11 opencv-python-headless==4.13.0.92 numpy==2.4.6 tqdm imgviz pyyaml
"${get[@]}" --no-deps isat-sam==1.5.2
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import json

from ISAT.formats.coco import COCO

nothing = object()


def converted(iscrowd):
    """The objects in the files that ISAT makes of two images with one structure each."""
    annotations = []
    for image in (1, 2):
        annotation = {"id": image, "image_id": image, "category_id": 1, "segmentation": [[10, 10, 50, 10, 50, 40, 10, 40]], "area": 1200, "bbox": [10, 10, 40, 30]}
        annotations.append(annotation if iscrowd is nothing else {**annotation, "iscrowd": iscrowd})
    images = [{"id": image, "file_name": f"{image}.png", "height": 60, "width": 80} for image in (1, 2)]
    with open("a.json", "w") as file:
        json.dump({"images": images, "categories": [{"id": 1, "name": "wall"}], "annotations": annotations}, file)
    reader = COCO()
    reader.read_from_coco("a.json")
    reader.save_to_ISAT("made")
    made = []
    for image in (1, 2):
        with open(f"made/{image}.json") as file:
            made.append(json.load(file))
    assert all((one["info"]["width"], one["info"]["height"]) == (80, 60) for one in made)
    return [len(one["objects"]) for one in made]


seen = {name: converted(value) for name, value in {"left out": nothing, "false": False, "true": True, "0": 0, "1": 1}.items()}
print("isat-sam", importlib.metadata.version("isat-sam"), "- objects in the two files, by iscrowd:", seen)
assert seen == {"left out": [1, 1], "false": [1, 1], "true": [1, 1], "0": [0, 0], "1": [0, 0]}
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py 2>/dev/null
