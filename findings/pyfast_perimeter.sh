#!/usr/bin/env bash
# pyfast 4.18.0 (FAST), RegionProperties: the perimeter of a disc of radius 20 is infinite, or 147 to 463 by its distance from the picture's corner, for 126: the first point's neighbour is one that nobody set.
#
# Expected: perimeterLength is the length of the outline, about 2 pi r = 126 for a disc of radius 20, wherever it lies, as its own contourPixels have it.
# What happens: to the outline the way from some point to its first one is added. That point isn't set: in one run it is the picture's corner (0, 0), so that the perimeter grows as the structure moves
# down and right (disc at (25, 25): 147; at (100, 120): 267; of two equal discs of one picture the lower right one's is longer); in another it is garbage, and the perimeter is infinite or some
# thousands. The same call gives the one or the other from run to run. Areas, mean radii, centroids and contourPixels are right in all of them. Nothing is said.
# Why it matters: head and abdominal circumferences, and roundness from perimeter and area: sum up contourPixels for them.
# Seen on 1 December 2026 with pyfast 4.18.0, numpy 2.4.6, Python 3.11, and pocl 3.1 of Debian 12. Needs an OpenCL platform, such as Debian's pocl-opencl-icd.
# The arrays are kept as long as FAST's images live: it doesn't hold them itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile pyfast==4.18.0 numpy==2.4.6
export QT_QPA_PLATFORM=offscreen HOME=$folder OMP_NUM_THREADS=1
cat >run.py <<'PYTHON'
import math
from importlib.metadata import version

import fast
import numpy as np

fast.Reporter.setGlobalReportMethod(fast.Reporter.NONE)
rows, columns = np.mgrid[:300, :300]
kept = []


def measured(mask):
    kept.append(np.ascontiguousarray(mask.astype(np.uint8)))
    properties = fast.RegionProperties.create()
    properties.connect(fast.Image.createFromArray(kept[-1]))
    properties.run()
    found = []
    for one in properties.getOutputData(0).get():
        outline = np.array([np.asarray(point).ravel()[:2] for point in one.contourPixels], float)
        own = np.linalg.norm(outline - np.roll(outline, -1, 0), axis=1).sum()
        found.append((one.area, one.perimeterLength, own, one.averageRadius))
    return found


def disc(down, across, radius=20):
    return (rows - down) ** 2 + (columns - across) ** 2 < radius**2


print("pyfast", version("pyfast"), f"- disc of radius 20, {2 * math.pi * 20:.0f} around, by its middle (down, across): area, mean radius, perimeter; by its contourPixels")
for turn in range(2):
    for middle in ((25, 25), (100, 120), (100, 220), (250, 250)):
        [(area, perimeter, own, radius)] = measured(disc(*middle))
        print(f"   {middle}: {area:.0f}, {radius:.1f}, {perimeter:.0f}; {own:.0f}")
        assert abs(area / (math.pi * 400) - 1) < 0.02 and abs(radius - 19.5) < 0.3 and abs(own / (2 * math.pi * 19.5) - 1) < 0.12
        assert not perimeter < 1.1 * own, perimeter
print("as stated")
PYTHON
venv/bin/python run.py 2>&1 | grep -v -e QStandardPaths -e "X display" -e Powered -e fast-imaging -e "^$" -e "/ _" -e "___" -e "_/ /" -e '\[32' -e v4.18
