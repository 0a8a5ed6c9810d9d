#!/usr/bin/env bash
# scribble-from-segmentation 0.2.1 (2026, makes scribbles of masks for weak labels): the scribble of a heart's wall lies in the cavity, not one pixel on the wall.
#
# Expected: a scribble of a structure lies within it.
# What happens: a mask is grown by tens of pixels and closed before its skeleton is drawn, so a hole narrower than that is filled. Walls of 10 and 20 pixels around cavities of 60 and of 120 pixels
# across get their scribble in the middle of the cavity, all of it outside; around one of 200 pixels a sixth lies beside the wall, along a tilted strip of 40 pixels a
# seventh. Where the cavity is a structure with a colour of its own, its middle carries the wall's. Discs, flat ellipses and pairs of discs are right. No message.
# Why it matters: a model that learns from such scribbles learns that blood is wall. Rings (heart, vessels, cysts with a wall) are common in ultrasound, at the size of its frames.
# Seen on 30 November 2026 with scribble-from-segmentation 0.2.1, opencv-python-headless 5.0.0.93, scikit-image 0.26.0, numpy 2.4.6, Pillow 12.3.0, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile opencv-python-headless==5.0.0.93 scikit-image==0.26.0 numpy==2.4.6 pillow==12.3.0
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-compile --no-deps scribble-from-segmentation==0.2.1
cd "$folder"
cat >run.py <<'PYTHON'
import contextlib
import importlib.metadata
import io
import pathlib

import numpy as np
from PIL import Image
from scribble_from_segmentation import generate_scribbles_from_segmentations

ROWS, COLUMNS = 480, 640
WALL, CAVITY = (255, 0, 0), (0, 0, 255)
y, x = np.mgrid[:ROWS, :COLUMNS] - np.array([240, 320])[:, None, None]
radius = np.hypot(x, y)
for name in ("in", "out"):
    pathlib.Path(name).mkdir()


def ring(inner, wide):
    return (radius >= inner) & (radius < inner + wide)


def scribbles(*parts):
    picture = np.zeros((ROWS, COLUMNS, 3), np.uint8)
    for mask, colour in parts:
        picture[mask] = colour
    Image.fromarray(picture).save("in/a.png")
    with contextlib.redirect_stdout(io.StringIO()):
        generate_scribbles_from_segmentations("in", "out")
    return np.asarray(Image.open("out/a.png"))


print("scribble-from-segmentation", importlib.metadata.version("scribble-from-segmentation"), "- part of the scribble that lies outside")
cases = {
    "disc of 40": radius < 40, "disc of 100": radius < 100, "flat ellipse": (x / 120) ** 2 + (y / 30) ** 2 < 1,
    "wall of 10 around 60": ring(30, 10), "wall of 10 around 120": ring(60, 10), "wall of 20 around 120": ring(60, 20),
    "wall of 20 around 200": ring(100, 20), "tilted strip": ((x * 0.8 + y * 0.6) / 140) ** 2 + ((y * 0.8 - x * 0.6) / 20) ** 2 < 1,
}
outside = {}
for name, mask in cases.items():
    drawn = scribbles((mask, WALL))[..., 0] > 0
    outside[name] = round(float((drawn & ~mask).sum() / drawn.sum()), 2)
    print(f"{name}: {outside[name]} of {drawn.sum()} pixels")
assert list(outside.values())[:3] == [0, 0, 0] and list(outside.values())[3:6] == [1, 1, 1]
assert 0.1 < outside["wall of 20 around 200"] < 0.2 and 0.1 < outside["tilted strip"] < 0.2
both = scribbles((radius < 60, CAVITY), (ring(60, 10), WALL))
wrong = (both[..., 0] > 0) & (radius < 60)
print(f"a cavity of its own colour: {wrong.sum()} of its pixels are drawn as wall, of the wall itself {((both[..., 0] > 0) & ring(60, 10)).sum()}")
assert ((both[..., 0] > 0) & ring(60, 10)).sum() == 0
print("as stated")
PYTHON
"$folder/venv/bin/python" -s run.py
