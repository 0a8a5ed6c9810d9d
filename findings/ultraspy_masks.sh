#!/usr/bin/env bash
# ultraspy 1.2.7 (ultrasound toolbox): masks of its build_mask lie across its images, which are (x, z): on a square grid a cyst's contrast is that of another place.
#
# Expected: build_mask gives an array of shape (x_axis.size, z_axis.size), as its documentation says, that is, of the scan's and of the beamformed image's;
# get_contrat_noise_ratio(b_mode, focus_mask, noise_mask) then compares the cyst with the tissue beside it.
# What happens: the mask is (z, x). Of a scan of 200 by 300 pixels it can't be used (IndexError); where both are as many, as in most examples, the mask of a
# cyst 5 mm to the right at a depth of 10 mm covers what lies 5 mm to the left at 20 mm. The cyst of 30 dB, noise of 2 dB, has a contrast to noise of
# -44 dB, where the transposed image gives 23.5. A rectangle is placed by its centre, where the documentation says centre and, further down, top left.
# Why it matters: contrast to noise under a mask of the lesion is what papers compare beamformers by; wrong here without a sign of it.
# (Its source was read before it was run.)
# Seen on 29 November 2026 with ultraspy 1.2.7, numba 0.68.1, scipy 1.17.1, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile ultraspy==1.2.7 numba==0.68.1 scipy==1.17.1 numpy==2.4.6
export HOME=$folder MPLBACKEND=agg OMP_NUM_THREADS=1
venv/bin/python -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
from ultraspy.metrics import build_mask, get_contrat_noise_ratio
from ultraspy.scan import GridScan

print("ultraspy", version("ultraspy"))
x, z = np.linspace(-10e-3, 10e-3, 200, endpoint=False), np.linspace(5e-3, 25e-3, 200, endpoint=False)
deeper = np.linspace(5e-3, 35e-3, 300, endpoint=False)
shapes = GridScan(x, deeper).shape, build_mask((0, 15e-3), 2e-3, x, deeper).shape
print("a scan of 200 by 300:", shapes[0], "its mask:", shapes[1])
across, depth = np.meshgrid(x, z, indexing="ij")
assert np.array_equal(GridScan(x, z).pixels[0], across)
b_mode = -20 + np.random.default_rng(0).normal(0, 2, (200, 200))
b_mode[np.hypot(across - 5e-3, depth - 10e-3) < 3e-3] -= 30
cyst, tissue = build_mask((5e-3, 10e-3), 2.5e-3, x, z), build_mask((-5e-3, 10e-3), 2.5e-3, x, z)
ratio, turned = (float(get_contrat_noise_ratio(image, cyst, tissue)) for image in (b_mode, b_mode.T))
centre = [1e3 * float(axis[~cyst].mean()) for axis in (across, depth)]
print(f"a cyst 5 mm to the right, 10 mm deep; its mask in (x, z): {centre[0]:.1f} mm, {centre[1]:.1f} mm deep")
print(f"contrast to noise: {ratio:.1f} dB; of the transposed image {turned:.1f} dB")
assert shapes == ((200, 300), (300, 200)) and np.allclose(centre, (-5, 20), atol=0.1)
assert ratio < -15 and 23 < turned < 24
wide = ~build_mask((0.0, 15e-3), (4e-3, 2e-3), x, z, "rectangle")
assert np.isclose(x[wide.any(axis=0)].mean(), 0, atol=1e-4) and np.isclose(z[wide.any(axis=1)].mean(), 15e-3, atol=1e-4)
print("as stated")
PYTHON
