#!/usr/bin/env bash
# miseval 1.3.0: the Hausdorff distance of a mask that lies 12 rows too deep is 0, and its "average" Hausdorff distance is the maximum.
#
# Expected:   metric "HD" gives 12 for a box moved down by 12 rows and 3 for one moved right by 3, as MONAI and medpy do, and "AHD" a mean.
# What happens: "HD" hands both masks to a package that takes lists of points. Each row of the picture is then one point, and two masks
#             with the same rows, in whatever order and however often, have distance 0: moved up or down, or twice as tall. Moved right
#             by 3 it is the root of 6. The class that is asked for is ignored, so of several classes all get one figure. "AHD" is 12
#             where the mean over both borders is 6.7: it is what others call the Hausdorff distance.
# Why it matters: depth is where ultrasound masks go wrong, by a skin line or a reverberation; none of that is in the table.
# Seen with:  miseval 1.3.0, hausdorff 0.2.6, medpy 0.5.2, numba 0.68.1, numpy 2.4.6, Python 3.11, 2026-11-29.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check miseval==1.3.0 hausdorff==0.2.6 dictances==1.5.3 \
    numba==0.68.1 numpy==2.4.6 scipy==1.17.1 scikit-image==0.26.0 scikit-learn==1.9.1 medpy==0.5.2
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import importlib.metadata

import numpy as np
from medpy.metric.binary import assd, hd
from miseval import evaluate


def box(down=0, right=0, tall=1):
    mask = np.zeros((60, 80), np.uint8)
    mask[10 + down : 10 + down + 20 * tall, 20 + right : 50 + right] = 1
    return mask


moves = {"as it is": box(), "3 right": box(right=3), "12 down": box(down=12), "10 up": box(down=-10), "twice as tall": box(tall=2)}
print("miseval", importlib.metadata.version("miseval"), "medpy", importlib.metadata.version("medpy"))
seen = {}
for name, mask in moves.items():
    seen[name] = [round(float(evaluate(box(), mask, metric=metric)), 2) for metric in ("HD", "AHD")]
    print(f"{name:14s} miseval HD, AHD {seen[name]}  medpy HD {hd(box(), mask):.2f}, mean {assd(box(), mask):.2f}")

two = box()
two[45:55] = 2
first_only = np.where(two == 2, 0, two)
classes = [float(evaluate(two, first_only, metric="HD", multi_class=True, n_classes=3)[at][()]) for at in (1, 2)]
print("class 1 is right, class 2 missed: HD of each", np.round(classes, 2))
as_described = (
    [seen[name][0] for name in moves] == [0, 2.45, 0, 0, 0]
    and [seen[name][1] for name in moves] == [0, 3, 12, 10, 20]
    and 6 < assd(box(), box(down=12)) < 7
    and classes[0] == classes[1] > 0
)
raise SystemExit(0 if as_described else "miseval does otherwise now")
PYTHON
