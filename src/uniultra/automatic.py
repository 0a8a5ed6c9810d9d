"""Masks without a prompt: a grid of clicks over the whole frame, of which the distinct and confident answers
are kept.

The manner of SAM's automatic mask generator (Kirillov et al. 2023, "Segment Anything", appendix B): every
click is decoded from one embedding; what stays has a high predicted quality and is stable under a shift of
the threshold; of two that overlap, the better stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from uniultra.errors import PromptError
from uniultra.geometry import scale_of
from uniultra.postprocess import under_clicks, without_holes
from uniultra.quality import stability
from uniultra.segmenter import Segmenter
from uniultra.types import POSITIVE, Frame, Mask, Prompt

MOST_KEPT = 255
"""Objects that one id mask can tell apart."""
AT_ONCE = 64
"""Clicks decoded in one batch: bounds the memory."""


@dataclass(frozen=True)
class GridSettings:
    """Of `--grid`.

    Attributes:
        side: clicks per row and a column, 1 to 32.
        quality: the lowest predicted IoU that is kept.
        stability: the lowest kept share of the mask cut below its edge that is left when it is cut above it
            (`quality.stability`).
        overlap: two masks with an IoU above this are one structure.
    """

    side: int
    quality: float = 0.6
    stability: float = 0.8
    overlap: float = 0.5

    def __post_init__(self) -> None:
        if not 1 <= self.side <= 32:
            raise PromptError(f"--grid {self.side} is not a valid number of points per side; give 1 to 32")
        if not 0 <= self.quality <= 1:
            raise PromptError(f"--quality {self.quality:g} is not a predicted IoU; give 0 to 1")


@dataclass(frozen=True)
class _Candidate:
    """A mask that passed, at one bit per pixel."""

    prompt: Prompt
    quality: float
    bits: np.ndarray
    area: int


def grid_points(frame_hw: tuple[int, int], side: int) -> list[tuple[float, float]]:
    """The centres (x, y) of side x side equal cells of a frame, row by row."""
    height, width = frame_hw
    steps = (np.arange(side) + 0.5) / side
    return [(float(x * width - 0.5), float(y * height - 0.5)) for y in steps for x in steps]


def segment_grid(
    segmenter: Segmenter, frame: Frame, settings: GridSettings
) -> tuple[list[Prompt], list[Mask]]:
    """The clicks that found something, and their masks, best first; two empty lists where nothing is sure
    enough.

    A mask's logits are its quality inside and minus its quality outside, so that in an id image the better
    mask wins.
    """
    embedding = segmenter.encode(frame)
    points = grid_points((frame.height, frame.width), settings.side)
    prompts = [Prompt(points_xy=(point,), point_labels=(POSITIVE,)) for point in points]
    candidates: list[_Candidate] = []
    for start in range(0, len(prompts), AT_ONCE):
        some = prompts[start : start + AT_ONCE]
        for prompt, mask in zip(some, segmenter.decode(embedding, some), strict=True):
            candidates += _passing(prompt, mask, settings, segmenter.facts.passes.max_hole)
    kept = distinct(candidates, settings.overlap)
    return [found.prompt for found in kept], [_mask(found, frame) for found in kept]


def _passing(prompt: Prompt, mask: Mask, settings: GridSettings, max_hole: float) -> list[_Candidate]:
    """The part that was clicked on, where it is good enough and holds the click; its small holes filled."""
    if mask.quality < settings.quality:
        return []
    part = under_clicks(mask, prompt)
    x, y = prompt.points_xy[0]
    at = min(max(round(y), 0), part.mask_hw.shape[0] - 1), min(max(round(x), 0), part.mask_hw.shape[1] - 1)
    if not part.mask_hw[at] or stability(part.logits_hw) < settings.stability:
        return []
    part = without_holes(part, prompt, max_hole)
    return [_Candidate(prompt, mask.quality, np.packbits(part.mask_hw), int(np.count_nonzero(part.mask_hw)))]


def distinct(candidates: Sequence[_Candidate], overlap: float) -> list[_Candidate]:
    """Greedy non-maximum suppression: the best first, then each that has an IoU of at most `overlap` with
    every one kept.
    """
    kept: list[_Candidate] = []
    for found in sorted(candidates, key=lambda candidate: -candidate.quality):
        if len(kept) == MOST_KEPT:
            break
        if all(_iou(found, other) <= overlap for other in kept):
            kept.append(found)
    return kept


def _iou(a: _Candidate, b: _Candidate) -> float:
    both = int(np.bitwise_count(a.bits & b.bits).sum())
    return both / (a.area + b.area - both)


def _mask(found: _Candidate, frame: Frame) -> Mask:
    shape = frame.height, frame.width
    mask_hw = np.unpackbits(found.bits, count=shape[0] * shape[1]).reshape(shape).astype(bool)
    level = np.float32(max(found.quality, 1e-3))
    return Mask(
        mask_hw,
        np.where(mask_hw, level, -level),
        found.quality,
        scale_of(frame.calibration, mask_hw, found.prompt),
    )
