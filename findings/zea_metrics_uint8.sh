#!/usr/bin/env bash
# zea 0.1.8 (ultrasound toolbox), its metrics of pictures of 8 bits: a mean absolute error of 236 for 20, or of 20, depending on which picture comes first; a correlation of 15.
#
# Expected: get_metric("mae"), "mse", "psnr" and "ncc" of uint8 pictures as of the same values in float, or an error; mae and mse the same both ways round; ncc at most 1.
# What happens: differences, squares and products are kept in 8 bits. Of 100 against 120 everywhere mae is 236 one way and 20 the other, mse 144 for 400, psnr 26.5 dB for 22.1, and ncc
# of speckle and the same 20 brighter, which is 1, is 15. The class Metrics converts first and is right; contrast is right.
# Why it matters: load_video and load_image of the same package give uint8. A denoiser or a compressed cine is scored by these numbers, and a better psnr is believed.
# Seen on 30 November 2026 with zea 0.1.8, keras 3.15.1, torch 2.13.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile zea==0.1.8 keras==3.15.1 torch==2.13.0 numpy==2.4.6
export KERAS_BACKEND=torch ZEA_LOG_LEVEL=ERROR HOME=$folder MPLBACKEND=agg OMP_NUM_THREADS=1
venv/bin/python - <<'PYTHON'
import importlib.metadata

import numpy as np
from zea.metrics import Metrics, get_metric

rng = np.random.default_rng(0)
speckle = rng.integers(60, 140, (64, 64, 1)).astype(np.uint8)
pairs = {"100 and 120": (np.full((64, 64, 1), 100, np.uint8), np.full((64, 64, 1), 120, np.uint8)), "speckle, 20 brighter": (speckle, speckle + np.uint8(20))}
print("zea", importlib.metadata.version("zea"))
seen = {}
for name, (first, second) in pairs.items():
    for metric in ("mae", "mse", "psnr", "ncc", "contrast"):
        function = get_metric(metric)
        values = [float(function(*pair)) for pair in ((first, second), (second, first), (first.astype(np.float32), second.astype(np.float32)))]
        seen[name, metric] = values
        print(f"{name}: {metric} {values[0]:.2f}, the other way round {values[1]:.2f}, as float {values[2]:.2f}")
    checked = Metrics(["mae", "psnr"], image_range=(0, 255))(first, second)
    assert abs(float(checked["mae"]) - 20) < 1e-3, checked
for name in pairs:
    assert round(seen[name, "mae"][0]) == 236 and round(seen[name, "mae"][1]) == 20 and round(seen[name, "mae"][2]) == 20
    assert round(seen[name, "mse"][0]) == 144 and round(seen[name, "mse"][2]) == 400
    assert round(seen[name, "psnr"][0], 1) == 26.5 and round(seen[name, "psnr"][2], 1) == 22.1
    assert seen[name, "ncc"][0] > 1.5 and seen[name, "ncc"][2] <= 1.0001
    assert abs(seen[name, "contrast"][0] - seen[name, "contrast"][2]) < 0.01
print("as stated")
PYTHON
