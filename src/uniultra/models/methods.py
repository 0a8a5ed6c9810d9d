"""Four ways to adapt a SAM 2, by which parameters learn. Prompt encoder and mask decoder learn in
all of them.

ch-adapter   CH-Adapters and their edge stem in the frozen Hiera (UniUltra, arXiv 2511.15771)
lora         low-rank updates of the frozen Hiera's linear layers (Hu 2021, arXiv 2106.09685), through peft
decoder      nothing in the image encoder
full         everything
"""

from __future__ import annotations

from typing import Any

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn

from uniultra.errors import ModelError
from uniultra.models.build import ADAPTER_PARTS
from uniultra.models.params import is_trained
from uniultra.models.promptable import PromptableModel

METHODS = ("ch-adapter", "lora", "decoder", "full")
QUALITY_PARTS = ("mask_decoder.iou_prediction_head.", "mask_decoder.iou_token.")
LORA_LAYERS = r"backbone\.blocks\.\d+\.(attn\.(qkv|proj)|mlp\.(proj_in|proj_out))"
"""The linear layers of every Hiera block: attention and MLP."""


def prepare(model: PromptableModel, method: str, lora_rank: int = 8) -> None:
    """Freezes what a method leaves alone, in place; for `lora` it also puts the low-rank layers in.

    Args:
        model: with CH-Adapters where the method is ch-adapter.
        method: one of METHODS.
        lora_rank: of the low-rank updates; their factor alpha / rank is 2.

    Raises:
        ModelError: unknown method, or ch-adapter on a model without adapters.
    """
    if method not in METHODS:
        raise ModelError(f"method '{method}' is unknown; use one of {', '.join(METHODS)}")
    if method == "ch-adapter" and not has_adapters(model):
        raise ModelError("method ch-adapter needs a model with CH-Adapters; load it with an AdapterSpec")
    if method == "lora":
        inject_adapter_in_model(
            LoraConfig(r=lora_rank, lora_alpha=2 * lora_rank, target_modules=LORA_LAYERS),
            model.vision_encoder,
        )
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(_learns(name, method))


def freeze_quality(model: PromptableModel) -> None:
    """Keeps what predicts a mask's quality as it is, in place: learned on a handful of images it would rate
    others as those.
    """
    for name, parameter in model.named_parameters():
        if name.startswith(QUALITY_PARTS):
            parameter.requires_grad_(False)


def _learns(name: str, method: str) -> bool:
    if method == "full" or not name.startswith("vision_encoder."):
        return True
    return (method == "ch-adapter" and is_trained(name)) or (method == "lora" and ".lora_" in name)


def has_adapters(model: PromptableModel) -> bool:
    """Whether the encoder carries CH-Adapters."""
    return any(part in name for name, _ in model.named_parameters() for part in ADAPTER_PARTS)


def learned_names(model: nn.Module) -> tuple[str, ...]:
    """Names of the parameters that learn."""
    return tuple(name for name, parameter in model.named_parameters() if parameter.requires_grad)


@torch.no_grad()
def fold_lora(model: PromptableModel) -> None:
    """Adds the low-rank updates to the weights they belong to and takes the extra layers out, in place; a
    no-op without any.
    """
    for name, module in list(model.vision_encoder.named_modules()):
        if isinstance(module, LoraLayer):
            layer: Any = module  # peft mixes LoraLayer into modules, which mypy can't see
            layer.merge()
            parent = model.vision_encoder.get_submodule(name.rpartition(".")[0])
            setattr(parent, name.rpartition(".")[2], layer.get_base_layer())


def moved(model: nn.Module, base: dict[str, Tensor]) -> dict[str, Tensor]:
    """The learned parameters that `base` (the state before) lacks or has otherwise; compared bit by bit."""
    learned = {name: p.detach() for name, p in model.named_parameters() if p.requires_grad}
    return {
        name: value
        for name, value in learned.items()
        if name not in base or not torch.equal(value.cpu(), base[name].cpu())
    }
