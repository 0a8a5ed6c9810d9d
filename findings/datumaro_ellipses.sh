#!/usr/bin/env bash
# datumaro 1.13.12 leaves out the ellipses of a CVAT file, and turned boxes of whatever it writes as COCO.
#
# Expected:   what CVAT wrote ("CVAT for images 1.1") arrives, or the reader says what it left out: datumaro has an annotation of its own
#             for ellipses, and writes those to COCO as outlines.
# What happens: of an ellipse, a mask, a turned box and a polygon the reader returns all but the ellipse. Written to COCO, the turned box
#             goes, too, and two of four shapes are left. A frame with a head alone is a frame without one. Neither import_from nor
#             export raises or warns.
# Why it matters: fetal heads, follicles and ventricles are drawn as ellipses, and CVAT has a tool for it; datumaro is CVAT's own companion
#             for conversion. The frames stay in the set and teach that there is nothing.
# Seen with:  datumaro 1.13.12, numpy 2.4.6, Python 3.11, 2026-11-29.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check datumaro==1.13.12 numpy==2.4.6
cd "$folder"
venv/bin/python - 2>said.txt <<'PYTHON'
import importlib.metadata
import json
import pathlib

import numpy as np
from datumaro.components.annotation import AnnotationType, Ellipse
from datumaro.components.dataset import Dataset
from datumaro.components.dataset_base import DatasetItem
from datumaro.components.media import Image
from PIL import Image as Picture

SHAPES = {
    "ellipse": '<ellipse label="head" occluded="0" cx="40.00" cy="30.00" rx="20.00" ry="10.00" z_order="0"></ellipse>',
    "mask": '<mask label="head" occluded="0" rle="2, 6, 2" left="10" top="10" width="5" height="2" z_order="0"></mask>',
    "box": '<box label="head" occluded="0" xtl="20.00" ytl="20.00" xbr="50.00" ybr="30.00" rotation="45.00" z_order="0"></box>',
    "polygon": '<polygon label="head" occluded="0" points="1.00,1.00;9.00,1.00;9.00,9.00" z_order="0"></polygon>',
}
LABELS = "<labels><label><name>head</name><attributes></attributes></label></labels>"
HEAD = f"<version>1.1</version><meta><task><id>1</id><name>t</name><size>1</size><mode>annotation</mode>{LABELS}</task></meta>"


def read(names):
    folder = pathlib.Path("-".join(names))
    (folder / "images").mkdir(parents=True)
    Picture.new("L", (80, 60)).save(folder / "images/frame.png")
    image = f'<image id="0" name="frame.png" width="80" height="60">{"".join(SHAPES[name] for name in names)}</image>'
    (folder / "annotations.xml").write_text(f'<?xml version="1.0" encoding="utf-8"?>\n<annotations>{HEAD}{image}</annotations>\n')
    return Dataset.import_from(str(folder), "cvat")


def kinds(data):
    return sorted(one.type.name for item in data for one in item.annotations)


def coco(data, name):
    data.export(name, "coco_instances")
    return sum(len(json.loads(path.read_text())["annotations"]) for path in pathlib.Path(name).glob("annotations/*.json"))


print("datumaro", importlib.metadata.version("datumaro"))
whole = read(list(SHAPES))
alone = read(["ellipse"])
print("of", list(SHAPES), "it reads", kinds(whole), "- of the ellipse alone", kinds(alone), "in", len(alone), "image")
written = coco(whole, "coco")
picture = Image.from_numpy(np.zeros((60, 80, 3), np.uint8))
own = Dataset.from_iterable(
    [DatasetItem(id="frame", subset="train", media=picture, annotations=[Ellipse(20, 20, 60, 40, label=0)])], categories=["head"]
)
print("in COCO:", written, "of 4; of an ellipse made in datumaro itself:", coco(own, "own"), "of 1")
as_described = (
    kinds(whole) == ["mask", "polygon", "rotated_bbox"] and kinds(alone) == [] and len(alone) == 1
    and written == 2 and AnnotationType.ellipse in {one.type for item in own for one in item.annotations}
)
raise SystemExit(0 if as_described else "datumaro does otherwise now")
PYTHON
if grep -i ellipse said.txt; then exit 1; fi
echo "nothing said of ellipses"
