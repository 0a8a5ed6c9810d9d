#!/usr/bin/env bash
# transformers 5.24.0, SAM 2's automatic masks ("mask-generation"): on a frame of 640 x 480 nobody clicks into the lowest quarter.
#
# Expected: the grid of clicks covers the frame, whatever its sides; SAM 2's processor stretches every frame to a square.
# What happens: clicks are scaled as for SAM, whose frames keep their proportions: by the longer side both ways. Of 640 x 480 the deepest click
# lies at row 354 of 480, of 480 x 640 the rightmost at column 354, of 1024 x 400 at row 154; 32 x 32 points lie denser above. Square frames
# are right. A structure in the lower part can still be answered by clicks elsewhere, but is never clicked on. max_hole_area and
# max_sprinkle_area, documented as what is filled and removed, aren't heeded by post_process_masks at all, in Sam2Processor or in Sam3's.
# Why it matters: ultrasound is wider than high, and what is deep (far wall, atria, a bladder's floor) is what is left out.
# Seen on 29 November 2026 with transformers 5.24.0, torch 2.13.0, torchvision 0.28.0, numpy 2.4.6, pillow 13.0.0, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip=("$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check)
"${pip[@]}" torch==2.13.0
"${pip[@]}" transformers==5.24.0 numpy==2.4.6 pillow==13.0.0
"${pip[@]}" --no-deps torchvision==0.28.0
cd "$folder"
# Beside torch's build for CPUs torchvision's compiled operators don't load. They are declared instead; none is called here.
cat >torchvision_operators.py <<'PYTHON'
import torch

for name in ("nms", "qnms"):
    torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
PYTHON
PYTHONPATH=$folder HF_HUB_OFFLINE=1 venv/bin/python -W ignore - 2>errors <<'PYTHON' || { tail -3 errors; exit 1; }
import numpy as np
import torch
import torchvision_operators  # noqa: F401
import transformers
from PIL import Image
from transformers import Sam2ImageProcessor

STRUCTURE = (0.80, 0.95)  # of the height; 0.4 to 0.6 of the width
processor = Sam2ImageProcessor()
print("transformers", transformers.__version__, "torch", torch.__version__)
found = {}
for width, height in ((640, 480), (480, 640), (1024, 400), (512, 512)):
    frame = np.zeros((height, width, 3), np.uint8)
    rows = slice(*(round(part * height) for part in STRUCTURE))
    frame[rows, round(0.4 * width) : round(0.6 * width)] = 255
    picture = Image.fromarray(frame)
    _, clicks, _, _ = processor.generate_crop_boxes(picture, processor.size["height"])
    seen = processor(images=picture, return_tensors="pt")["pixel_values"][0, 0] > 0
    across, down = clicks.reshape(-1, 2).T
    on_it = seen[down.long(), across.long()].sum().item()
    deepest, rightmost = (down.max() * height / seen.shape[0]).item(), (across.max() * width / seen.shape[1]).item()
    print(f"{width} x {height}, seen as {seen.shape[1]} x {seen.shape[0]}: of {len(down)} clicks the deepest at row {deepest:.0f},",
          f"the rightmost at column {rightmost:.0f}; {on_it} on a structure in rows {rows.start} to {rows.stop - 1}")
    found[width, height] = (round(deepest), round(rightmost), on_it)
logits = torch.full((1, 1, 64, 64), -10.0)
logits[0, 0, 16:48, 16:48], logits[0, 0, 30:33, 30:33], logits[0, 0, 2:4, 2:4] = 10, -10, 10
areas = {
    area: processor.post_process_masks([logits.clone()], [[64, 64]], max_hole_area=area, max_sprinkle_area=area)[0].sum().item()
    for area in (0, 100)
}
print("pixels of a mask of 1024 with a hole of 9 and a sprinkle of 4, by max_hole_area and max_sprinkle_area:", areas)
as_described = (
    found[640, 480][0] == 354 and found[640, 480][2] == 0 and found[480, 640][1] == 354 and found[1024, 400][0] == 154
    and found[1024, 400][2] == 0 and found[512, 512][:2] == (504, 504) and found[512, 512][2] > 20 and areas == {0: 1019, 100: 1019}
)
raise SystemExit(0 if as_described else "transformers does otherwise now")
PYTHON
