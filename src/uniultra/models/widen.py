"""A network of twice the width that answers exactly as the narrow one: a start for a larger model that has
nothing to forget.

Every channel of the encoder is doubled; what reads a doubled channel takes half of each twin (Net2Net: Chen
2016, arXiv 1511.05641, section 2.2). Layer norms see the same mean and variance; attention has twice the
heads, each with its twin.
"""

from __future__ import annotations

import torch
from torch import Tensor

from uniultra.errors import ModelError
from uniultra.models.promptable import PromptableModel

TWIN_NOISE = 0.02
"""Relative noise on the doubled weights; exact twins would learn the same for ever."""


@torch.no_grad()
def widen(narrow: PromptableModel, wide: PromptableModel, noise: float = TWIN_NOISE, seed: int = 0) -> None:
    """Fills `wide` from `narrow`, in place.

    Args:
        narrow: the trained network.
        wide: of the same build, with twice the embedding and heads.
        noise: standard deviation of a relative change of each doubled weight; 0 keeps the function exactly.
        seed: of the noise.

    Raises:
        ModelError: `wide` isn't `narrow` at twice the width.
    """
    small, large = narrow.state_dict(), wide.state_dict()
    if small.keys() != large.keys():
        odd = sorted(small.keys() ^ large.keys())[0]
        raise ModelError(
            f"the wide model isn't the narrow one at twice the width: only one of them has '{odd}'"
        )
    rng = torch.Generator().manual_seed(seed)
    filled = {}
    for name, value in small.items():
        doubled = _doubled(name, value, large[name])
        if noise and doubled.shape != value.shape:
            doubled = doubled * (1.0 + noise * torch.randn(doubled.shape, generator=rng))
        filled[name] = doubled
    wide.load_state_dict(filled)


def _doubled(name: str, value: Tensor, like: Tensor) -> Tensor:
    for axis, (before, after) in enumerate(zip(value.shape, like.shape, strict=True)):
        if after == before:
            continue
        if after != 2 * before:
            raise ModelError(
                f"the wide model isn't the narrow one at twice the width: '{name}' is {tuple(value.shape)} "
                f"and {tuple(like.shape)}"
            )
        if axis == 0 and ".qkv." in name:
            value = torch.cat([part for part in value.chunk(3) for _ in range(2)])
        elif axis == 1 and "pos_embed" not in name:
            value = torch.cat([value, value], dim=1) / 2.0  # what comes in comes in twice
        else:
            value = torch.cat([value, value], dim=axis)
    return value
