#!/usr/bin/env bash
# itkit 4.0.0 (toolkit for segmentation): the Dice loss of a perfect prediction is 0.5 with two classes and 0.67 with three; of three classes finding nothing can score better.
#
# Expected: dice_loss_array(prediction, target) is 0 where both are the same, the mean over the classes of 1 - Dice otherwise.
# What happens: within its loop over the classes the target is replaced by the first class's mask. The second class is compared with the background of the target, the third and all
# others with an empty mask, whose Dice is 0: a loss of 1/2 for two classes, of 2/3 for three, of 4/5 for five. With naive_dice=True a prediction of background alone has 0.37 where the right
# one has 0.67. accuracy_array beside it divides by one pixel too many: 0.8 for four right pixels of four.
# Why it matters: a table of losses looks bad for everyone, and the worse model may come first. Nothing is raised, values lie between 0 and 1.
# Seen on 30 November 2026 with itkit 4.0.0, torch 2.13.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" torch==2.13.0 numpy==2.4.6
"${get[@]}" --no-deps itkit==4.0.0
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import importlib.util

import numpy as np

# The file alone: the package around it wants OpenMMLab.
path = next(file for file in importlib.metadata.files("itkit") if str(file).endswith("criterions/segment.py")).locate()
spec = importlib.util.spec_from_file_location("segment", path)
segment = importlib.util.module_from_spec(spec)
spec.loader.exec_module(segment)


def frames(classes):
    """Two frames with squares of 20 x 20 pixels, one of each class."""
    made = np.zeros((2, 64, 256), int)
    for number in range(1, classes):
        made[:, 20:40, 50 * number : 50 * number + 20] = number
    return made


print("itkit", importlib.metadata.version("itkit"))
seen = {}
for classes in (1, 2, 3, 5):
    target = frames(classes)
    seen[classes] = [round(float(segment.dice_loss_array(target.copy(), target.copy(), naive_dice=naive)), 3) for naive in (False, True)]
    print(f"{classes} classes, all right: {seen[classes][0]}, {seen[classes][1]} with naive_dice")
assert all(np.allclose(values, 1 - 1 / classes, atol=0.001) for classes, values in seen.items()), seen
small = np.zeros((2, 64, 64), int)
small[:, 10:30, 10:30], small[:, 40:60, 40:60] = 1, 2
right, none = (round(float(segment.dice_loss_array(found, small.copy(), naive_dice=True)), 2) for found in (small.copy(), np.zeros_like(small)))
print(f"three classes: {right} for all right, {none} for background alone")
assert (right, none) == (0.67, 0.37)
accuracy = float(segment.accuracy_array(np.ones((1, 2, 2)), np.ones((1, 2, 2))))
print("accuracy of four right pixels:", accuracy)
assert accuracy == 0.8
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
