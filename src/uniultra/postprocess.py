"""What is made of the model's answers: the connected parts that belong to the structure, without small holes;
what several passes say together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np

from uniultra.model_facts import Passes
from uniultra.types import NEGATIVE, POSITIVE, Mask, Prompt

SAME = 0.8
"""From this IoU on, two answers count as one."""
LEAST_LOGIT = 1e-6
"""What a filled hole has at least: above 0, as a mask is."""


def under_clicks(mask: Mask, prompt: Prompt, max_hole: float = 0.0) -> Mask:
    """The mask's connected parts that hold a positive click; its largest part where none does; an empty mask
    as it is. Holes as `without_holes` leaves them.
    """
    parts, sizes = _parts(mask)
    if not sizes.size:
        return _only(mask, parts, set())
    kept = _only(mask, parts, _clicked(parts, prompt) or {1 + int(np.argmax(sizes))})
    return without_holes(kept, prompt, max_hole)


def without_specks(mask: Mask, prompt: Prompt, min_part: float, max_hole: float = 0.0) -> Mask:
    """The mask without connected parts that are below `min_part` of its largest part; what was clicked on
    stays. Holes as `without_holes` leaves them.
    """
    parts, sizes = _parts(mask)
    large = {1 + int(i) for i in np.flatnonzero(sizes >= min_part * sizes.max(initial=0))}
    kept = _only(mask, parts, large | _clicked(parts, prompt))
    return without_holes(kept, prompt, max_hole)


def without_holes(mask: Mask, prompt: Prompt, max_hole: float) -> Mask:
    """The mask with its holes filled that are below `max_hole` of its area, but those with a negative click.

    A hole is background that the mask encloses, neighbours by their sides; what reaches the frame's border is
    none.
    """
    box = mask.box_xyxy
    if max_hole == 0.0 or box is None:
        return mask
    x0, y0, x1, y1 = (int(edge + 0.5) for edge in box)  # a hole lies within the mask's box, off its border
    outside = np.ascontiguousarray(~mask.mask_hw[y0:y1, x0:x1])
    _, parts, stats, _ = cv2.connectedComponentsWithStats(outside.view(np.uint8), connectivity=4)
    border = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    small = stats[:, cv2.CC_STAT_AREA] < max_hole * np.count_nonzero(mask.mask_hw)
    small[[0, *border]] = False
    holes = np.zeros_like(mask.mask_hw)
    numbered = np.zeros(mask.mask_hw.shape, np.int32)
    numbered[y0:y1, x0:x1] = parts
    small[list(_clicked(numbered, prompt, NEGATIVE))] = False
    holes[y0:y1, x0:x1] = small[parts]
    if not holes.any():
        return mask
    logits_hw = np.where(holes, np.maximum(-mask.logits_hw, LEAST_LOGIT), mask.logits_hw)
    return replace(mask, mask_hw=mask.mask_hw | holes, logits_hw=logits_hw)


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


def _clicked(parts: np.ndarray, prompt: Prompt, kind: int = POSITIVE) -> set[int]:
    """The numbers of the parts that hold a click of a kind, positive or negative."""
    last_row, last_column = parts.shape[0] - 1, parts.shape[1] - 1
    clicks = zip(prompt.points_xy, prompt.point_labels, strict=True)
    inside = [
        (min(round(y), last_row), min(round(x), last_column)) for (x, y), label in clicks if label == kind
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
