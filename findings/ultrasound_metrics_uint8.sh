#!/usr/bin/env bash
# ultrasound-metrics 0.1.0: on B-mode of 8 bits, as every file has it, contrast and contrast to noise are those of numbers that have wrapped around.
#
# Expected: contrast, compute_cnr and tenengrad of uint8 values are those of the same values as float, or integers are refused; gcnr takes both alike.
# Their annotation is Num, which is any number.
# What happens: values are squared in the type they come in. 200 squared is 64 in uint8, and in int16 -25,536. A lesion whose power is 0.11 of its
# surroundings' has 0.97: it all but vanishes; its contrast to noise is -0.04 for -0.88. As int16 they are 0.13 and -0.80; tenengrad of uint8 is 21 % too
# high. No error, no warning. gcnr is right in each.
# Why it matters: the values under a mask, straight from a decoded frame, are uint8. Scores are plausible, and next to nothing is left of a real contrast.
# Seen on 29 November 2026 with ultrasound-metrics 0.1.0, jax 0.5.3, equinox 0.11.12, jaxtyping 0.3.2, scipy 1.17.1, numpy 2.2.6, Python 3.11
# (with the newest jaxtyping 0.3.11 and equinox 0.13.8, which pip takes by itself, it can't be imported).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile ultrasound-metrics==0.1.0 jax==0.5.3 jaxlib==0.5.3 equinox==0.11.12 \
    jaxtyping==0.3.2 scipy==1.17.1 numpy==2.2.6
export HOME=$folder MPLBACKEND=agg OMP_NUM_THREADS=1
venv/bin/python -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
from ultrasound_metrics.metrics import compute_cnr, contrast, gcnr, tenengrad

print("ultrasound-metrics", version("ultrasound-metrics"))
frame = np.clip(np.round(np.random.default_rng(0).rayleigh(20, (200, 300))), 0, 255).astype(np.uint8)
rows, columns = np.mgrid[:200, :300]
lesion = np.hypot(rows - 100, columns - 150) < 40
frame[~lesion] = np.clip(frame[~lesion].astype(int) * 3, 0, 255)
found: dict[str, dict[str, float]] = {}
for kind in ("uint8", "int16", "float64"):
    image = frame.astype(kind)
    inside, outside = image[lesion], image[~lesion]
    found[kind] = {score.__name__: round(float(score(inside, outside)), 3) for score in (contrast, compute_cnr, gcnr)}
    found[kind]["tenengrad"] = float(tenengrad(image))
    print(kind, found[kind])
right = inside**2, outside**2
assert np.isclose(found["float64"]["contrast"], right[0].mean() / right[1].mean(), atol=1e-3)
assert (found["float64"]["contrast"], found["float64"]["compute_cnr"]) == (0.114, -0.877)
assert (found["uint8"]["contrast"], found["uint8"]["compute_cnr"]) == (0.966, -0.036)
assert (found["int16"]["contrast"], found["int16"]["compute_cnr"]) == (0.125, -0.798)
assert len({kind["gcnr"] for kind in found.values()}) == 1
assert 1.2 < found["uint8"]["tenengrad"] / found["float64"]["tenengrad"] < 1.22
print("as stated")
PYTHON
