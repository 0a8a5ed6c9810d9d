#!/usr/bin/env bash
# MONAI 1.6.1: FillHoles on labels of a heart paints the chamber over with the wall around it, and it and KeepLargestConnectedComponent change the mask that they are given.
#
# Expected: "An enclosed hole is defined as a background pixel/voxel which is only enclosed by a single class": a chamber with a label of its own within a wall is no hole, nor is
# a gap between the two, and both stay. A transform returns another mask; the one that went in is as it was.
# What happens: whatever lies within a ring becomes the ring, other labels too: of a chamber of 1,245 pixels within a wall none are left, the wall has 2,821 for 1,576. With the
# gap of a pixel or two between them likewise. In one-hot form the chamber stays and each of its pixels is wall as well, so that classes overlap. Given applied_labels=[1], the chamber's
# own, nothing happens. The mask that was handed in is changed in place, tensor, MetaTensor or NumPy, by both transforms: a speck is gone from it, too. RemoveSmallObjects, LabelFilter and
# LabelToContour leave theirs alone. Nothing is said.
# Why it matters: chamber in wall is what echocardiography segments (CAMUS: 1 and 2), and lumen in media in vessels; a chamber's volume is 0. Scores of the mask before and after clean-up,
# computed from both variables, are the same, since both are the cleaned one.
# Seen on 30 November 2026 with MONAI 1.6.1, torch 2.13.0, numpy 2.4.6, scipy 1.17.1, scikit-image 0.26.0, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" torch==2.13.0
"${get[@]}" --no-deps monai==1.6.1
"${get[@]}" numpy==2.4.6 scipy==1.17.1 scikit-image==0.26.0
cd "$folder"
cat >run.py <<'PYTHON'
import numpy as np
import torch

import monai
from monai.transforms import FillHoles, KeepLargestConnectedComponent, LabelFilter, LabelToContour, RemoveSmallObjects

y, x = np.mgrid[:120, :160]
away = np.hypot(y - 60, x - 80)
heart = np.zeros((1, 120, 160), np.float32)
heart[0][away < 30] = 2
heart[0][away < 20] = 1
gap = heart.copy()
gap[0][(away < 22) & (away >= 20)] = 0


def counts(mask):
    """Pixels of background, chamber and wall."""
    return [int((np.asarray(mask) == label).sum()) for label in range(3)]


print("MONAI", monai.__version__, "- pixels of background, chamber and wall:", counts(heart))
seen = {}
for name, mask, transform in (
    ("FillHoles()", heart, FillHoles()), ("FillHoles(applied_labels=[2])", heart, FillHoles(applied_labels=[2])),
    ("FillHoles(applied_labels=[1])", heart, FillHoles(applied_labels=[1])), ("FillHoles(), a gap between them", gap, FillHoles()),
):
    seen[name] = counts(transform(torch.tensor(mask)))
    print(f"{name}: {counts(mask)} -> {seen[name]}")
whole = counts(heart)
assert whole[1] > 1200 and all(seen[name] == [whole[0], 0, whole[1] + whole[2]] for name in seen if "[1]" not in name)
assert seen["FillHoles(applied_labels=[1])"] == whole
channels = FillHoles()(torch.tensor(np.concatenate([heart == label for label in range(3)]).astype(np.float32)))
twice = int((channels.sum(0) > 1).sum())
print("one-hot: pixels of two classes at once", twice)
assert twice == whole[1]

speck = heart.copy()
speck[0, 5:8, 5:8] = 1
changed = {}
for transform in (FillHoles(), KeepLargestConnectedComponent(applied_labels=[1, 2]), KeepLargestConnectedComponent(independent=False), RemoveSmallObjects(min_size=30), LabelFilter([2]), LabelToContour()):
    for kind, given in (("NumPy", speck.copy()), ("tensor", torch.tensor(speck)), ("MetaTensor", monai.data.MetaTensor(torch.tensor(speck)))):
        transform(given)
        changed.setdefault(type(transform).__name__, set()).add(counts(given) != counts(speck))
for name, answer in changed.items():
    print(f"{name} changes what it is given: {answer}")
assert all(changed[name] == {True} for name in ("FillHoles", "KeepLargestConnectedComponent"))
assert all(changed[name] == {False} for name in ("RemoveSmallObjects", "LabelFilter", "LabelToContour"))
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s -W ignore run.py
