#!/usr/bin/env bash
# transformers 5.24.0: the "COCO run-length encoding" of found structures isn't COCO's, and the first entry of the list is the background.
#
# Expected: post_process_instance_segmentation(return_coco_annotation=True) gives "segmentation maps in COCO run-length encoding", one for each entry
# of segments_info: lengths of runs, 0 and 1 in turn, column by column, whose sum is the number of pixels, as pycocotools and all readers of COCO have it.
# What happens: the numbers are starts (counted from 1) and lengths in turn, row by row; their sum for a disc on 640 x 480 is 27 million, and pycocotools
# says "Invalid RLE mask representation". Of one structure the list has two entries, of which the first is all that isn't the structure, so that
# entry i belongs to segment i - 1. Mask2Former's and MaskFormer's processors alike.
# Why it matters: masks of a batch of frames are stored to be scored or corrected elsewhere, and can't be read by what they are named after; whoever
# decodes them by hand finds the first structure to be the frame around it.
# Seen on 29 November 2026 with transformers 5.24.0, torch 2.13.0, torchvision 0.28.0, pycocotools 2.0.11, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip=("$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check)
"${pip[@]}" torch==2.13.0
"${pip[@]}" transformers==5.24.0 numpy==2.4.6 pillow==13.0.0 pycocotools==2.0.11
"${pip[@]}" --no-deps torchvision==0.28.0
cd "$folder"
# Beside torch's build for CPUs torchvision's compiled operators don't load. They are declared instead; none is called here.
cat >torchvision_operators.py <<'PYTHON'
import torch

for name in ("nms", "qnms"):
    torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
PYTHON
PYTHONPATH=$folder HF_HUB_OFFLINE=1 venv/bin/python -W ignore - 2>errors <<'PYTHON' || { tail -3 errors; exit 1; }
from types import SimpleNamespace

import numpy as np
import torch
import torchvision_operators  # noqa: F401
import transformers
from pycocotools import mask as coco

HEIGHT, WIDTH = 480, 640
y, x = np.mgrid[:HEIGHT, :WIDTH]
disc = np.hypot(x - 320, y - 300) < 70
logits = torch.nn.functional.interpolate(torch.tensor(disc)[None, None].float(), size=(120, 160), mode="area") * 20 - 10
classes = torch.tensor([[[-10.0, 10.0, -10.0]]])
answer = SimpleNamespace(class_queries_logits=classes, masks_queries_logits=logits)
print("transformers", transformers.__version__)
as_described = True
for name in ("Mask2Former", "MaskFormer"):
    processor = getattr(transformers, name + "ImageProcessor")()
    as_map, as_runs = (
        processor.post_process_instance_segmentation(answer, target_sizes=[(HEIGHT, WIDTH)], return_coco_annotation=runs)[0]
        for runs in (False, True)
    )
    mask = as_map["segmentation"].numpy() == as_map["segments_info"][0]["id"]
    entries = [[int(one) for one in entry] for entry in as_runs["segmentation"]]
    numbers = entries[-1]
    by_rows = []
    for entry in entries:
        flat = np.zeros(HEIGHT * WIDTH, bool)
        for start, length in zip(entry[::2], entry[1::2], strict=True):
            flat[start - 1 : start - 1 + length] = True
        by_rows.append(flat.reshape(HEIGHT, WIDTH))
    same = [bool((one == mask).all()) for one in by_rows], [bool((one == ~mask).all()) for one in by_rows]
    try:
        coco.decode(coco.frPyObjects({"counts": numbers, "size": [HEIGHT, WIDTH]}, HEIGHT, WIDTH))
        read = "read"
    except ValueError as error:
        read = str(error)
    print(f"{name}: {len(as_runs['segments_info'])} structure, {len(entries)} entries; mask of {mask.sum()} pixels, {len(numbers)} numbers {numbers[:4]} ...,",
          f"sum {sum(numbers)} for {HEIGHT * WIDTH}; pycocotools: {read}; as starts and lengths along rows the mask: {same[0]}, the background: {same[1]}")
    as_described &= read == "Invalid RLE mask representation" and same == ([False, True], [True, False]) and len(as_runs["segments_info"]) == 1
raise SystemExit(0 if as_described else "transformers does otherwise now")
PYTHON
