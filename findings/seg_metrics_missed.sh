#!/usr/bin/env bash
# seg-metrics 1.2.8: a structure that was missed altogether has a Hausdorff distance of 0, as if it had been found to the pixel.
#
# Expected: no distance, infinity, a figure as large as the image or an error, as MONAI, medpy, pymia and surface-distance answer each in
# its way; not the value of a perfect answer.
# What happens: where the prediction or the truth is empty, its distance map is taken as 0 everywhere: hd, hd95, msd, mdsd and stdsd are 0.
# A box found 2 pixels off has 2. A mask drawn where there is nothing gets 0 as well. No warning says so of the distances.
# Why it matters: a cine in which the structure is out of view, or lost by the tracker, is scored better with every frame that is lost:
# the mean Hausdorff distance of answers to ten frames falls from 2 to 0.2 when nine of them are left out.
# Seen on 29 November 2026 with seg-metrics 1.2.8, SimpleITK 2.5.7, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" SimpleITK==2.5.7 numpy==2.4.6 matplotlib==3.11.2 tqdm==4.70.1 pingouin==0.7.0
"${get[@]}" --no-deps seg-metrics==1.2.8 medutils==0.1.21
export PYTHONPATH=$folder/packages MPLBACKEND=agg
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import logging

import numpy as np
import SimpleITK as sitk
from seg_metrics.seg_metrics import write_metrics

logging.disable(logging.CRITICAL)
DISTANCES = ["hd", "hd95", "msd", "mdsd", "stdsd"]


def box(shift):
    mask = np.zeros((60, 80), np.uint8)
    mask[20:40, 20 + shift : 50 + shift] = 1
    return mask


EMPTY = np.zeros((60, 80), np.uint8)


def distances(truth, found):
    answer = write_metrics(labels=[1], gdth_img=truth, pred_img=found, metrics=list(DISTANCES))[0]
    return {name: round(float(answer[name][0]), 2) for name in DISTANCES}


cases = {
    "found": (box(0), box(0)), "two pixels off": (box(0), box(2)), "missed": (box(0), EMPTY), "drawn where nothing is": (EMPTY, box(0)),
}
seen = {name: distances(*pair) for name, pair in cases.items()}
for name, answer in seen.items():
    print(f"{name:22s}", answer)


def mean(shifted, missed):
    answers = [distances(box(0), box(2))["hd"] for _ in range(shifted)] + [distances(box(0), EMPTY)["hd"] for _ in range(missed)]
    return sum(answers) / len(answers)


print("mean hd of 10 frames: all two pixels off", mean(10, 0), "- nine of them missed", mean(1, 9))
by_itk = sitk.HausdorffDistanceImageFilter()
try:
    by_itk.Execute(sitk.GetImageFromArray(box(0)), sitk.GetImageFromArray(EMPTY))
    itk = "a value"
except RuntimeError:
    itk = "an error"
print("SimpleITK's own Hausdorff filter on the missed one:", itk, "- seg-metrics", importlib.metadata.version("seg-metrics"))
assert set(seen["missed"].values()) == set(seen["drawn where nothing is"].values()) == {0.0} and itk == "an error"
assert seen["two pixels off"]["hd"] == 2 and seen["found"] == seen["missed"] and mean(1, 9) < 0.3 < mean(10, 0)
print("as stated")
PYTHON
python3 -s run.py
