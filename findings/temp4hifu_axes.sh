#!/usr/bin/env bash
# temp4hifu 1.0.0 (heating by focused ultrasound): depth and radius change places between its two functions: 10 mm behind the focus stays cold, 4 mm beside it gets hot.
#
# Expected: calculateBioheat.generateVector(axial_loc, radial_loc, ...), given the field of calculateRayleighIntegral.generateField, as its page says, heats places in the order of their
# intensity: on the axis 10 mm behind the focus (7.8 times the pressure of the source) far more than 4 mm beside the focus (0.6 times).
# What happens: generateField turns its field by a quarter, rows are radii; generateVector takes rows for depths. On the axis 10 mm behind the focus it is 0.02 degrees warmer after a
# quarter of a second of 1 MPa in egg white, 4 mm beside the focus 6.1. As many steps of one as of the other, its default, hide it: the shapes agree, and the focus itself is in the middle of both.
# Its page warns of an overflow that makes temperatures too high, and says that it may be ignored.
# Why it matters: such estimates decide how near to a nerve or a vessel one may heat. The hot region comes out as wide as it is long, and the other way round.
# Seen on 30 November 2026 with temp4hifu 1.0.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --target "$folder/packages" temp4hifu==1.0.0 numpy==2.4.6
cd "$folder"
cat >run.py <<'PYTHON'
import contextlib
import importlib.metadata
import io
import warnings

import numpy as np
from temp4hifu import calculateBioheat, calculateRayleighIntegral, setParam

warnings.simplefilter("ignore")
transducer = {"freq": 1e6, "radius": 0.02, "focus": 0.05, "initPressure": 1e6}
medium = setParam.setMedium("Egg White", None, None, None, None, None)
heating = {"HeatTime": 0.25, "CoolTime": 0, "DutyCycle": 100, "numTime": 0.005}
with contextlib.redirect_stdout(io.StringIO()):
    field, depths, radii, _ = calculateRayleighIntegral.generateField(transducer, medium, {"numAxialStep": 100, "numRadialStep": 100})
field, depths, radii = np.array(field), np.array(depths), np.array(radii)
row, column = np.unravel_index(field.argmax(), field.shape)
print("temp4hifu", importlib.metadata.version("temp4hifu"), f"- focus found at radius {1000 * radii[row]:.0f} mm, depth {1000 * depths[column]:.0f} mm, of a field of {field.shape}")
assert round(1000 * radii[row]) == 0 and round(1000 * depths[column]) == 48  # so that rows are radii
places = {"10 mm behind the focus": (0.06, 0), "20 mm behind the focus": (0.07, 0), "4 mm beside the focus": (0.05, 0.004), "8 mm beside the focus": (0.05, 0.008)}
heat = {}
for name, (depth, radius) in places.items():
    pressure = field[abs(radii - radius).argmin(), abs(depths - depth).argmin()]
    with contextlib.redirect_stdout(io.StringIO()):
        _, temperatures, _, _ = calculateBioheat.generateVector(depth, radius, transducer, medium, heating, field, depths, radii)
    heat[name] = float(pressure), float(max(temperatures))
    print(f"{name}: pressure {heat[name][0]:.2f} of the source's, {heat[name][1]:.2f} degrees warmer")
assert heat["10 mm behind the focus"][0] > 10 * heat["4 mm beside the focus"][0]
assert 20 * heat["10 mm behind the focus"][1] < heat["4 mm beside the focus"][1]
assert heat["20 mm behind the focus"][0] > 10 * heat["8 mm beside the focus"][0] and 5 * heat["20 mm behind the focus"][1] < heat["8 mm beside the focus"][1]
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
