"""Small networks, for tests of what is around a network: to trace all blocks of the mini takes a minute."""

from __future__ import annotations

import torch

from uniultra.models.adapter import AdapterSpec
from uniultra.models.build import PAPER, HieraSize, fit_windows, vision_config
from uniultra.models.promptable import PromptableConfig, PromptableModel

SHORT = HieraSize(16, 1, (1, 1, 2, 1), (3,))
"""The mini with fewer blocks: a windowed one, one of each pooling, a global one."""


def short(size: int, adapter: AdapterSpec | None = PAPER, **decoder: object) -> PromptableModel:
    """SHORT for inputs of `size` pixels a side, with a box prior and fresh weights, the same each time."""
    torch.manual_seed(0)
    config = PromptableConfig(
        vision_config=vision_config(fit_windows(SHORT, size), adapter, size),
        prompt_encoder_config={"image_size": size},
        mask_decoder_config={"dynamic_multimask_via_stability": False} | decoder,
        box_prior=True,
    )
    return PromptableModel(config).eval()


def heard(model: PromptableModel, *endings: str) -> PromptableModel:
    """The same with adapters, and what ends so, that add something: fresh ones are nearly silent."""
    for name, parameter in model.named_parameters():
        if ".adapter." in name or name.endswith(endings):
            torch.nn.init.normal_(parameter, std=0.2)
    return model
