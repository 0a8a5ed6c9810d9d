#!/usr/bin/env bash
# thyroidagent 0.1.1 (segmentation of thyroid nodules): its HD95 is 1 pixel for a nodule displaced by 5, 0 for one of two nodules missed, and depends on the place of a nodule that isn't found.
#
# Expected: HD95, "Hausdorff Distance (95%)", of two outlines: 5 for a disc displaced by 5 pixels, or 5 smaller; where one of two nodules is missed the distance to it, or at least not 0.
# What happens: distances are taken of all pixels of a mask, not of its outline. Those that lie within the other are at 0, and as long as they are 95 of 100, so is the result: displaced by
# 5 pixels a disc of radius 60 has 1.0, of radius 100 0, one 5 pixels smaller 4.0, a tail of 41 pixels 0, a missed second nodule of radius 8 0. The larger the nodule, the smaller the error.
# In the module for several tasks a mask without a pixel is given one in the upper left corner: a nodule missed there costs 81, one in the lower right corner 335, of 256 x 256.
# Why it matters: the tables of its paper's kind compare models by HD95, and a radius of a nodule decides on biopsy (1.0, 1.5 and 2.5 cm): errors of an outline of 5 pixels look like 1.
# Seen on 30 November 2026 with thyroidagent 0.1.1, torch 2.13.0, scipy 1.17.1, scikit-learn 1.9.1, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" torch==2.13.0 numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 tqdm==4.67.1
"${get[@]}" --no-deps thyroidagent==0.1.1
cd "$folder"
cat >run.py <<'PYTHON'
import contextlib
import importlib.metadata
import importlib.util
import io

import numpy as np
import torch
from scipy.ndimage import binary_erosion, distance_transform_edt


def module(name):
    """A file of the package, without its __init__, which wants torchvision."""
    path = next(file for file in importlib.metadata.files("thyroidagent") if str(file).endswith(f"utils/{name}.py")).locate()
    spec = importlib.util.spec_from_file_location(name, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


one_task, several_tasks = module("metrics").HD95(), module("metrics_multitask").HD95()
y, x = np.mgrid[:256, :256]


def disc(radius, row=128, column=128):
    return (y - row) ** 2 + (x - column) ** 2 < radius**2


def by_outlines(found, true):
    edges = [mask & ~binary_erosion(mask) for mask in (found, true)]
    return max(float(np.percentile(distance_transform_edt(~other)[edge], 95)) for edge, other in (edges, edges[::-1]))


def tensor(mask):
    return torch.from_numpy(mask.astype(np.float32))


tailed = disc(60)
tailed[126:130, 128:230] = True
cases = {
    "displaced by 5": (disc(60, 128, 133), disc(60)), "5 smaller": (disc(55), disc(60)), "radius 100, displaced by 5": (disc(100, 128, 133), disc(100)),
    "a tail of 41": (tailed, disc(60)), "second nodule missed": (disc(60), disc(60) | disc(8, 30, 30)),
}
print("thyroidagent", importlib.metadata.version("thyroidagent"))
seen = {}
for name, (found, true) in cases.items():
    seen[name] = float(one_task(tensor(found), tensor(true))), float(several_tasks(tensor(found)[None], tensor(true)[None]))
    print(f"{name}: {seen[name][0]:.1f}, by outlines {by_outlines(found, true):.1f}")
    assert seen[name][0] == seen[name][1]
assert [seen[name][0] for name in cases] == [1, 4, 0, 0, 0], seen
empty, missed = np.zeros((256, 256), bool), {}
for corner, place in {"upper left": (40, 40), "middle": (128, 128), "lower right": (220, 220)}.items():
    with contextlib.redirect_stdout(io.StringIO()):
        missed[corner] = round(float(several_tasks(tensor(empty)[None], tensor(disc(30, *place))[None])))
        assert round(float(one_task(tensor(empty), tensor(disc(30, *place))))) == 362
print("nothing found, nodule at:", missed, "- in the module for one task 362 each")
assert missed == {"upper left": 81, "middle": 205, "lower right": 335}
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
