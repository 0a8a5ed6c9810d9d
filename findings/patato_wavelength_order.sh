#!/usr/bin/env bash
# patato 0.7.0 (photoacoustics), oxygen saturation: if the wavelengths to be used are named in another order than the scan has them, blood of 80 % is 28 % and blood of 30 % is 74 %; on a coarser grid the frame's edge fades.
#
# Expected: SpectralUnmixer(["Hb", "HbO2"], wavelengths) takes each wavelength's frame, whatever order they are named in, or refuses another order; with rescaling_factor=2 even tissue stays even.
# What happens: the frames are taken in the scan's order and the spectra in the order named. A scan of 700, 730, 760, 800 and 850 nm, made of patato's own spectra with saturations of 0.30 and 0.80: named upwards 0.30 and 0.80, named downwards 0.74 and 0.28; of two
# wavelengths, [850, 700], 0.80 and 0.30, each for the other. 700 nm last of three: 0.67 and 0.40. No warning. With rescaling_factor=2 the first row and column have half of the total haemoglobin and the corner a quarter, as what lies beyond the frame counts as
# 0; the saturation is right there.
# Why it matters: whether a tumour or a muscle lacks oxygen is read from these numbers, and lists such as "850, 700" are what papers name. Nothing in the picture shows it: it is even, and within 0 and 1.
# Seen on 1 December 2026 with patato 0.7.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check patato==0.7.0 numpy==2.4.6 2>/dev/null
cat >run.py <<'PYTHON'
import warnings

import numpy as np
from patato.core.image_structures.reconstruction_image import Reconstruction
from patato.unmixing.spectra import SPECTRA_NAMES
from patato.unmixing.unmixer import SO2Calculator, SpectralUnmixer, THbCalculator

SCAN = np.array([700.0, 730.0, 760.0, 800.0, 850.0])
spectra = {name: SPECTRA_NAMES[name].get_spectrum(SCAN)[:, None, None] for name in ("Hb", "HbO2")}
saturation = np.full((40, 40), 0.8)
saturation[10:20, 10:20] = 0.3
frames = (1 - saturation) * spectra["Hb"] + saturation * spectra["HbO2"]
scan = Reconstruction(frames[None, :, None], SCAN, algorithm_id="made", attributes={}, field_of_view=((-0.01, 0.01), (-0.01, 0.01), (0, 0)))


def unmixed(wavelengths, **more):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        parts = SpectralUnmixer(["Hb", "HbO2"], np.array(wavelengths, float), **more).run(scan, None)[0]
        found = [np.asarray(kind().run(parts, None)[0].raw_data).squeeze() for kind in (SO2Calculator, THbCalculator)]
    assert not [one for one in said if "patato" in str(one.filename)]
    return found


def pair(*wavelengths):
    oxygen, _ = unmixed(wavelengths)
    print(f"{list(wavelengths)} nm: {oxygen[15, 15]:.2f} where it is 0.30, {oxygen[30, 30]:.2f} where it is 0.80")
    return round(float(oxygen[15, 15]), 2), round(float(oxygen[30, 30]), 2)


assert pair(700, 730, 760, 800, 850) == (0.3, 0.8) == pair(700, 850)
assert pair(850, 800, 760, 730, 700) == (0.74, 0.28)
assert pair(850, 700) == (0.8, 0.3)
assert pair(730, 800, 700) == (0.67, 0.4)
oxygen, total = unmixed(SCAN, rescaling_factor=2)
print("a grid of half the size, total haemoglobin of corner, edge and within:", total[0, 0].round(2), total[0, 10].round(2), total[12, 12].round(2), "; saturation of the corner", oxygen[0, 0].round(2))
assert np.allclose((total[0, 0], total[0, 10], total[12, 12]), (0.25, 0.5, 1), atol=0.01)
print("as stated")
PYTHON
venv/bin/python run.py
