#!/usr/bin/env bash
# torchmetrics 1.9.0: the Hausdorff distance of a mask from itself is 13 pixels on an image that is wider than high.
#
# Expected: HausdorffDistance gives 0 for equal masks and 3 for a box moved by three columns, as MONAI and medpy do, on any image.
# What happens: it does so on square images alone. Where the image is wider than high, distances are put back into the picture by its
# height in place of its width, so that they land at other pixels: 13 for equal masks, 13 for three columns, 12.5 for four rows. The
# class, the function, index and one-hot masks agree; nothing is said. (An image higher than wide ends in an IndexError.)
# Why it matters: ultrasound frames are 640 x 480 or 1024 x 768; a table of Hausdorff distances from them is noise, and plausible noise.
# Seen on 28 November 2026 with torchmetrics 1.9.0, torch 2.13.0, MONAI 1.6.1, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torchmetrics==1.9.0 monai==1.6.1 numpy==2.4.6 scipy==1.17.1
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import monai
import torch
import torchmetrics
from monai.metrics import compute_hausdorff_distance
from torchmetrics.segmentation import HausdorffDistance

print("torchmetrics", torchmetrics.__version__, "monai", monai.__version__, "torch", torch.__version__)


def box(height, width, top, left):
    """A box of 5 rows and 10 columns, (1, H, W)."""
    ids = torch.zeros(1, height, width, dtype=torch.int64)
    ids[0, top : top + 5, left : left + 10] = 1
    return ids


def found(height, width, down, right):
    first, second = box(height, width, 5, 5), box(height, width, 5 + down, 5 + right)
    metric = HausdorffDistance(num_classes=2, include_background=False, input_format="index")
    metric.update(first, second)
    truth = compute_hausdorff_distance(first[:, None].float(), second[:, None].float(), include_background=True)
    print(f"{width} x {height}, moved by {right}, {down}: torchmetrics {metric.compute():.2f}, MONAI {truth.item():.2f}")
    return round(metric.compute().item(), 2), truth.item()


square = [found(30, 30, *move) for move in ((0, 0), (0, 3), (4, 0))]
wide = [found(20, 30, *move) for move in ((0, 0), (0, 3), (4, 0))]
as_described = square == [(0.0, 0.0), (3.0, 3.0), (4.0, 4.0)] and wide == [(13.0, 0.0), (13.0, 3.0), (12.53, 4.0)]
raise SystemExit(0 if as_described else "torchmetrics does otherwise now")
PYTHON
