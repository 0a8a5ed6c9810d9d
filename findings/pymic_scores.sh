#!/usr/bin/env bash
# PyMIC 0.6.2 (pymic_eval_seg): "volume" is the reference's, not the segmentation's; HD95 is never above 50 and ASSD never above 20, in whatever unit.
#
# Expected: in eval_volume.csv, written beside the segmentations, their volumes; distances as large as they are, and a missed structure marked.
# What happens: the volume is computed from the ground truth, so a mask of a quarter of the area, and one without a pixel, have the right volume.
# min(score, 50) and min(score, 20) cut every distance, "to reject outliers" in the source alone, in pixels for PNG and in mm for NIfTI. A nodule that was
# found 200 pixels from where it is has HD95 50 and ASSD 20, one that was missed has the same, and a disc of half the radius, 25 pixels off, 20 as well.
# Why it matters: the file of volumes agrees with the reference whatever the model does. Pictures of ultrasound are 600 to 1000 pixels wide, so that
# means over PNG files are means of what was cut; a bad model and a worse one have the same.
# Seen on 30 November 2026 with PyMIC 0.6.2, torch 2.13.0, numpy 2.4.6, SimpleITK 2.5.7, scikit-image 0.26.0, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6 SimpleITK==2.5.7 scikit-image==0.26.0 pandas h5py pillow
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps pymic==0.6.2
cd "$folder"
mkdir reference model
venv/bin/python - <<'PYTHON'
import contextlib
import csv
import io
from importlib.metadata import version

import numpy as np
from PIL import Image
from pymic.util.evaluation_seg import evaluation
from scipy.ndimage import binary_erosion, distance_transform_edt

print("PyMIC", version("pymic"))
down, across = np.mgrid[:300, :400]


def disc(x: float, radius: float) -> np.ndarray:
    return (((across - x) ** 2 + (down - 150) ** 2) <= radius**2).astype(np.uint8)


def distances(one: np.ndarray, other: np.ndarray) -> float:
    """The mean distance of both outlines, in pixels."""
    edges = [mask & ~binary_erosion(mask) for mask in (one > 0, other > 0)]
    found = [distance_transform_edt(~edges[1])[edges[0]], distance_transform_edt(~edges[0])[edges[1]]]
    return float(np.concatenate(found).mean())


cases = {"smaller": (disc(100, 50), disc(100, 25)), "elsewhere": (disc(100, 30), disc(300, 30)), "missed": (disc(100, 30), disc(100, 30) * 0)}
for name, (reference, model) in cases.items():
    Image.fromarray(reference).save(f"reference/{name}.png")
    Image.fromarray(model).save(f"model/{name}.png")
scores = {}
for metric in ("volume", "hd95", "assd"):
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation({"metric_list": [metric], "label_list": [1], "ground_truth_folder": "reference", "segmentation_folder": "model"})
    with open(f"model/eval_{metric}.csv") as file:
        scores[metric] = {row[0][:-4]: float(row[1]) for row in csv.reader(file) if row[0].endswith(".png")}
for name, (reference, model) in cases.items():
    right = distances(reference, model) if model.any() else None
    print(f"{name}: {model.sum()} pixels of {reference.sum()}, outlines apart {right and round(right, 1)}:", {one: round(scores[one][name], 1) for one in scores})
    assert scores["volume"][name] == reference.sum() != (0 if name == "elsewhere" else model.sum())
    assert scores["assd"][name] == 20 and (right is None or right > 24)
assert scores["hd95"]["elsewhere"] == scores["hd95"]["missed"] == 50 and 25 < scores["hd95"]["smaller"] < 25.1
print("as stated")
PYTHON
