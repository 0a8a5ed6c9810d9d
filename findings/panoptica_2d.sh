#!/usr/bin/env bash
# panoptica 2.1.7: of one result, distances by instance are in mm and global ones in pixels; drawn in 2D, a thin line is hundreds of
# instances.
#
# Expected: evaluate(..., voxelspacing=(0.2, 0.5)) gives all distances in mm; a mask means the same as (H, W) and as (1, H, W).
# What happens: a box moved down by 6 rows of 0.2 mm has sq_hd 1.2, as medpy says, and global_bin_hd 6.0 beside it, global_bin_assd 3.77 beside
# 0.78: the spacing never reaches the global metrics. Instances of 2D masks are parted where pixels touch by their corners alone, of masks
# with three axes they aren't: OpenCV's line of one pixel's width is 221 instances as (H, W) and one as (1, H, W). With one
# column of it missed, pq is 1.00 in the first case (220 found of 221) and 0.50 in the second.
# Why it matters: needles, linear walls and outlines are counted by their steps; a table mixes mm and pixels under like names, and the
# pixels of a frame of 0.2 mm make its global distances five times what they are.
# Seen on 29 November 2026 with panoptica 2.1.7, connected-components-3d 3.29.0, medpy 0.5.2, opencv 5.0.0, scipy 1.17.1, numpy 2.2.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check panoptica==2.1.7 connected-components-3d==3.29.0 \
    medpy==0.5.2 opencv-python-headless==5.0.0.93 scipy==1.17.1 numpy==2.2.6
cd "$folder"
venv/bin/python -W ignore - 2>/dev/null <<'PYTHON' | grep '^> '
import importlib.metadata

import cv2
import numpy as np
from medpy.metric.binary import assd, hd
from panoptica import ConnectedComponentsInstanceApproximator, InputType, Metric, NaiveThresholdMatching, Panoptica_Evaluator

DISTANCES = [Metric.HD, Metric.ASSD]


def result(prediction, truth, **more):
    judge = Panoptica_Evaluator(
        expected_input=InputType.SEMANTIC, instance_approximator=ConnectedComponentsInstanceApproximator(),
        instance_matcher=NaiveThresholdMatching(), instance_metrics=[Metric.DSC, Metric.IOU, *DISTANCES],
        global_metrics=[Metric.DSC, *DISTANCES],
    )
    return judge.evaluate(prediction, truth, verbose=False, **more)["ungrouped"].to_dict()


def box(down):
    mask = np.zeros((120, 160), np.uint8)
    mask[30 + down : 60 + down, 40:90] = 1
    return mask


versions = " ".join(f"{name} {importlib.metadata.version(name)}" for name in ("panoptica", "connected-components-3d", "medpy", "numpy"))
print("\n>", versions)
names = ("sq_hd", "global_bin_hd", "sq_assd", "global_bin_assd")
seen = []
for spacing in ((1.0, 1.0), (0.2, 0.5)):
    found = result(box(6), box(0), voxelspacing=spacing)
    true = hd(box(6), box(0), spacing), assd(box(6), box(0), spacing)
    seen.append((*(round(float(found[name]), 2) for name in names), round(true[0], 2), round(true[1], 2)))
    print("> spacing", spacing, *(f"{name} {value}" for name, value in zip((*names, "medpy HD", "ASSD"), seen[-1], strict=True)))

line = np.zeros((480, 640), np.uint8)
cv2.line(line, (100, 80), (500, 300), 1, 1)
broken = line.copy()
broken[:, 200] = 0
flat, deep = result(broken, line), result(broken[None], line[None])
for name, found in (("(H, W)", flat), ("(1, H, W)", deep)):
    print(f"> line, one pixel of it missed, as {name}: instances {found['n_ref_instances']}, found {found['n_pred_instances']},",
          f"tp {found['tp']}, pq {found['pq']:.2f}, global Dice {found['global_bin_dsc']:.3f}")
as_described = (
    seen[0] == (6, 6, 3.77, 3.77, 6, 3.77) and seen[1] == (1.2, 6, 0.78, 3.77, 1.2, 0.78)
    and flat["n_ref_instances"] == 221 and deep["n_ref_instances"] == 1
)
print("> as stated" if as_described else "> panoptica does otherwise now")
raise SystemExit(0 if as_described else 1)
PYTHON
