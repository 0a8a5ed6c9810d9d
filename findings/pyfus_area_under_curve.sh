#!/usr/bin/env bash
# pyfus-lib 1.0.3 (functional ultrasound), area under a response's curve: it grows with the square of the sampling rate, so a recording at 5 Hz has 25 times the area of one at 1 Hz.
#
# Expected: a response of 20 % that rises and falls like a bell with a standard deviation of 3 s has an area of 150 % s, at whatever rate it is sampled, as time to peak and width at half height are in seconds.
# What happens: TemporalQuantification(..., sampling_rate=5) says 3,760 and sampling_rate=2 says 602: the integral takes the rate for the step (dx=sr for 1 / sr). At 1 Hz it is right. Peak, time to peak and width agree at all rates. No message.
# Why it matters: areas are compared between animals and recordings, and rates of fUSI differ (compounds of 2 to 10 Hz, or resampled ones): the faster recording responds 25 times as much.
# Seen on 1 December 2026 with pyfus-lib 1.0.3, numpy 1.26.4, scipy 1.11.4, Python 3.11 (with its own numpy 1.23.5 and scipy 1.10.0 the same; those have to be built for it here).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
get=(venv/bin/pip install --quiet --disable-pip-version-check)
"${get[@]}" numpy==1.26.4 scipy==1.11.4 pandas==2.2.3 scikit-learn==1.5.2 seaborn==0.13.2 plotly==5.24.1 matplotlib==3.9.2 setuptools==75.1.0 2>/dev/null
"${get[@]}" --no-deps pyfus-lib==1.0.3 2>/dev/null
cat >run.py <<'PYTHON'
import warnings

import numpy as np
from pyfus.quantification import TemporalQuantification


def metrics(rate):
    seconds = np.arange(0, 40, 1 / rate)
    response = 20 * np.exp(-((seconds - 20) ** 2) / (2 * 3**2))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        table = TemporalQuantification({"mouse": {"V1_L": response}}, rate).df_metrics
    assert not said
    found = dict(zip(table["Metric"], table["Value"]))
    print(f"{rate} Hz:", {name: round(float(value), 2) for name, value in found.items()})
    return found


AREA = 20 * 3 * np.sqrt(2 * np.pi)
found = {rate: metrics(rate) for rate in (1, 2, 5, 10)}
for rate, one in found.items():
    assert abs(one["AUC"] / AREA / rate**2 - 1) < 0.01
    assert abs(one["Time to peak (s)"] - 20) < 1.1 / rate and abs(one["FWHM (s)"] - 7.06) < 2.1 / rate and abs(one["Peak amplitude"] - 20) < 0.1
print(f"the area is {AREA:.1f}")
print("as stated")
PYTHON
venv/bin/python run.py
