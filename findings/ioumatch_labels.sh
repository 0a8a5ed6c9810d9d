#!/usr/bin/env bash
# ioumatch 0.1.1 (scores instance masks): label pictures of 16 bits are read as empty, so images drop out of the score; an object of two parts that is found to the pixel scores 0.
#
# Expected: evaluate_paths and evaluate_pairs score what the pictures hold ("PNG, TIFF, etc."), as evaluate_image does of the same arrays.
# What happens: OpenCV brings 16 bits to 8, so all labels below 256 become 0: no object is true, false or missed, F1 is 0. In evaluate_pairs such an image counts
# nothing, the score is that of the others. A mask in which only one structure was found, label 1 in two parts, is taken for a binary one and labelled anew:
# its parts no longer match the structure that has both, two are false and two missed. Nothing is said. Pictures of 8 bits without a palette, and arrays with several labels, are right.
# Why it matters: labels are written in 16 bits by many programs, and vessels, lungs and shadowed structures come in parts.
# Seen on 30 November 2026 with ioumatch 0.1.1, opencv-python-headless 4.13.0.92, scipy 1.17.1, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" opencv-python-headless==4.13.0.92 scipy==1.17.1 numpy==2.4.6
"${get[@]}" --no-deps ioumatch==0.1.1
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata

import cv2
import ioumatch
import numpy as np

y, x = np.mgrid[:480, :640]


def disc(row, column, radius):
    return (y - row) ** 2 + (x - column) ** 2 < radius**2


def counted(result):
    return tuple(int(result[name]) for name in ("tp", "fp", "fn")), round(float(result["f1"]), 2)


truth, found = np.zeros((480, 640), np.uint16), np.zeros((480, 640), np.uint16)
for label, (row, column) in enumerate([(150, 150), (150, 450), (350, 300)], start=1):
    truth[disc(row, column, 60)] = label
    found[disc(row, column, 55) & (label < 3)] = label


def written(kind, first=0):
    for name, labels in {"found.png": found, "truth.png": truth}.items():
        cv2.imwrite(name, np.where(labels > 0, labels + first, 0).astype(kind))
    return counted(ioumatch.evaluate_paths("found.png", "truth.png"))


print("ioumatch", importlib.metadata.version("ioumatch"), "- true, false, missed and F1 of two of three discs")
seen = {"arrays": counted(ioumatch.evaluate_image(found, truth)), "8 bits": written(np.uint8), "16 bits": written(np.uint16), "16 bits, labels from 201": written(np.uint16, 200)}
for name, result in seen.items():
    print(f"{name}: {result}")
assert seen["arrays"] == seen["8 bits"] == ((2, 0, 1), 0.8)
assert seen["16 bits"] == seen["16 bits, labels from 201"] == ((0, 0, 0), 0.0)

both = truth.copy()
both[both == 3] = 1  # the first structure has two parts, the second one
only = np.where(both == 1, 1, 0)
whole, parts = counted(ioumatch.evaluate_image(both, both)), counted(ioumatch.evaluate_image(only, both))
print(f"a structure of two parts beside another, both found: {whole}; it alone found, to the pixel: {parts}")
assert whole == ((2, 0, 0), 1.0) and parts == ((0, 2, 2), 0.0)
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
