#!/usr/bin/env bash
# OpenCV 5.0.0's CSRT tracker: a structure that is out of the plane for half a second is found again in the corner of the frame, where it never was, and stays there.
#
# Expected: update() says False while the structure can't be seen (its documentation: false means that the target can't be located), and finds it, or goes on saying False, when it is back in its old place.
# What happens: a ring in speckle is tracked within two pixels; out of the plane for 15 frames, the tracker says False once, with a box of 0 x 0, and True from the next frame on: a box about the frame's upper left corner, partly
# outside, 170 to 200 pixels from the structure, to the end, although the structure is back where it was. So in four of six draws of speckle. KCF and MedianFlow of the same package say False for these 15 frames, no more, and have it
# back after them, in all six.
# Why it matters: on a breathing patient a nodule or a vessel leaves the plane with each breath. Whoever goes by the return value measures the corner, and the one False among a hundred frames is easily overlooked.
# Seen on 30 November 2026 with opencv-contrib-python-headless 5.0.0.93, scipy 1.17.1, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" opencv-contrib-python-headless==5.0.0.93 scipy==1.17.1 numpy==2.4.6
cd "$folder"
cat >run.py <<'PYTHON'
import cv2
import numpy as np
from scipy import ndimage

ROWS, COLUMNS, CENTRE, AWAY, COUNT = 240, 320, (160, 120), range(10, 25), 40
cv2.setNumThreads(1)
radius = np.hypot(np.arange(COLUMNS)[None] - CENTRE[0], np.arange(ROWS)[:, None] - CENTRE[1])


def cine(draw):
    """Still tissue, and in its middle a dark disc of 36 pixels with a bright wall of 6, which is away for 15 frames."""
    random = np.random.default_rng(draw)
    speckle = np.abs(sum(part * ndimage.gaussian_filter(random.normal(size=(ROWS, 2 * COLUMNS)), (1.2, 2.0)) for part in (1, 1j)))
    tissue, ring = speckle[:, :COLUMNS], speckle[:, COLUMNS:] * np.where(radius < 18, 0.15, 3.0)
    frames = []
    for index in range(COUNT):
        decibels = 20 * np.log10(np.where((radius < 24) & (index not in AWAY), ring, tissue) / speckle.max() + 1e-6)
        frames.append(cv2.cvtColor(np.clip((decibels + 50) / 50 * 255, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR))
    return frames


def followed(maker, frames):
    """Of each frame after the first how far the box is from the structure, in pixels, or None where it is said to be lost; and the last box."""
    tracker = maker()
    tracker.init(frames[0], (130, 90, 60, 60))
    answers = [tracker.update(one) for one in frames[1:]]
    far = [float(np.hypot(box[0] + box[2] / 2 - CENTRE[0], box[1] + box[3] / 2 - CENTRE[1])) if found else None for found, box in answers]
    return far, [round(float(value)) for value in answers[-1][1]]


corner = 0
for draw in range(6):
    frames = cine(draw)
    for name, maker in {"CSRT": cv2.TrackerCSRT.create, "KCF": cv2.TrackerKCF.create, "MedianFlow": cv2.legacy.TrackerMedianFlow_create}.items():
        far, box = followed(maker, frames)
        lost = [index + 1 for index, one in enumerate(far) if one is None]
        print(f"draw {draw}, {name}: False in frames {lost}; in view at first at most {max(far[:9]):.1f} pixels off; at the end {far[-1]}, box {box}")
        assert max(far[:9]) < 4
        if name == "CSRT":
            corner += len(lost) == 1 and all(one is not None and one > 100 for one in far[lost[0]:])
        else:
            assert lost == list(AWAY) and far[-1] < 4
print(f"found in the corner for good in {corner} of 6 draws")
assert corner == 4
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
