#!/usr/bin/env bash
# micro-sam 1.8.14: the click that it makes of a mask, to follow it through a stack or a cine, lies in a corner of a band or at the base of a triangle; thin walls have an empty mask prompt.
#
# Expected: "single_point" is a point in the middle of the mask, as far from its outline as can be ("Whether to derive just a single point from the mask"); a mask given as a prompt
# is in the prompt.
# What happens: distances are those to the outline within the mask's own box, cut to the pixel, so a side that the box runs along has no outline. The click on a rectangle is
# its last pixel, on a tilted band of 16 rows the end of its upper side, on a half disc and a triangle the middle of the flat side: all one pixel from the outside, where 8 to 33 are to be had. On
# discs and ellipses it is the centre. "points" has these corners too, beside clicks along the middle. The mask prompt has 256 x 256 cells, and a cell is inside where
# more than half of it is: of frames of 1080 x 1920 a wall of two rows is in none at any depth, one of three in 23 of 40, one of a row never. The prompt then says -6.9, "outside",
# everywhere. Nothing is said.
# Why it matters: segment_mask_in_volume makes each frame's prompts of the last one's mask. Aponeuroses, vessel walls and chambers cut by the valve plane are such shapes; a click on the rim asks for
# what lies beside it.
# Seen on 30 November 2026 with micro-sam 1.8.14, bioimage-cpp 0.10.0, segment-anything 1.0, torch 2.13.0, scikit-image 0.26.0, numpy 2.4.6, Python 3.11. Its prompt_based_segmentation alone is loaded; its
# util, which other functions there use, and torchvision, which resizes pictures, have stand-ins.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" torch==2.13.0
"${get[@]}" --no-deps micro-sam==1.8.14 segment-anything==1.0
"${get[@]}" bioimage-cpp==0.10.0 scikit-image==0.26.0 numpy==2.4.6 scipy==1.17.1
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import importlib.util
import sys
import types

import numpy as np
from scipy.ndimage import distance_transform_edt

for name in ("torchvision", "torchvision.transforms", "torchvision.transforms.functional", "torchvision.ops", "torchvision.ops.boxes", "micro_sam", "micro_sam.util"):
    sys.modules[name] = types.ModuleType(name)
resizing, boxes = sys.modules["torchvision.transforms.functional"], sys.modules["torchvision.ops.boxes"]
resizing.resize = resizing.to_pil_image = boxes.batched_nms = boxes.box_area = None
sys.modules["micro_sam.util"].ImageEmbeddings = dict
sys.modules["micro_sam"].util = sys.modules["micro_sam.util"]
sys.modules["micro_sam"].__path__ = ["packages/micro_sam"]
import micro_sam.prompt_based_segmentation as prompts

print("micro-sam", importlib.metadata.version("micro-sam"), "- the click, its distance from the outside, and the largest there is")
y, x = np.mgrid[:300, :400]
shapes = {
    "disc": (y - 150) ** 2 + (x - 200) ** 2 < 40**2, "ellipse": ((y - 150) / 20) ** 2 + ((x - 200) / 60) ** 2 < 1, "rectangle": (abs(y - 150) < 20) & (abs(x - 200) < 60),
    "tilted band": (abs(y - 150 - 0.3 * (x - 200)) < 8) & (abs(x - 200) < 80), "half disc": ((y - 150) ** 2 + (x - 200) ** 2 < 40**2) & (y > 150),
    "triangle": (y > 100) & (y < 200) & (abs(x - 200) < (y - 100) * 0.6),
}
depths = {}
for name, mask in shapes.items():
    (point,), labels = prompts._compute_points_from_mask(mask.astype(np.uint8), None, 0, use_single_point=True)
    within = distance_transform_edt(mask)
    depths[name] = float(within[point[1], point[0]]), float(within.max())
    print(f"{name}: ({point[0]}, {point[1]}), {depths[name][0]:.0f} of {depths[name][1]:.0f} pixels")
many, labels = prompts._compute_points_from_mask(shapes["tilted band"].astype(np.uint8), None, 0)
rim = [float(distance_transform_edt(shapes["tilted band"])[int(row), int(column)]) for (column, row), label in zip(many, labels) if label == 1]
outermost = sum(depth < 1.5 for depth in rim)
print("clicks inside the tilted band:", len(rim), "- on its outermost pixels:", outermost)
assert all(depths[name][0] == depths[name][1] for name in ("disc", "ellipse"))
assert all(depths[name][0] == 1 and depths[name][1] > 7 for name in list(shapes)[2:]) and outermost == 2 < len(rim)

kept = {}
for rows, columns in ((1080, 1920), (768, 1024)):
    for thick in (1, 2, 3, 5):
        kept[rows, thick] = 0
        for offset in range(40):
            wall = np.zeros((rows, columns), np.uint8)
            wall[100 + offset : 100 + offset + thick, 200 : 200 + columns // 3] = 1
            kept[rows, thick] += bool((prompts._compute_logits_from_mask(wall) > 0).any())
        print(f"{rows} x {columns}, a wall of {thick} rows: in the mask prompt at {kept[rows, thick]} of 40 depths")
assert kept == {(1080, 1): 0, (1080, 2): 0, (1080, 3): 23, (1080, 5): 40, (768, 1): 0, (768, 2): 27, (768, 3): 40, (768, 5): 40}, kept
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py 2>/dev/null
