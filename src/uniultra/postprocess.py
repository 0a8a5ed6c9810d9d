"""What is made of the model's answers: the connected parts that belong to the structure; what several passes
say together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np

from uniultra.model_facts import Passes
from uniultra.types import POSITIVE, Mask, Prompt

SAME = 0.8
"""From this IoU on, two answers count as one."""


def under_clicks(mask: Mask, prompt: Prompt) -> Mask:
    """The mask's connected parts that hold a positive click; its largest part where none does; an empty mask
    as it is.
    """
    parts, sizes = _parts(mask)
    if not sizes.size:
        return _only(mask, parts, set())
    return _only(mask, parts, _clicked(parts, prompt) or {1 + int(np.argmax(sizes))})


def without_specks(mask: Mask, prompt: Prompt, min_part: float) -> Mask:
    """The mask without connected parts that are below `min_part` of its largest part; what was clicked on
    stays.
    """
    parts, sizes = _parts(mask)
    large = {1 + int(i) for i in np.flatnonzero(sizes >= min_part * sizes.max(initial=0))}
    return _only(mask, parts, large | _clicked(parts, prompt))


def overlap(a_hw: np.ndarray, b_hw: np.ndarray) -> float:
    """IoU of two bool masks; 1 for two empty ones."""
    either = int(np.count_nonzero(a_hw | b_hw))
    return np.count_nonzero(a_hw & b_hw) / either if either else 1.0


def trust(masks: Sequence[Mask]) -> float:
    """The last pass's quality, times how far each pass agreed with the one before (mean IoU): a true
    structure is found again.
    """
    agreements = [overlap(before.mask_hw, after.mask_hw) for before, after in pairwise(masks)]
    return masks[-1].quality * sum(agreements) / len(agreements)


def quality_of_passes(masks: Sequence[Mask]) -> float:
    """The geometric mean of their qualities: a pass on a crop is sure within a box that may be wrong, the
    first one knows the doubt.
    """
    return math.exp(sum(math.log(max(mask.quality, 1e-6)) for mask in masks) / len(masks))


def preferred(far: list[Mask], near: list[Mask] | None, passes: Passes) -> list[Mask]:
    """Of what the whole frame's view and the closer one led to: the former unless it isn't trusted, and the
    latter is by more.
    """
    if near is None or trust(far) > passes.sure:
        return far
    return near if trust(near) > trust(far) + passes.closer_by else far


def distinct(answers: Sequence[Mask], most: int) -> list[Mask]:
    """The first `most` of the answers that differ: an IoU below SAME with each one kept before."""
    kept: list[Mask] = []
    for answer in answers:
        if all(overlap(answer.mask_hw, other.mask_hw) < SAME for other in kept):
            kept.append(answer)
    return kept[:most]


def _clicked(parts: np.ndarray, prompt: Prompt) -> set[int]:
    """The numbers of the parts that hold a positive click."""
    last_row, last_column = parts.shape[0] - 1, parts.shape[1] - 1
    clicks = zip(prompt.points_xy, prompt.point_labels, strict=True)
    inside = [
        (min(round(y), last_row), min(round(x), last_column)) for (x, y), label in clicks if label == POSITIVE
    ]
    return {int(parts[at]) for at in inside} - {0}


def _parts(mask: Mask) -> tuple[np.ndarray, np.ndarray]:
    """Connected parts numbered from 1, int32 (H, W), and their pixel counts (N,)."""
    parts = np.zeros(mask.mask_hw.shape, np.int32)
    box = mask.box_xyxy
    if box is None:
        return parts, np.zeros(0, np.int32)
    x0, y0, x1, y1 = (int(edge + 0.5) for edge in box)  # beyond its box a mask costs nothing
    inside = np.ascontiguousarray(mask.mask_hw[y0:y1, x0:x1]).view(np.uint8)
    _, parts[y0:y1, x0:x1], stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=8)
    return parts, stats[1:, cv2.CC_STAT_AREA]


def _only(mask: Mask, parts: np.ndarray, kept: set[int]) -> Mask:
    """The mask with these parts alone; the logits of the others change their sign."""
    stays = np.zeros(int(parts.max(initial=0)) + 1, np.bool_)
    stays[list(kept)] = True
    if stays[1:].all():
        return mask
    inside = stays[parts]
    dropped = mask.mask_hw & ~inside
    return replace(mask, mask_hw=inside, logits_hw=np.where(dropped, -mask.logits_hw, mask.logits_hw))
