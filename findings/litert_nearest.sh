#!/usr/bin/env bash
# litert-torch 0.10.0 (PyTorch to LiteRT, once TensorFlow Lite): interpolate(mode="nearest") takes other pixels: a mask reduced from 256 to 64 lies two pixels further down and right.
#
# Expected: the converted model answers as the torch model, whatever the sizes; torch has "nearest" (from the upper left corner) and "nearest-exact" (from the middle).
# What happens: both become nearest-exact. Reduced to a quarter each pixel is taken two rows and columns further on, to half one; 480 x 640 to 256 x 256 is off by up to a
# pixel, enlarged to sizes that aren't whole multiples too. Twice and three times as large is right. Bilinear by a scale on odd sizes takes the ratio of the sizes
# for the scale: 481 x 641 by 0.5 drifts to a pixel at the far end. By sizes, and by a scale on even ones, bilinear is right. Nothing is said.
# Why it matters: the mask that a SAM-like decoder is given back is reduced so, and labels are resized by "nearest", which is torch's default. Each pass moves the mask.
# Seen on 30 November 2026 with litert-torch 0.10.0, ai-edge-litert 2.3.0, torch 2.13.0 (CPU), Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" torch==2.13.0
"${get[@]}" litert-torch==0.10.0 ai-edge-litert==2.3.0 torch==2.13.0
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import logging
import os
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
import litert_torch
import numpy as np
import torch

torch.set_num_threads(1)


class Resized(torch.nn.Module):
    def __init__(self, **more):
        super().__init__()
        self.more = more

    def forward(self, frame):
        return torch.nn.functional.interpolate(frame, **self.more)


def off(rows, columns, **more):
    """By how many rows and columns, at most, other pixels are taken than by torch."""
    y, x = torch.meshgrid(torch.arange(rows).float(), torch.arange(columns).float(), indexing="ij")
    places, model = torch.stack([y, x])[None], Resized(**more).eval()
    difference = np.asarray(litert_torch.convert(model, (places,))(places)) - model(places).numpy()
    return [round(float(axis.min()), 1) + 0.0 for axis in difference[0]], [round(float(axis.max()), 1) + 0.0 for axis in difference[0]]


print("litert-torch", importlib.metadata.version("litert-torch"))
seen = {}
for name, case in {
    "256 x 256 to 64 x 64, nearest": dict(rows=256, columns=256, size=(64, 64), mode="nearest"),
    "64 x 64 to 32 x 32, nearest": dict(rows=64, columns=64, size=(32, 32), mode="nearest"),
    "480 x 640 to 256 x 256, nearest": dict(rows=480, columns=640, size=(256, 256), mode="nearest"),
    "64 x 64 by 2, nearest": dict(rows=64, columns=64, scale_factor=2, mode="nearest"),
    "481 x 641 by 0.5, bilinear": dict(rows=481, columns=641, scale_factor=0.5, mode="bilinear"),
    "480 x 640 by 0.5, bilinear": dict(rows=480, columns=640, scale_factor=0.5, mode="bilinear"),
}.items():
    seen[name] = off(**case)
    print(f"RESULT {name}: rows and columns from {seen[name][0]} to {seen[name][1]} further on")
assert seen["256 x 256 to 64 x 64, nearest"] == ([2, 2], [2, 2]) and seen["64 x 64 to 32 x 32, nearest"] == ([1, 1], [1, 1])
assert seen["480 x 640 to 256 x 256, nearest"][1] == [1, 1] and seen["481 x 641 by 0.5, bilinear"] == ([0, 0], [1, 1])
assert seen["64 x 64 by 2, nearest"] == seen["480 x 640 by 0.5, bilinear"] == ([0, 0], [0, 0])
print("RESULT as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py 2>/dev/null | grep -E "^(litert-torch|RESULT)" | sed "s/^RESULT //"
