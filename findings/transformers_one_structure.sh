#!/usr/bin/env bash
# transformers 5.24.0: found alone in a frame, a structure gets the whole frame for its mask (panoptic: DETR, Mask2Former, MaskFormer, OneFormer; instances:
# DETR, Conditional DETR).
#
# Expected: post_process_panoptic_segmentation and DETR's post_process_instance_segmentation give the pixels whose mask is above mask_threshold (0.5,
# "to use when turning the predicted masks into binary values"), and 0 elsewhere, "if there is no corresponding segment".
# What happens: each pixel goes to the query that is greatest there, among those that found something, however small it is. The threshold
# serves to decide whether a segment is kept at all. With one structure, 15,361 pixels of 640 x 480 with a probability of 1 and 0.00005 elsewhere, all
# 307,200 pixels are its mask (Dice 0.10); with two, the first has over 300,000. No pixel is 0, and nothing is said. Models
# that were trained with background as classes ("stuff") hide it. Mask2Former's and MaskFormer's instance segmentation is right (Dice 0.99).
# Why it matters: a frame of ultrasound has one lesion, one head, one ventricle, and no classes for the rest; a model that is fine-tuned on it has a
# right mask, and the answer is the frame.
# Seen on 29 November 2026 with transformers 5.24.0, torch 2.13.0, torchvision 0.28.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip=("$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check)
"${pip[@]}" torch==2.13.0
"${pip[@]}" transformers==5.24.0 numpy==2.4.6 pillow==13.0.0
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

HEIGHT, WIDTH = 480, 640
STRUCTURE, NOTHING = 1, 3  # of the classes 0 to 2, and "no object"
y, x = np.mgrid[:HEIGHT, :WIDTH]
large, small = np.hypot(x - 320, y - 300) < 70, np.hypot(x - 120, y - 120) < 40


def answer(masks):
    """What a model gives that is sure of each mask, and of a third query that there is nothing."""
    shapes = torch.tensor(np.stack([*masks, np.zeros_like(large)]))[None].float()
    logits = torch.nn.functional.interpolate(shapes, size=(HEIGHT // 4, WIDTH // 4), mode="area") * 20 - 10
    classes = torch.full((1, len(masks) + 1, NOTHING + 1), -10.0)
    classes[0, :-1, STRUCTURE] = classes[0, -1, NOTHING] = 10
    boxes = torch.full((1, len(masks) + 1, 4), 0.5)
    return SimpleNamespace(class_queries_logits=classes, masks_queries_logits=logits, logits=classes, pred_masks=logits, pred_boxes=boxes)


def scores(name, kind, masks):
    """Pixels and Dice of the segment that fits each mask best, and how many pixels belong to none."""
    processor = getattr(transformers, name + "ImageProcessor")()
    kwargs = {"label_ids_to_fuse": set()} if kind == "panoptic" else {}
    process = getattr(processor, f"post_process_{kind}_segmentation")
    found = process(answer(masks), threshold=0.5, mask_threshold=0.5, target_sizes=[(HEIGHT, WIDTH)], **kwargs)[0]
    segmentation = found["segmentation"].numpy()
    segments = [segmentation == one["id"] for one in found["segments_info"]]
    rows = []
    for mask in masks:
        dice, pixels = max((2 * (one & mask).sum() / (one.sum() + mask.sum()), one.sum()) for one in segments)
        rows.append((int(pixels), round(float(dice), 2)))
    return rows, int((~np.any(segments, axis=0)).sum())


print("transformers", transformers.__version__, "- the structures have", large.sum(), "and", small.sum(), "pixels of", HEIGHT * WIDTH)
cases = [(name, "panoptic") for name in ("Detr", "Mask2Former", "MaskFormer", "OneFormer")]
cases += [(name, "instance") for name in ("Detr", "ConditionalDetr", "Mask2Former", "MaskFormer")]
frame = HEIGHT * WIDTH
as_described = True
for name, kind in cases:
    (one,), none = scores(name, kind, [large])
    two, _ = scores(name, kind, [large, small])
    print(f"{name}, {kind}: one structure (pixels, Dice) {one}, of two {two}; pixels of no structure {none}")
    right = kind == "instance" and name in ("Mask2Former", "MaskFormer")
    as_described &= one[1] > 0.98 and two[0][1] > 0.98 if right else one == (frame, 0.1) and none == 0 and two[0][0] > 300_000
raise SystemExit(0 if as_described else "transformers does otherwise now")
PYTHON
