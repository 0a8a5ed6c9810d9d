#!/usr/bin/env bash
# sonocrop 0.56: what "sonocrop mask" blacks out depends on how long the clip is; of a short one the patient's name stays, of a long
# one the ultrasound goes.
#
# Expected: pixels that never change, name and scale, turn black; what moves stays; a clip and its first half second are masked alike.
# What happens: a pixel is kept if its number of different grey levels, divided by the number of frames, is above 0.05. A pixel that never
# changes has one level, so that in clips of fewer than 20 frames all of them are kept, the name included; a grey level has 8 bits, so that
# speckle of 40 levels is "static" from 800 frames on, and the whole picture turns black. "sonocrop crop", threshold 0.1, cuts nothing
# below 10 frames and writes no picture from 400 on. Each says "Done".
# Why it matters: it is offered for removing borders "that often contains patient information" before machine learning; a heart beat at
# 20 frames a second has fewer than 20 frames, a lung sweep of half a minute more than 800.
# Seen on 29 November 2026 with sonocrop 0.56, opencv-python-headless 5.0.0.93, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" opencv-python-headless==5.0.0.93 numpy==2.4.6 fire==0.7.1 rich==14.2.0
"${get[@]}" --no-deps sonocrop==0.56  # its opencv-python wants a desktop's libraries
export PYTHONPATH=$folder/packages
cd "$folder"
cat >run.py <<'PYTHON'
import contextlib
import importlib.metadata
import io
import os

import cv2
import numpy as np
from sonocrop.cli import crop, mask

NAME, TISSUE = np.s_[:, 4:10, 4:40], np.s_[:, 20:76, 20:76]
found = {}


def frames_of(path):
    reader, frames = cv2.VideoCapture(path), []
    while reader.isOpened():
        there, frame = reader.read()
        if not there:
            break
        frames.append(frame[..., 0])
    return np.array(frames)


for length in (8, 15, 100, 1200):
    rng = np.random.default_rng(0)
    clip = np.zeros((length, 80, 80), np.uint8)
    clip[TISSUE] = rng.integers(50, 90, clip[TISSUE].shape)  # 40 grey levels
    clip[NAME] = 255
    writer = cv2.VideoWriter("in.avi", cv2.VideoWriter_fourcc(*"FFV1"), 30, (80, 80), True)
    for frame in clip:
        writer.write(np.repeat(frame[..., None], 3, axis=2))
    writer.release()
    assert np.abs(frames_of("in.avi").astype(int) - clip).max() <= 2
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        mask("in.avi", "masked.mp4")
        crop("in.avi", "cropped.mp4")
    masked, cropped = frames_of("masked.mp4"), frames_of("cropped.mp4")
    kept = tuple(round(float((masked[part] > 25).mean()), 2) for part in (NAME, TISSUE))
    found[length] = *kept, cropped.shape[1:]
    print(f"{length:5d} frames: of the name {kept[0]:.0%} is left, of the ultrasound {kept[1]:.0%}; cropped to", cropped.shape[1:])
    for path in ("masked.mp4", "cropped.mp4"):
        if os.path.exists(path):
            os.remove(path)
print("sonocrop", importlib.metadata.version("sonocrop"))
assert found[15][0] > 0.95 and found[100][0] < 0.05 and found[100][1] > 0.95 and found[1200][1] < 0.05
assert found[8][2] == (80, 80) and found[100][2] < (70, 70) and found[1200][2] == ()
print("as stated")
PYTHON
python3 -s run.py 2>/dev/null
