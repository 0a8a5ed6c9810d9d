#!/usr/bin/env bash
# mipcandy 1.1.3 (training and scoring of medical segmentation): a structure that is neither there nor found scores a Dice of 0, where if_empty=1 states 1.
#
# Expected: dice_similarity_coefficient gives if_empty, 1 unless told otherwise, "if both outputs and labels are empty", for each picture and structure.
# What happens: if_empty takes the denominator's place, so 0 / 1 = 0 is the score, and any other value gives 0 as well. Three structures of which a frame has two,
# both found perfectly, have a mean of 0.67. binary_dice does as stated for one picture.
# Why it matters: most views show a part of the structures (no atrium in a short axis). A perfect model scores as if it had missed each one that isn't there, the more so the more names a set has.
# Seen on 30 November 2026 with mipcandy 1.1.3, torch 2.13.0, numpy 2.4.6, Python 3.11 (its metrics module alone, which is plain PyTorch; the rest needs 3.12).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile --no-deps --ignore-requires-python mipcandy==1.1.3
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import pathlib
import sys
import types

import torch

# The package's __init__ imports its trainers, and its types need Python 3.12; the metrics' own code needs two names of them, for annotations alone.
path = next(f for f in importlib.metadata.files("mipcandy") if f.name == "metrics.py").locate()
package, names = types.ModuleType("mipcandy"), types.ModuleType("mipcandy.types")
package.__path__ = [str(pathlib.Path(path).parent)]
names.Device, names.Reduction = object, str
sys.modules |= {"mipcandy": package, "mipcandy.types": names}
from mipcandy import metrics

SIZE = 100
truth = torch.zeros(1, 3, SIZE, SIZE)  # cavity, wall, atrium; the last isn't in this view
truth[0, 0, 20:60, 20:60] = 1
truth[0, 1, 20:60, 60:80] = 1
print("mipcandy", importlib.metadata.version("mipcandy"), "- a perfect answer to a view that shows two of three structures")
each = metrics.dice_similarity_coefficient(truth, truth, reduction="none").tolist()
mean = {value: round(float(metrics.dice_similarity_coefficient(truth, truth, if_empty=value)), 3) for value in (1, 0.5, 2)}
alone = float(metrics.binary_dice(truth[:, 2:].bool(), truth[:, 2:].bool()))
print(f"each {each}; mean, by if_empty: {mean}; binary_dice of the one that isn't there: {alone}")
assert each == [[1.0, 1.0, 0.0]] and set(mean.values()) == {0.667} and alone == 1
print("as stated")
PYTHON
"$folder/venv/bin/python" -s run.py
