#!/usr/bin/env bash
# pymust 0.1.9 (MUST, the MATLAB UltraSound Toolbox, in Python): speckle tracking takes down for right: motion along the beam is reported across it, and its places too.
#
# Expected: sptrack returns [Di, Dj, id, jd]; its documentation says "the i-axis is vertical, with values increasing from top to bottom", j to the right. Speckle that moves
# 3 pixels down and 2 to the left has Di = 3 and Dj = -2.
# What happens: Di is -2 and Dj 3. Of tissue whose lower half alone moves 4 pixels down, Dj is 0 above and 4 below, and Di 0 throughout; `id`, the row of each
# window, grows to the right. Only how the array lies is as documented. Frames that aren't square end in an IndexError, windows that aren't square in a ValueError.
# Why it matters: speckle tracking gives strain and tissue velocity. With rows and columns of different millimetres, or a sign of its own for each direction, the wall that thickens is reported
# as one that slides, and nothing in the numbers shows it.
# Seen on 29 November 2026 with pymust 0.1.9, numpy 2.4.6, scipy 1.17.1, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" pymust==0.1.9 numpy==2.4.6 scipy==1.17.1
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import logging

import numpy as np
import pymust
import scipy.ndimage

logging.disable(logging.CRITICAL)
random = np.random.default_rng(0)


def tracked(shape, motion, windows):
    """Di, Dj, id and jd between two frames of speckle, of which the second has moved by `motion` (down, right) pixels."""
    first = scipy.ndimage.gaussian_filter(random.standard_normal(shape), 1.5)
    rows, columns = np.indices(shape).astype(float)
    down, right = motion(rows, columns)
    second = scipy.ndimage.map_coordinates(first, [rows - down, columns - right], order=3, mode="reflect")
    settings = pymust.utils.Param()
    settings.winsize = np.array(windows)
    return pymust.sptrack(np.stack([first, second], axis=2), settings)


print("pymust", importlib.metadata.version("pymust"))
two = [[64, 64], [32, 32]]
di, dj, i, j = tracked((256, 256), lambda rows, columns: (3 + 0 * rows, -2 + 0 * rows), two)
whole = round(float(np.median(di)), 1), round(float(np.median(dj)), 1)
print("3 pixels down, 2 to the left: Di, Dj =", whole)
places = [float(i[0, 0]), float(i[-1, 0]), float(i[0, -1])], [float(j[0, 0]), float(j[-1, 0]), float(j[0, -1])]
print("of the windows at the top left, bottom left and top right: id", places[0], "jd", places[1])
di, dj, _, _ = tracked((256, 256), lambda rows, columns: (4.0 * (rows > 128), 0 * rows), two)
half = [round(float(part.mean()), 1) + 0.0 for part in (di[:5], di[-5:], dj[:5], dj[-5:])]
print("lower half 4 pixels down: Di above, below; Dj above, below", half)
raised = []
for shape, windows in (((256, 384), [[32, 32]]), ((256, 256), [[64, 32]])):
    try:
        tracked(shape, lambda rows, columns: (3 + 0 * rows, 0 * rows), windows)
        raised.append("nothing")
    except (IndexError, ValueError) as error:
        raised.append(type(error).__name__)
    print(f"a frame of {shape}, windows of {windows}: raised {raised[-1]}")
assert whole == (-2, 3) and half == [0, 0, 0, 4]
assert places == ([16, 16, 240], [16, 240, 16]) and raised == ["IndexError", "ValueError"]
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
