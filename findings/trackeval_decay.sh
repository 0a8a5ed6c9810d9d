#!/usr/bin/env bash
# trackeval 1.3.0 (J&F of video segmentation): from 256 frames on, the decay of a track that is lost at the end is 0 or not-a-number.
#
# Expected: J-Decay and F-Decay are the mean of the first quarter less that of the last, for a cine of any length.
# What happens: the quarters' bounds are kept in eight bits. A structure found to the pixel for three quarters of the cine and 8 pixels off after
# that has a J-Decay of 0.65 on 200 frames, not-a-number on 256 and 300, and 0 on 400 and 500, where "the last
# quarter" begins at 43 of 400. Only numpy's warning of an overflow says something. J, F and J&F are right.
# Why it matters: decay says whether a tracker drifts, which is what long cines are tracked for; 256 frames are five seconds of ultrasound.
# Seen on 29 November 2026 with trackeval 1.3.0, numpy 2.4.6, pycocotools 2.0.11, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check trackeval==1.3.0 numpy==2.4.6 pycocotools==2.0.11 \
    scikit-image==0.26.0 opencv-python-headless==5.0.0.93
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
from pycocotools import mask
from trackeval.metrics import JAndF

y, x = np.mgrid[:48, :64]
truth, moved = (mask.encode(np.asfortranarray(np.hypot(y - 24, x - column) < 10).astype(np.uint8)) for column in (30, 38))


def scored(frames):
    ids = [np.array([0]) for _ in range(frames)]
    tracked = [[truth] if frame < 0.75 * frames else [moved] for frame in range(frames)]
    return JAndF().eval_sequence({
        "num_timesteps": frames, "num_gt_ids": 1, "num_tracker_ids": 1, "gt_ids": ids, "tracker_ids": ids,
        "gt_dets": [[truth] for _ in range(frames)], "tracker_dets": tracked,
    })


print("trackeval", version("trackeval"), "numpy", np.__version__)
decay = {}
for frames in (100, 200, 256, 300, 400, 500):
    found = scored(frames)
    decay[frames] = round(float(found["J-Decay"]), 2)
    print(f"{frames} frames, the last quarter displaced: J {found['J-Mean']:.3f}, J-Decay {decay[frames]}, F-Decay {found['F-Decay']:.2f}")
as_described = (
    min(decay[100], decay[200]) > 0.6 and np.isnan(decay[256]) and np.isnan(decay[300]) and decay[400] == decay[500] == 0
)
raise SystemExit(0 if as_described else "trackeval does otherwise now")
PYTHON
