#!/usr/bin/env bash
# ultraspy 1.2.7 (ultrasound toolbox): the side lobe of a point target that is 12 dB weaker than the brightest in the image is reported 12 dB too low.
#
# Expected: get_peak_side_lobe, "the difference in dB between the focused lobe and its closest neighbor", and get_lobe_metrics, which calls it, give the same
# for two targets of the same shape, at whatever brightness: 13.3 dB of a sinc. The width beside it (FWHM) is measured from each target's own maximum.
# What happens: of the brightest target, at 0 dB, 13.3 dB laterally and 13.2 axially. Of one 12 dB weaker 25.2 and 24.1: the level of the neighbour alone is
# returned, counted from 0 dB, and the level of the focused lobe isn't taken off. Widths of both are 1.81 mm, as they should be. Nothing is said.
# Why it matters: deep targets of a phantom are weaker, by attenuation alone, and so have the best side lobes in the table; a beamformer that makes
# everything but one reflector darker looks better than it is.
# Seen on 29 November 2026 with ultraspy 1.2.7, numpy 2.4.6, scipy 1.17.1, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip=("$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check)
"${pip[@]}" numpy==2.4.6 scipy==1.17.1 matplotlib==3.11.2 easydict==1.14 h5py==3.16.0 numba==0.68.1
"${pip[@]}" --no-deps ultraspy==1.2.7
cd "$folder"
MPLBACKEND=agg venv/bin/python -W ignore - 2>errors <<'PYTHON' || { tail -3 errors; exit 1; }
import importlib.metadata

import numpy as np
from ultraspy.metrics import get_lobe_metrics

lateral, depth = np.linspace(-10e-3, 10e-3, 401), np.linspace(5e-3, 45e-3, 801)  # metres


def target(at, level_db):
    """A point target of the same shape at each depth, whose first side lobes are 13.3 dB below its peak."""
    shape = np.abs(np.sinc(lateral / 1.5e-3))[:, None] * np.abs(np.sinc((depth - at) / 0.5e-3))
    return 10 ** (level_db / 20) * shape


picture = target(15e-3, 0) + target(35e-3, -12)
in_db = 20 * np.log10(picture / picture.max() + 1e-4)
print("ultraspy", importlib.metadata.version("ultraspy"), "- first side lobe of a sinc: 13.3 dB below its peak")
found = {}
for at in (15e-3, 35e-3):
    focus = int(np.argmin(abs(lateral))), int(np.argmin(abs(depth - at)))
    found[at] = get_lobe_metrics(in_db, focus, lateral, depth)
    print(f"target at {at * 1e3:.0f} mm, {in_db[focus]:.1f} dB: side lobe lateral {found[at]['lateral_psl']:.1f} dB, axial {found[at]['axial_psl']:.1f} dB;",
          f"width lateral {found[at]['lateral_fwhm'] * 1e3:.2f} mm")
bright, weak = found.values()
as_described = (
    abs(bright["lateral_psl"] - 13.3) < 0.2 and abs(weak["lateral_psl"] - bright["lateral_psl"] - 12) < 0.3
    and abs(weak["axial_psl"] - bright["axial_psl"]) > 10 and abs(weak["lateral_fwhm"] - bright["lateral_fwhm"]) < 5e-5
)
raise SystemExit(0 if as_described else "ultraspy does otherwise now")
PYTHON
