#!/usr/bin/env bash
# fullwave25 1.4.1 (wave propagation in tissue): of its two ways to lay a sensor's recording out as a picture one scrambles it: a focus is three strips, 16 rows apart.
#
# Expected: reshape_whole_sensor_to_nx_ny_nt, "sensor output reshaped to [nx, ny, nt]", and reshape_whole_sensor_to_nt_nx_ny give the same pressures with their axes in another order, each
# point where the sensor has it (Sensor.outcoords).
# What happens: a sensor lists its points row by row along y. The second function takes them so; the first as if they ran along x. Its array has the right shape, but point (2, 5) of a grid of
# 47 x 31 holds what (7, 20) recorded, and a focus of 3 x 3 points lies in three strips, 16 rows apart, far from where it was.
# Why it matters: maximum pressures and intensities, from which a focus' size and the mechanical index are read, come from this array. On a square grid its pattern looks like interference.
# Seen on 30 November 2026 with fullwave25 1.4.1, numpy 2.4.6, Python 3.11, without a graphics card.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" --no-deps fullwave25==1.4.1 opencv-python-headless==5.0.0.93
"${get[@]}" numpy==2.4.6 numba==0.68.1 numexpr==2.14.2 scipy==1.17.1 matplotlib==3.11.2 tomli==2.5.0 tqdm==4.67.1
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata

import numpy as np
from fullwave import Grid, Sensor
from fullwave.utils.signal_process import reshape_whole_sensor_to_nt_nx_ny, reshape_whole_sensor_to_nx_ny_nt
from scipy.ndimage import label

grid = Grid(domain_size=(6e-3, 4e-3), f0=1e6, duration=2e-6, c0=1540, ppw=12, cfl=0.2)
points = Sensor(mask=np.ones((grid.nx, grid.ny), bool)).outcoords
print("fullwave25", importlib.metadata.version("fullwave25"), f"- a grid of {grid.nx} x {grid.ny}, the sensor's points begin with", points[:3].tolist())


def both(field):
    """A field as the sensor records it, laid out by each function: (nx, ny)."""
    recorded = np.repeat(field[points[:, 0], points[:, 1]][:, None], 3, axis=1)
    one, other = reshape_whole_sensor_to_nx_ny_nt(recorded, grid), reshape_whole_sensor_to_nt_nx_ny(recorded, grid)
    assert one.shape == (grid.nx, grid.ny, 3) and other.shape == (3, grid.nx, grid.ny)
    return one[..., 0], other[0]


x, y = np.mgrid[: grid.nx, : grid.ny]
one, other = both(1000 * x + y)
print("point (2, 5):", divmod(int(one[2, 5]), 1000), "by nx_ny_nt,", divmod(int(other[2, 5]), 1000), "by nt_nx_ny")
assert (grid.nx, grid.ny) == (47, 31) and one[2, 5] == 7020 and (other == 1000 * x + y).all()
focus = np.zeros((grid.nx, grid.ny))
focus[20:23, 14:17] = 1
one, other = both(focus)
pieces = label(one, np.ones((3, 3)))[1], label(other, np.ones((3, 3)))[1]
print(f"a focus of 3 x 3 points: {pieces[0]} pieces at rows {sorted(set(np.nonzero(one)[0].tolist()))}, and {pieces[1]}")
assert one.sum() == other.sum() == 9 and pieces == (3, 1) and np.array_equal(other, focus)
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py 2>/dev/null
