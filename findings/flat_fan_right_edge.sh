#!/usr/bin/env bash
# ultrasound-processing-package-minimal 0.2.2 (lays convex pictures out flat): in a frame that is wider than high, what lies to the right of a column as far out as the frame is high is that column, smeared.
#
# Expected: transform_image lays the fan out by angle and depth, so that of a fan with the same two targets on its left and its right both are there, mirrored.
# What happens: columns are cut off at the number of rows less two and rows at the number of columns, which are exchanged. Of a fan in a frame of 800 x 600 everything beyond column 604 is that column (598, six having been cut off before): the left target has 1,055 pixels,
# the right one none. In 940 x 700 it is the same, in 900 x 900 both are there. Nothing is said.
# (Its source was read before it was run. That its elder, ultrasound-processing-package, makes stripes is findings/flat_fan_brightness.sh.)
# Why it matters: frames of scanners are 4:3 or wider, and a fan fills them. A tenth of it (here), always on the same side, is made up, and brightness and masks of the flat picture with it.
# Seen on 30 November 2026 with ultrasound-processing-package-minimal 0.2.2, numpy 2.4.6, scipy 1.17.1, pillow 12.0.0, opencv-python-headless 4.13.0.92, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" numpy==2.4.6 scipy==1.17.1 pillow==12.0.0 opencv-python-headless==4.13.0.92
"${get[@]}" --no-deps ultrasound-processing-package-minimal==0.2.2
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata

import numpy as np
from PIL import Image
from ultrasound_processing.transform import transform_image

print("ultrasound-processing-package-minimal", importlib.metadata.version("ultrasound-processing-package-minimal"))
HALF, CM, TOP = 35, 40, 20


def fan(height, width, depth):
    """Give even tissue of 100 with a target of 200 on either side at 27 degrees, and a tick every cm in the third row and column."""
    first = 4 * CM
    rows, columns = np.mgrid[:height, :width]
    down, across = rows - (TOP - first * np.cos(np.deg2rad(HALF))), columns - (width + 6) / 2
    distance, angle = np.hypot(down, across), np.rad2deg(np.arctan2(across, down))
    frame = np.zeros((height, width), np.uint8)
    frame[(np.abs(angle) <= HALF) & (distance >= first) & (distance <= first + depth * CM)] = 100
    frame[(np.abs(np.abs(angle) - 27) < 2) & (np.abs(distance - first - (depth - 1.5) * CM) < CM / 2)] = 200
    frame[2, 10::CM] = frame[10::CM, 2] = 150
    return frame


found = {}
for height, width, depth in ((600, 800, 11), (700, 940, 13), (900, 900, 13)):
    frame = fan(height, width, depth)
    flat = transform_image(Image.fromarray(frame), HALF, 50)[0]
    middle = flat.shape[1] // 2
    found[height, width] = [int((half > 180).sum()) for half in (flat[:, :middle], flat[:, -middle:])]
    beyond = (frame[TOP:, height:] > 0).sum() / (frame[TOP:] > 0).sum()
    print(f"{width} x {height}: pixels of the target on the left {found[height, width][0]}, on the right {found[height, width][1]}; {beyond:.0%} of the fan lies beyond column {height}")
assert found == {(600, 800): [1055, 0], (700, 940): [991, 0], (900, 900): [559, 559]}, found
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
