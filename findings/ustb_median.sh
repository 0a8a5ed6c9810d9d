#!/usr/bin/env bash
# ustb 0.2.0 (USTB, the UltraSound ToolBox, in Python): its median filter of a linear scan erases or scatters structures of any size.
#
# Expected: the median filter of a 10 x 30 pixel block leaves the block, less its four corners, as SciPy's does and as the same filter does on a sector scan.
# What happens: of a linear scan of 30 x 90 pixels nothing is left of the block (300 pixels -> 0). pyuff_ustb keeps pixels of a linear scan column
# by column, and BeamformedData.get_image reads them so; the filter takes them for rows, and so filters another picture, in which neighbours are
# pixels from other depths. The result has the right shape and goes back into place. A sector scan, stored row by row, is right (300 -> 296).
# Why it matters: this is the filter against speckle, a step before segmentation. Bright structures vanish, and what is left looks filtered.
# Take scipy.ndimage.median_filter on get_image's picture.
# Seen on 29 November 2026 with ustb 0.2.0, pyuff_ustb 3.0.0, numpy 2.4.6, scipy 1.17.1, numba 0.68.1, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ustb==0.2.0 pyuff-ustb==3.0.0 numpy==2.4.6 scipy==1.17.1 numba==0.68.1
MPLBACKEND=agg venv/bin/python - <<'PYTHON'
from importlib.metadata import version

import numpy as np
import pyuff_ustb
from scipy.ndimage import median_filter
from ustb.beamformed_data import BeamformedData
from ustb.postprocess.median_filter import Median

print("ustb", version("ustb"), "pyuff_ustb", version("pyuff_ustb"))
depths = np.linspace(0.001, 0.04, 90)
picture = np.full((90, 30), 1e-3)  # (depth, across)
picture[30:60, 10:20] = 1
linear = pyuff_ustb.LinearScan(x_axis=np.linspace(-0.01, 0.01, 30), z_axis=depths)
origin = pyuff_ustb.Point(distance=0, azimuth=0, elevation=0)
sector = pyuff_ustb.SectorScan(azimuth_axis=np.linspace(-0.6, 0.6, 30), depth_axis=depths, origin=origin)
places = np.asarray(linear.x).reshape(30, 90), np.asarray(linear.z).reshape(30, 90)
assert (np.ptp(places[0], axis=1) == 0).all() and (np.ptp(places[1], axis=0) == 0).all()  # one column of pixels after another, as it says itself


def bright(scan: object, pixels: np.ndarray) -> tuple[int, int]:
    """Pixels over one half, before and after."""
    given = BeamformedData(scan=scan, data=pixels.reshape(-1, 1, 1, 1).astype(np.complex64))
    step = Median()
    step.m = step.n = 3
    step.input = given
    return tuple(int((data.get_image("abs") > 0.5).sum()) for data in (given, step.go()))


expected = int((median_filter(picture, 3) > 0.5).sum())
of_linear, of_sector = bright(linear, picture.T), bright(sector, picture)
print(f"block of 300 pixels, 3 x 3: SciPy {expected}; linear scan {of_linear[0]} -> {of_linear[1]}; sector scan {of_sector[0]} -> {of_sector[1]}")
assert (expected, of_linear, of_sector) == (296, (300, 0), (300, 296))
print("as stated")
PYTHON
