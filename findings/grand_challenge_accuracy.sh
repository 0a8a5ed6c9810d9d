#!/usr/bin/env bash
# grand-challenge-metrics 0.6.0 (scores of Grand Challenge): the accuracy of a mask is 0 as soon as one pixel is wrong.
#
# Expected: accuracies_from_confusion_matrix gives, per label, the part of all pixels that is classed rightly, a number from 0 to 1.
# What happens: the sum is divided with the remainder thrown away, so it is 1 for a mask without any error and 0 for each other one. Dice and Jaccard of the same matrix are right.
# Why it matters: challenges are ranked with this package; there, a mask with 1 of 60,000 pixels wrong and one without any pixel right have the same accuracy.
# Seen on 30 November 2026 with grand-challenge-metrics 0.6.0, numpy 2.4.6, scipy 1.17.1, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" numpy==2.4.6 scipy==1.17.1
python3 -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --target "$folder/packages" grand-challenge-metrics==0.6.0
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata

import numpy as np
from grand_challenge_metrics import stats

y, x = np.mgrid[:200, :300]
truth = ((y - 100) ** 2 + (x - 150) ** 2 < 40**2).astype(int)
one = truth.copy()
one[0, 0] = 1
cases = {"the same": truth, "one pixel wrong": one, "three pixels beside it": np.roll(truth, 3, axis=1), "all wrong": 1 - truth}
print("grand-challenge-metrics", importlib.metadata.version("grand-challenge-metrics"))
for name, mask in cases.items():
    matrix = stats.calculate_confusion_matrix(truth, mask, [0, 1])
    right, found = float((truth == mask).mean()), stats.accuracies_from_confusion_matrix(matrix).tolist()
    dice = stats.dice_from_confusion_matrix(matrix).round(3).tolist()
    print(f"{name}: accuracy {right:.5f} is right, {found}; Dice {dice}")
    assert found == ([1.0, 1.0] if name == "the same" else [0.0, 0.0])
    assert abs(dice[1] - 2 * (truth * mask).sum() / (truth.sum() + mask.sum())) < 1e-3
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
