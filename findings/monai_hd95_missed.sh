#!/usr/bin/env bash
# MONAI 1.6.1: a missed structure has Hausdorff distance infinity, but HD95 not-a-number, which the mean then leaves out.
#
# Expected:   HausdorffDistanceMetric answers alike for the maximum and for a percentile: of a structure that was missed, infinity, so that
#             the mean shows it.
# What happens: the percentile is interpolated between infinities, which gives NaN, and aggregate() takes NaN for "nothing to score". Ten
#             frames found two pixels off have a mean of 2; with nine of the ten missed it is 2 still, with "HD" it is infinite. A mask drawn
#             where there is nothing vanishes in the same way. Only get_not_nans() shows it: 1 for 10.
# Why it matters: HD95 is what papers report. A model that finds one frame of ten has the HD95 of a good one.
# Seen with:  MONAI 1.6.1, torch 2.13.0, numpy 2.4.6, Python 3.11, 2026-11-29.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check monai==1.6.1 numpy==2.4.6 scipy==1.17.1
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import math

import monai
import torch
from monai.metrics import HausdorffDistanceMetric


def box(right=0):
    mask = torch.zeros(1, 1, 60, 80)
    mask[..., 20:40, 20 + right : 50 + right] = 1
    return mask


EMPTY = torch.zeros(1, 1, 60, 80)


def mean(percentile, found, missed, drawn=0):
    """The metric's mean, and how many frames are in it."""
    metric = HausdorffDistanceMetric(include_background=True, percentile=percentile, get_not_nans=True)
    for answer, truth in [(box(2), box())] * found + [(EMPTY, box())] * missed + [(box(), EMPTY)] * drawn:
        metric(answer, truth)
    return tuple(one.item() for one in metric.aggregate())


print("MONAI", monai.__version__, "torch", torch.__version__)
cases = {"ten found": (10, 0), "nine of ten missed": (1, 9), "one found, three drawn where nothing is": (1, 0, 3)}
seen = {name: (mean(None, *case), mean(95, *case)) for name, case in cases.items()}
for name, (whole, ninetyfive) in seen.items():
    print(f"{name:40s} HD {whole[0]:.1f} over {whole[1]:.0f} frames, HD95 {ninetyfive[0]:.1f} over {ninetyfive[1]:.0f}")
first, *others = seen.values()
as_described = (
    first == ((2.0, 10.0), (2.0, 10.0)) and all(math.isinf(whole[0]) and part == (2.0, 1.0) for whole, part in others)
)
raise SystemExit(0 if as_described else "MONAI does otherwise now")
PYTHON
