#!/usr/bin/env bash
# isegeval 0.1.0 (how many clicks an interactive model needs): any aim but an IoU of 0.9 within 20 clicks is counted by those: a model that reaches 0.85 at once "needs 20 clicks" for 0.8.
#
# Expected: evaluate(threshold=0.8) gives the mean number of clicks to an IoU of 0.8, and max_clicks where it isn't reached, as its arguments say.
# What happens: the loop stops by threshold and max_clicks, but the count knows neither: it looks for 0.9, and gives 20. With an aim of 0.8 a model that has 0.85 after one click
# counts as 20, one that has 0.95 as 1; with an aim of 0.95 each image counts when it passed 0.9. Of at most 5 clicks a failure counts as 20.
# Why it matters: NoC80, NoC85 and NoC90 stand side by side in papers about interactive segmentation, ultrasound's among them. Here the easier aim needs more clicks than the harder one.
# Seen on 30 November 2026 with isegeval 0.1.0, numpy 1.26.4, scipy 1.15.3, tqdm 4.67.1, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" numpy==1.26.4 scipy==1.15.3 tqdm==4.67.1
python3 -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --target "$folder/packages" isegeval==0.1.0
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata

import numpy as np
from isegeval import evaluate

SIZE = 100
truth = np.zeros((SIZE, SIZE), np.uint8)
truth[20:70, 20:60] = 1


class Model:
    """Answers each click with the truth less some rows, so that the IoU is as listed; the last one stays."""

    def __init__(self, ious):
        self.ious = list(ious)

    def predict(self, click):
        iou = self.ious.pop(0) if len(self.ious) > 1 else self.ious[0]
        mask = np.zeros_like(truth)
        mask[20 : 20 + round(50 * iou), 20:60] = 1
        return mask


class Factory:
    def __init__(self, ious):
        self.ious = ious

    def get_model(self, image):
        return Model(self.ious)


def clicks(ious, **aim):
    return float(evaluate([(np.zeros((SIZE, SIZE, 3), np.uint8), truth)], Factory(ious), **aim))


print("isegeval", importlib.metadata.version("isegeval"), "- clicks until the aim; each model's IoU after its clicks is listed")
cases = [
    ((0.84,), {"threshold": 0.8}, 1), ((0.5, 0.84, 0.94), {"threshold": 0.8}, 2), ((0.94,), {"threshold": 0.8}, 1),
    ((0.5, 0.92, 0.92, 0.96), {"threshold": 0.95}, 4), ((0.5,), {"max_clicks": 5}, 5), ((0.5, 0.84, 0.94), {}, 3),
]
found = []
for ious, aim, right in cases:
    found.append(clicks(ious, **aim))
    print(f"IoU {ious}, {aim or 'as it is (0.9 within 20)'}: {found[-1]:.0f}, {right} is right")
assert found == [20, 20, 1, 2, 20, 3]
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py 2>/dev/null
