"""What a distillation compares: the neck's three levels, each also as its Hiera part and its adapter part.

At the end of a stage the tokens are h + a, `a` from the last block's CH-Adapter. The neck is linear, so N(h +
a) = N(h) + W a: the parts of a level are those of its tokens, and add up to it exactly (UniUltra, arXiv
2511.15771, decoupled distillation).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from uniultra.models.promptable import Features, PromptableModel

LEVELS = ("S/4", "S/8", "S/16")


@dataclass(frozen=True)
class Stages:
    """Four maps, (B, D, S/4, S/4) to (B, 8 D, S/32, S/32), and each one's adapter part, None without
    CH-Adapters.
    """

    wholes: tuple[Tensor, ...]
    parts: tuple[Tensor | None, ...]


@dataclass(frozen=True)
class Level:
    """One level after the neck, (B, D, h, w): `whole` = `hiera` + `adapter`; without CH-Adapters `adapter`
    is None.
    """

    whole: Tensor
    adapter: Tensor | None = None

    @property
    def hiera(self) -> Tensor:
        return self.whole if self.adapter is None else self.whole - self.adapter


def neck_levels(model: PromptableModel, images: Tensor) -> tuple[Level, Level, Level]:
    """Grey images (B, S, S), 0 to 255, to the levels at S/4, S/8 and S/16; the last one has S/32 added, as in
    SAM 2.
    """
    return levels_of(model, stage_maps(model, images))


def stage_maps(model: PromptableModel, images: Tensor) -> Stages:
    """The backbone's maps before the neck, and what the last CH-Adapter of each stage added."""
    with _adapter_parts(model.vision_encoder.backbone) as parts:
        wholes = model.stages(images)
    found = (parts.get(index) for index in range(len(wholes)))
    return Stages(wholes, tuple(None if part is None else part.permute(0, 3, 1, 2) for part in found))


def levels_of(model: PromptableModel, stages: Stages) -> tuple[Level, Level, Level]:
    """Stage maps through a model's neck."""
    convs = list(reversed(model.vision_encoder.neck.convs))
    wholes = [conv(stage) for conv, stage in zip(convs, stages.wholes, strict=True)]
    added = [
        None if part is None else F.conv2d(part, conv.weight)
        for conv, part in zip(convs, stages.parts, strict=True)
    ]
    coarse = Level(_with_coarsest(wholes[2], wholes[3]), _with_coarsest(added[2], added[3]))  # type: ignore[arg-type]
    return Level(wholes[0], added[0]), Level(wholes[1], added[1]), coarse


def decoder_features(model: PromptableModel, levels: tuple[Level, Level, Level]) -> Features:
    """What `PromptableModel.encode` would have given for the image of these levels."""
    fine, middle, coarse = levels
    embed = coarse.whole + model.no_memory_embedding.view(1, -1, 1, 1)
    return embed, model.mask_decoder.conv_s0(fine.whole), model.mask_decoder.conv_s1(middle.whole)


def _with_coarsest(coarse: Tensor | None, coarsest: Tensor | None) -> Tensor | None:
    if coarse is None or coarsest is None:
        return None
    return coarse + F.interpolate(coarsest, scale_factor=2.0, mode="nearest")


@contextmanager
def _adapter_parts(backbone: Any) -> Iterator[dict[int, Tensor]]:
    """Fills, while the backbone runs, stage -> what the CH-Adapter of its last block added, (B, h, w, D)."""
    parts: dict[int, Tensor] = {}

    def keeper(stage: int) -> Any:
        def keep(module: nn.Module, inputs: Any, output: Tensor) -> None:
            parts.setdefault(stage, output)

        return keep

    last_blocks = [backbone.blocks[index] for index in getattr(backbone, "stage_ends", ())]
    handles = [
        block.adapter.register_forward_hook(keeper(i))
        for i, block in enumerate(last_blocks)
        if hasattr(block, "adapter")
    ]
    try:
        yield parts
    finally:
        for handle in handles:
            handle.remove()
