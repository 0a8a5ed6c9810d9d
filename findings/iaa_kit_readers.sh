#!/usr/bin/env bash
# iaa-kit 0.1.2 (agreement of readers): points of ACR TI-RADS are ordered as text, 0 1 10 11 2 ..., so that a weighted kappa of 0.88 is 0.76; its AC2 is that kappa; alpha with a reading left out is another number.
#
# Expected: weighted kappa, Gwet's AC2 and Krippendorff's alpha of two or three readers as scikit-learn 1.9.1 and krippendorff 0.9.0 have them, or by their definitions: grades in the order of
# their numbers, with the distances between them; a nodule that one reader left out counts for those who read it, one that only one read not at all.
# What happens: categories are sorted by repr and numbered, so 10 lies between 1 and 2, and grades that nobody gave are closed up: 1 and 3 are neighbours where no 2 is. ac2 returns the weighted
# kappa, so that where nearly all nodules are of one grade it is as low as kappa, which is what AC2 is for. In alpha_value readings in pairs aren't weighted by the number of readers, a
# nodule read once counts in the expected disagreement, and "ordinal" is "interval". prevalence_index takes agreement and disagreement for the two categories. No error.
# Unweighted kappa and the interval alpha of complete readings are right.
# Why it matters: agreement of readers is the first table of each annotated data set.
# Seen on 1 December 2026 with iaa-kit 0.1.2, krippendorff 0.9.0, scikit-learn 1.9.1, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" iaa-kit==0.1.2 krippendorff==0.9.0 scikit-learn==1.9.1 numpy==2.4.6
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata

import krippendorff
import numpy as np
from iaa_kit.cohen import cohen_kappa, weighted_kappa
from iaa_kit.gwet import ac1, ac2
from iaa_kit.krippendorff import alpha_value
from iaa_kit.prevalence import prevalence_index
from sklearn.metrics import cohen_kappa_score

print(*(f"{name} {importlib.metadata.version(name)}" for name in ("iaa-kit", "krippendorff", "scikit-learn")))


def gwet_ac2(first, second, grades):
    """AC2 with linear weights, by Gwet (2014)."""
    weight = {(a, b): 1 - abs(a - b) / (grades[-1] - grades[0]) for a in grades for b in grades}
    share = [np.mean([(np.array(reader) == grade).mean() for reader in (first, second)]) for grade in grades]
    observed = np.mean([weight[pair] for pair in zip(first, second)])
    chance = sum(weight.values()) / (len(grades) * (len(grades) - 1)) * sum(one * (1 - one) for one in share)
    return (observed - chance) / (1 - chance)


draw = np.random.default_rng(0)
first = draw.integers(0, 15, 200)
second = np.clip(first + draw.integers(-1, 2, 200), 0, 14)
first, second = first.tolist(), second.tolist()
kappas = [weighted_kappa(first, second, "linear"), cohen_kappa_score(first, second, weights="linear")]
gap = [[1, 1, 3, 3, 5, 5, 1, 3], [1, 3, 3, 3, 5, 1, 1, 5]]
gaps = [weighted_kappa([9 if grade == 5 else grade for grade in gap[0]], [9 if grade == 5 else grade for grade in gap[1]], "linear"), weighted_kappa(*gap, "linear")]
print(f"   points 0 to 14, read within one point: weighted kappa {kappas[0]:.2f}, scikit-learn {kappas[1]:.2f}; unweighted {cohen_kappa(first, second):.2f}, {cohen_kappa_score(first, second):.2f}")
print(f"   grades 1, 3, 5 and 1, 3, 9: {gaps[1]:.3f} and {gaps[0]:.3f}")

rare = [3] * 90 + [4] * 5 + [5] * 5, [3] * 88 + [4, 5] + [3] * 5 + [5] * 2 + [4] * 3
both = ac2(*rare), gwet_ac2(*rare, [3, 4, 5]), weighted_kappa(*rare)
print(f"   nine of ten nodules of grade 3: ac2 {both[0]:.2f}, by definition {both[1]:.2f}, weighted kappa {both[2]:.2f}; ac1 {ac1(*rare):.2f}")

three = draw.integers(1, 6, 40)[:, None] + draw.integers(-1, 2, (40, 3))
missing = three.astype(float)
missing[:20, 2] = np.nan
missing[:10, 1] = np.nan
missing[:10, 0] += 4
alphas = {}
for name, table in (("complete", three.astype(float)), ("with readings left out", missing)):
    for scale in ("interval", "ordinal"):
        right = krippendorff.alpha(reliability_data=table.T, level_of_measurement=scale)
        alphas[name, scale] = alpha_value(table.tolist(), scale), right
        print(f"   alpha, {name}, {scale}: {alphas[name, scale][0]:.3f}, krippendorff {right:.3f}")
positive = prevalence_index([1] * 50 + [0] * 50, [1] * 50 + [0] * 50)
print(f"   prevalence index of 50 positive and 50 negative, agreed: {positive:.0f} for 0")

assert abs(cohen_kappa(first, second) - cohen_kappa_score(first, second)) < 1e-9
assert kappas[1] > 0.87 and kappas[0] < 0.77, kappas
assert gaps[0] == gaps[1]
assert both[0] == both[2] and both[0] < 0.54 < 0.9 < both[1], both
assert abs(np.subtract(*alphas["complete", "interval"])) < 0.01
assert abs(np.subtract(*alphas["with readings left out", "interval"])) > 0.03, alphas
assert alphas["complete", "ordinal"][0] == alphas["complete", "interval"][0]
assert positive == 1
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
