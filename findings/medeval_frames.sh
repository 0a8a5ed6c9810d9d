#!/usr/bin/env bash
# medeval 0.1.7 (scores of medical segmentation): the Dice and IoU of frames without a channel axis count other things: an empty mask scores 0.88, a batch of empty masks 1.
#
# Expected: dice_score and jaccard_index take (H, W) as one picture, as the package's table of shapes states, and (B, H, W) as a batch; a mask beside the
# structure scores 0.
# What happens: the first axis is taken for the classes of a one-hot code, and the places of the largest values are compared: a picture's rows, a batch's pictures.
# A disc of 40 pixels in 200 x 300 has 0.88 with nothing, with the whole frame and with a disc that doesn't touch it, 0.89 with one displaced by half a radius
# (0.69 is right), and as integers 0.875 with itself. Batches of two to four such pictures score 1.0, whatever is compared. precision_score, recall_score and the
# distances in the same table are right, and so is everything as (B, 1, H, W).
# Why it matters: masks of ultrasound frames are two-dimensional. compute_segmentation_metrics gives such a table in one call, and a model that finds nothing reads as a good one.
# Seen on 30 November 2026 with medeval 0.1.7, torch 2.13.0, numpy 2.4.6, scipy 1.17.1, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile torch==2.13.0 numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile --no-deps medeval==0.1.7
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata

import numpy as np
import torch
from medeval.metrics.segmentation import compute_segmentation_metrics, dice_score, jaccard_index

y, x = np.mgrid[:200, :300]


def disc(column):
    return (y - 100) ** 2 + (x - column) ** 2 < 40**2


def score(function, mask, shape):
    return round(float(function(*(torch.from_numpy(each.astype(np.float32)).reshape(shape) for each in (mask, truth)))), 2)


truth = disc(150)
cases = {"the same": truth, "half a radius beside it": disc(170), "apart": disc(250), "nothing": np.zeros_like(truth), "everything": np.ones_like(truth)}
print("medeval", importlib.metadata.version("medeval"), "- Dice, as (1, 1, H, W) and as (H, W); IoU as (H, W)")
seen = {}
for name, mask in cases.items():
    right = round(float(2 * (mask & truth).sum() / (mask.sum() + truth.sum())), 2)
    seen[name] = score(dice_score, mask, (1, 1, 200, 300)), score(dice_score, mask, (200, 300)), score(jaccard_index, mask, (200, 300))
    print(f"{name}: {right:.2f} is right; {seen[name]}")
    assert seen[name][0] == right
assert seen["the same"][1:] == (1.0, 1.0)
assert all(0.87 <= value <= 0.9 for name in list(cases)[1:] for value in seen[name][1:])
itself = float(dice_score(torch.from_numpy(truth).int(), torch.from_numpy(truth).int()))
table = compute_segmentation_metrics(torch.zeros(200, 300), torch.from_numpy(truth).float(), spacing=(0.5, 0.2))
print(f"integers, with itself: {itself:.3f}; the table of an empty mask:", {name: round(float(value), 2) for name, value in table.items()})
assert round(itself, 3) == 0.875 and float(table["dice"]) > 0.87 and float(table["recall"]) == 0
batches = {}
for name, mask in cases.items():
    pair = [torch.from_numpy(np.stack([each] * 3).astype(np.float32)) for each in (mask, truth)]
    batches[name] = round(float(dice_score(*pair)), 2), round(float(dice_score(*(each[:, None] for each in pair))), 2)
print("a batch of three, as (B, H, W) and as (B, 1, H, W):", batches)
assert all(flat == 1 and right == seen[name][0] for name, (flat, right) in batches.items())
print("as stated")
PYTHON
"$folder/venv/bin/python" -s run.py
