#!/usr/bin/env bash
# MONAI 1.6.1, UltrasoundConfidenceMapTransform: of a picture that MONAI itself has read, confidence falls from left to right and no longer with depth; its channel is gone.
#
# Expected: LoadImage, EnsureChannelFirst and the transform give [1, H, W], as it documents: 1 at the probe, 0 at the bottom, and little in the shadow below a bright reflector.
# What happens: LoadImage returns pictures as (width, height), as all of MONAI does, and the transform takes the first of the two for depth: confidence is 1 along the left edge
# and 0 along the right one. The shadow has 0.83, the tissue beside it 1.00; of the same array upright they have 0.00 and 0.23. The answer is (W, H), without the
# channel that the next transform of a Compose wants. Nothing is said of either.
# Why it matters: it is MONAI's transform for ultrasound, made to weigh or mask what a network sees of shadows. In the pipeline of its own readers it weighs the left
# of each frame above the right.
# Seen on 29 November 2026 with monai 1.6.1, torch 2.13.0, numpy 2.4.6, scipy 1.17.1, pillow 13.0.0, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip=("$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check)
"${pip[@]}" torch==2.13.0
"${pip[@]}" monai==1.6.1 numpy==2.4.6 scipy==1.17.1 pillow==13.0.0
cd "$folder"
venv/bin/python -W ignore - 2>errors <<'PYTHON' || { tail -3 errors; exit 1; }
import monai
import numpy as np
from monai.transforms import Compose, EnsureChannelFirst, LoadImage, UltrasoundConfidenceMapTransform
from PIL import Image

HEIGHT, WIDTH = 120, 160
frame = np.clip(np.random.default_rng(0).normal(90, 25, (HEIGHT, WIDTH)), 0, 255)
frame[40:44, 60:100], frame[44:, 60:100] = 255, 5  # a reflector and its shadow
frame = frame.astype(np.uint8)
Image.fromarray(frame).save("frame.png")
confidence = UltrasoundConfidenceMapTransform()
upright = np.asarray(confidence(frame[None].astype(np.float32)))
by_monai = np.asarray(Compose([LoadImage(image_only=True), EnsureChannelFirst(), confidence])("frame.png"))
print("monai", monai.__version__, "- shapes of a frame of", (HEIGHT, WIDTH), ": array", upright.shape, "read by LoadImage", by_monai.shape)


def summary(rows_down):
    """Means along the upper, lower, left and right edge; in the shadow, and beside it at the same depth."""
    edges = [rows_down[0], rows_down[-1], rows_down[:, 0], rows_down[:, -1]]
    return [round(float(part.mean()), 2) for part in (*edges, rows_down[90:110, 70:90], rows_down[90:110, 20:40])]


seen = {"upright": summary(upright), "by LoadImage": summary(by_monai.T)}
for name, values in seen.items():
    print(f"{name}: top {values[0]}, bottom {values[1]}, left {values[2]}, right {values[3]}, shadow {values[4]}, beside {values[5]}")
assert upright.shape == (HEIGHT, WIDTH) and by_monai.shape == (WIDTH, HEIGHT)
up, turned = seen["upright"], seen["by LoadImage"]
assert up[:2] == [1, 0] and turned[2:4] == [1, 0] and up[4] < 0.05 < 0.2 < up[5] and turned[4] > 0.2 and turned[0] > 0.5 and turned[1] > 0.5
print("as stated")
PYTHON
