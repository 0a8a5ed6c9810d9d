#!/usr/bin/env bash
# bland-altman 0.1.4, statsmodels 0.15.0 and pyCompare 1.5.4: their limits of agreement are too narrow, by 11 % of five pairs and 5 % of ten.
#
# Expected: mean difference and 1.96 standard deviations of the differences, of a sample (n - 1), as Bland and Altman 1986 have it and pingouin 0.7.0 draws.
# What happens: numpy's std with its default, which divides by n. Lines, texts and, in pyCompare, the confidence intervals around them follow from it. None of
# the three names what its standard deviation divides by. Of five heads measured by two readers -3.40 to 3.44 mm become -3.04 to 3.08 mm.
# Why it matters: repeatability of a caliper or a model against a reader is published with these limits, often from ten or twenty patients; whether a method
# is good enough is read from them. The same numbers in R (epiR, blandr) or in pingouin give other limits, and both figures look the same.
# Seen on 30 November 2026 with these, numpy 2.4.6, matplotlib 3.11.2, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check bland-altman==0.1.4 statsmodels==0.15.0 pyCompare==1.5.4 pingouin==0.7.0 numpy==2.4.6 \
    matplotlib
cd "$folder"
MPLBACKEND=Agg venv/bin/python - 2>/dev/null <<'PYTHON'
from importlib.metadata import version

import matplotlib.pyplot as plt
import numpy as np
import pingouin
import pyCompare
import statsmodels.api as statsmodels
from bland_altman import bland_altman_plot

first, second = np.array([31.2, 44.5, 28.9, 52.3, 39.8]), np.array([30.1, 46.2, 29.5, 49.8, 41.0])
differences = first - second


def limits(axes) -> tuple[float, float]:
    heights = [float(np.mean(line.get_ydata())) for line in axes.lines]
    return round(min(heights), 2), round(max(heights), 2)


bland_altman_plot(first, second)
found = {"bland-altman": limits(plt.gca())}
found["statsmodels"] = limits(statsmodels.graphics.mean_diff_plot(first, second).axes[0])
plt.figure()
pyCompare.blandAltman(first, second)
found["pyCompare"] = limits(plt.gcf().axes[0])
plt.figure()
found["pingouin"] = limits(pingouin.plot_blandaltman(first, second))
by = {one: tuple(round(differences.mean() + side * 1.96 * differences.std(ddof=one), 2) for side in (-1, 1)) for one in (0, 1)}
print("by n - 1:", by[1], "; by n:", by[0])
for name, pair in found.items():
    print(f"{name} {version(name)}: {pair}")
assert found["pingouin"] == by[1] == (-3.4, 3.44)
assert found["bland-altman"] == found["statsmodels"] == found["pyCompare"] == by[0] == (-3.04, 3.08)
for pairs in (5, 10, 20):
    print(f"{pairs} pairs: {1 - np.sqrt((pairs - 1) / pairs):.1%} narrower")
print("as stated")
PYTHON
