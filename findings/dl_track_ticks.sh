#!/usr/bin/env bash
# DL_Track_US 0.3.0 and Deep_ACSA 0.3.1 (architecture and cross-section of muscles): the scale that is read off the picture is that between the ticks, so thick ones make lengths too long.
#
# Expected: "the median distance between two detected bars", as both document it: 40 pixels for ticks every 40 pixels.
# What happens: the largest gap between bright rows is taken, which is the distance less the thickness of a tick, plus one: 40, 38 and 36 pixels for ticks of one, three and five rows. Fascicles and thicknesses are
# then 5 and 11 % too long, a cross-section, which goes by the square, 11 and 23 % too large; one tick that is hidden makes them half as long. Deep_ACSA compares the distance in millimetres
# with texts, though "The spacing parameter should be provided as an integer, not a string": with ticks every 5 mm given as 5 it says that 10 mm are 40 pixels, so areas are four times too large.
# The statement of the scale is printed as if it had been measured; nothing else is said.
# Why it matters: millimetres of muscles are followed over months and compared between scanners, whose ticks differ in thickness.
# Seen on 29 November 2026 with dl-track-us 0.3.0 and deepacsa 0.3.1 (their files calibrate.py alone: the packages ask for TensorFlow and a display), opencv-python-headless 4.13.0.92, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" numpy==2.4.6 opencv-python-headless==4.13.0.92
"${get[@]}" --no-deps --ignore-requires-python dl-track-us==0.3.0 deepacsa==0.3.1
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.util
import pathlib

import numpy as np


def file_of(package):
    found = importlib.util.spec_from_file_location("calibrate", pathlib.Path("packages") / package / "gui_helpers" / "calibrate.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


track, section = file_of("DL_Track_US").calibrateDistanceStatic, file_of("Deep_ACSA").calibrate_distance_static
PIXELS = 40  # from one tick to the next


def picture(thickness, hidden=None):
    frame = np.full((600, 800, 3), 20, np.uint8)
    for number, row in enumerate(range(20, 580, PIXELS)):
        if number != hidden:
            frame[row : row + thickness, 770:785] = 230
    return frame


seen = {}
for thickness in (1, 3, 5):
    one, said = track(picture(thickness), "10")
    other, _, text = section(picture(thickness), "10")
    seen[thickness] = int(one), int(other)
    print(f"ticks of {thickness} rows every {PIXELS} pixels: DL_Track_US {one} ({said}), Deep_ACSA {other} ({text}): lengths {PIXELS / one:.2f}, areas {(PIXELS / other) ** 2:.2f} times as large")
assert seen == {1: (40, 40), 3: (38, 38), 5: (36, 36)}
hidden = int(track(picture(1, hidden=8), "10")[0])
print("one tick of one row is hidden:", hidden)
assert hidden == 80
as_number, as_text = (float(section(picture(1), given)[0]) for given in (5, "5"))
print(f"ticks every 5 mm, Deep_ACSA: {as_text:g} pixels for 10 mm by '5', {as_number:g} by 5: areas {(as_text / as_number) ** 2:g} times as large")
assert (as_text, as_number) == (80, 40)
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
