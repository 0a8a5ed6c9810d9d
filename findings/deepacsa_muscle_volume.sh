#!/usr/bin/env bash
# DeepACSA 0.3.1 (cross-sections of muscles on ultrasound): the volume of a muscle is a fifth to a third too small, and the echo intensity leaves out what is black and all parts but one.
#
# Expected: "The truncated cone formula is used": for areas a and b at a distance d it is d (a + b + the root of ab) / 3, so three sections of 10 cm2 at 1 cm have 20 cm3.
# "The echo intensity is calculated as the mean grey value of the pixels within the predicted muscle area": of a mask that lies half on 0 and half on 100 it is 50.
# What happens: b stands under the root, the root of (ab + b) is taken: 13.66 cm3 for 20, and what is missing depends on the unit, since an area is added to its square: 2 for three of 1 cm2 is 1.61, three of 20 have 27.0 for 40.
# The example of its own text, 11.33 cm3 for six areas at 3.75 cm, is what the function says for 1 cm; at 3.75 it says 42.5, and the formula 59.5.
# Echo intensity: 100 for 50, since pixels of 0 and 1 aren't counted, and of a mask in two parts of 50 and 150 the second alone, 150 for 104. Nothing is said.
# (Its source was read before it was run. How it reads the scale is findings/dl_track_ticks.sh.)
# Why it matters: volumes of muscles are compared with those of MRI and followed in the ill and in athletes; a third is more than what is lost in years. Blood vessels, fluid and shadows are black, and what they take from
# the echo intensity is what is looked for.
# Seen on 30 November 2026 with deepacsa 0.3.1 (calculate_muscle_volume.py and echo_int.py alone: the package asks for TensorFlow and a display), opencv-python-headless 4.13.0.92, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" numpy==2.4.6 opencv-python-headless==4.13.0.92
"${get[@]}" --no-deps deepacsa==0.3.1
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import importlib.util
import math
import pathlib

import cv2  # noqa: F401  (the package's own import, here for its message if it is missing)
import numpy as np

print("deepacsa", importlib.metadata.version("deepacsa"))


def load(name):
    path = pathlib.Path("packages/Deep_ACSA/gui_helpers") / f"{name}.py"
    specification = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


volume = load("calculate_muscle_volume").muscle_volume_calculation
echo = load("echo_int").calculate_echo_int
found = {}
for areas, distance in (([1, 1, 1], 1), ([10, 10, 10], 1), ([20, 20, 20], 1), ([2, 3, 5, 4, 2, 2], 3.75)):
    cones = sum((a + b + math.sqrt(a * b)) / 3 * distance for a, b in zip(areas, areas[1:]))
    said = volume(areas, distance)
    found[areas[0]] = (round(said, 2), round(cones, 2))
    print(f"sections of {areas} cm2 at {distance} cm: {said:.2f} cm3, by the formula {cones:.2f}: {100 * said / cones - 100:+.0f} %")
assert found == {1: (1.61, 2), 10: (13.66, 20), 20: (27.0, 40), 2: (42.48, 59.53)}, found
half = np.zeros((100, 100), np.uint8)
half[:, 50:] = 100
square = np.zeros((100, 100), np.uint8)
square[20:80, 20:80] = 1
parts = np.zeros((100, 100), np.uint8)
parts[10:40, 55:95] = parts[60:95, 5:45] = 1
levels = np.full((100, 100), 50, np.uint8)
levels[50:] = 150
for name, image, mask, right in (("half of 0, half of 100", half, square, 50), ("two parts, of 50 and 150", levels, parts, 103.846)):
    mean, said = round(float(image[mask > 0].mean()), 3), float(echo(image, mask.copy()))
    print(f"{name}: echo intensity {said}, mean of the mask {mean}")
    assert mean == right and said == (100 if right == 50 else 150)
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
