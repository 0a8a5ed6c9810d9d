#!/usr/bin/env bash
# peft 0.21.2: merged into a 3 x 3 convolution, OFT answers otherwise than it was trained; so does any adapter of a convolution that
# reflects its borders.
#
# Expected:   merge_and_unload() gives the network that ran before, to rounding, as it does for LoRA, BOFT and HRA on the same layer.
# What happens: unmerged, OFT takes the input apart into patches, turns each and puts them together again before the convolution; merged,
#             it turns the weights. For kernels of 1 x 1 that is the same. For 3 x 3 the answers differ by as much as they are large. With
#             padding_mode "reflect" LoRA, LoHa and BOFT differ, too, as their own convolutions pad with zeros. Nothing is said;
#             safe_merge looks for NaN alone.
# Why it matters: SAM's neck and the stems of small encoders are 3 x 3. The scores are of the unmerged model, and what is
#             exported to ONNX is the merged one.
# Seen with:  peft 0.21.2, torch 2.13.0, numpy 2.4.6, Python 3.11, 2026-11-29.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check peft==0.21.2 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import peft
import torch
from torch import nn

ADAPTERS = {
    "LoRA": lambda: peft.LoraConfig(r=4, target_modules=["0"], init_lora_weights=False),
    "LoHa": lambda: peft.LoHaConfig(r=4, target_modules=["0"], init_weights=False),
    "BOFT": lambda: peft.BOFTConfig(boft_block_size=4, target_modules=["0"], init_weights=False),
    "OFT": lambda: peft.OFTConfig(r=0, oft_block_size=4, target_modules=["0"], init_weights=False),
}
LAYERS = {
    "1 x 1": lambda: nn.Conv2d(8, 12, 1),
    "3 x 3": lambda: nn.Conv2d(8, 12, 3, padding=1),
    "3 x 3, reflecting": lambda: nn.Conv2d(8, 12, 3, padding=1, padding_mode="reflect"),
}


@torch.no_grad()
def apart(layer, adapter):
    """The largest difference between the network before and after merging, over its largest answer."""
    torch.manual_seed(0)
    network = peft.get_peft_model(nn.Sequential(layer()), adapter()).eval()
    for weight in network.parameters():
        weight.add_(0.1 * torch.randn_like(weight) * weight.requires_grad)
    image = torch.randn(1, 8, 16, 16)
    before = network(image)
    return ((network.merge_and_unload(safe_merge=True)(image) - before).abs().max() / before.abs().max()).item()


print("peft", peft.__version__, "torch", torch.__version__)
seen = {shape: {name: apart(layer, adapter) for name, adapter in ADAPTERS.items()} for shape, layer in LAYERS.items()}
for shape, found in seen.items():
    print(f"{shape:18s}", {name: f"{value:.1e}" for name, value in found.items()})
wrong = {(shape, name) for shape, found in seen.items() for name, value in found.items() if value > 0.01}
right = {(shape, name) for shape, found in seen.items() for name, value in found.items() if value < 1e-5}
as_described = (
    wrong == {("3 x 3", "OFT")} | {("3 x 3, reflecting", name) for name in ADAPTERS} and len(right) == 7 and seen["3 x 3"]["OFT"] > 0.5
)
raise SystemExit(0 if as_described else "peft does otherwise now")
PYTHON
