"""COCO run lengths in: the inverse of `io.coco`, from text that anybody may have written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from uniultra.errors import PromptError

_MAX_SHIFT = 30
"""A run takes at most 7 characters: more is longer than any legal image."""


def mask_of(counts: str | Sequence[int], size_hw: tuple[int, int]) -> np.ndarray:
    """The bool mask (H, W) of COCO's compressed text, or of plain run lengths in column order, beginning with
    background.

    Raises:
        PromptError: characters that are no run lengths, or runs that don't fill (height, width) exactly.
    """
    pixels = size_hw[0] * size_hw[1]
    runs = _decompressed(counts, pixels) if isinstance(counts, str) else list(counts)
    if any(run < 0 for run in runs) or sum(runs) != pixels:
        problem = f"the runs of the mask don't add up to {size_hw[1]} x {size_hw[0]} pixels"
        raise PromptError(f"{problem}; give COCO run lengths in column order, background first")
    height = size_hw[0]
    mask_hw = np.zeros(size_hw, np.bool_)
    edges = np.cumsum(runs)  # the run at an odd place is inside: from the edge before it to its own
    filled = [place for place in range(1, len(runs), 2) if runs[place]]
    if filled:
        first, last = int(edges[filled[0] - 1]) // height, (int(edges[filled[-1]]) - 1) // height
        cut = np.clip(edges, first * height, (last + 1) * height) - first * height
        inside = np.arange(len(runs)) % 2 == 1
        columns = np.repeat(inside, np.diff(cut, prepend=0))
        mask_hw[:, first : last + 1] = columns.reshape(height, last + 1 - first, order="F")
    return mask_hw


def _decompressed(text: str, pixels: int) -> list[int]:
    """Runs of COCO's text, none above `pixels`: 5 bits a sign, lowest first; from the fourth on each is less
    the one two before it.
    """
    runs: list[int] = []
    value, shift = 0, 0
    for sign in text:
        part = ord(sign) - 48
        if not 0 <= part < 64 or shift > _MAX_SHIFT:
            raise PromptError(
                f"the text of the mask has {sign!a} where COCO's run lengths can't; send it as it was given"
            )
        value |= (part & 0x1F) << shift
        shift += 5
        if part & 0x20:
            continue
        if part & 0x10:
            value |= -1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        if not 0 <= runs[-1] <= pixels:
            raise PromptError(
                f"a run of the mask is {runs[-1]} pixels; legal are 0 to {pixels}; send it as it was given"
            )
        value, shift = 0, 0
    if shift:
        raise PromptError("the text of the mask is truncated; send it as it was given")
    return runs
