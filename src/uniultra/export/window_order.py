"""The order of nested windows: each window of a Hiera, and each 2x2 that it pools, is a run of neighbouring
tokens.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from uniultra.models.promptable import PromptableModel


def nested_sides(model: PromptableModel) -> tuple[int, ...] | None:
    """Sides in first-stage tokens of cells that nest: 2x2s to be pooled, the windows of all blocks, the whole
    map.

    None where one doesn't divide the next.
    """
    side, level, sides = model.input_size // 4, 0, {2, 4, 8, model.input_size // 4}
    for block in model.vision_encoder.backbone.blocks:
        if block.window_size:
            sides.add(block.window_size << level)
        level += block.query_stride is not None
    nested = tuple(sorted(cell for cell in sides if cell <= side))
    whole = len(nested) == len(sides) and all(large % small == 0 for small, large in pairwise(nested))
    return nested if whole else None


def token_order(sides: Sequence[int]) -> Tensor:
    """Numbers of a square map's tokens, row by row, in the order in which each cell of these sides is one
    run; (sides[-1]**2,).
    """
    steps = [large // small for small, large in zip((1, *sides), sides, strict=False)][::-1]  # coarse to fine
    axes = [
        axis
        for pair in zip(range(len(steps)), range(len(steps), 2 * len(steps)), strict=True)
        for axis in pair
    ]
    return torch.arange(sides[-1] ** 2).view(*steps, *steps).permute(*axes).flatten()


def gelu(values: Tensor) -> Tensor:
    """The exact GELU, written so that onnxruntime sees it as one operator."""
    return 0.5 * values * (1.0 + torch.erf(values / math.sqrt(2.0)))
