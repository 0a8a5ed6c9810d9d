"""What is made of the model's answers: the connected parts that belong to the structure, without small holes;
what several passes say together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np

from uniultra.geometry import clip_box
from uniultra.model_facts import ModelFacts, Passes
from uniultra.pixel_scale import Box
from uniultra.types import NEGATIVE, POSITIVE, Mask, Prompt

SAME = 0.8
"""From this IoU on, two answers count as one."""
LEAST_LOGIT = 1e-6
"""What a filled hole has at least: above 0, as a mask is."""


CUTS = tuple(step / 8 for step in range(-20, 21))
"""Where the mask of a tight box may be cut: logits of -2.5 to 2.5."""

NOTHING_TO_SEE = "there is nothing to see where the prompt points: the image is of one even grey there"


def of_nothing(mask: Mask) -> Mask:
    """An answer on pixels of one grey: as it is, with quality 0 and a note."""
    return replace(mask, quality=0.0, notes=(NOTHING_TO_SEE,))


def under_clicks(mask: Mask, prompt: Prompt, max_hole: float = 0.0) -> Mask:
    """The mask's connected parts that hold a positive click; its largest part where none does; an empty mask
    as it is. Holes as `without_holes` leaves them.
    """
    parts = _parts(mask)
    if parts is None:
        return mask
    kept = _only(mask, parts, parts.clicked(prompt) or {1 + int(np.argmax(parts.sizes))})
    return without_holes(kept, prompt, max_hole)


def without_specks(mask: Mask, prompt: Prompt, min_part: float, max_hole: float = 0.0) -> Mask:
    """The mask without connected parts that are below `min_part` of its largest part; what was clicked on
    stays. Holes as `without_holes` leaves them.
    """
    parts = _parts(mask)
    if parts is None:
        return mask
    large = {1 + int(i) for i in np.flatnonzero(parts.sizes >= min_part * parts.sizes.max())}
    kept = _only(mask, parts, large | parts.clicked(prompt))
    return without_holes(kept, prompt, max_hole)


def without_holes(mask: Mask, prompt: Prompt, max_hole: float) -> Mask:
    """The mask with its holes filled that are below `max_hole` of its area, but those with a negative click.

    A hole is background that the mask encloses, neighbours by their sides; what reaches the frame's border is
    none.
    """
    box = mask.box_xyxy
    if max_hole == 0.0 or box is None:
        return mask
    window = _window(box)  # a hole lies within the mask's box, off its border
    outside = np.ascontiguousarray(~mask.mask_hw[window])
    _, numbers, stats, _ = cv2.connectedComponentsWithStats(outside.view(np.uint8), connectivity=4)
    parts = Parts(numbers, stats[1:, cv2.CC_STAT_AREA], window, mask.mask_hw.shape)
    border = np.unique(np.concatenate([numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]]))
    small = stats[:, cv2.CC_STAT_AREA] < max_hole * np.count_nonzero(mask.mask_hw)
    small[[0, *border]] = False
    small[list(parts.clicked(prompt, NEGATIVE))] = False
    if not small.any():
        return mask
    holes = small[numbers]
    mask_hw, logits_hw = mask.mask_hw.copy(), mask.logits_hw.copy()
    mask_hw[window] |= holes
    found = logits_hw[window]
    logits_hw[window] = np.where(holes, np.maximum(-found, LEAST_LOGIT), found)
    return replace(mask, mask_hw=mask_hw, logits_hw=logits_hw)


def of_box(answer: Mask, prompt: Prompt, facts: ModelFacts) -> Mask:
    """The answer to a box or a previous mask without specks and holes; of a tight box alone also cut where it
    spans the box.
    """
    passes = facts.passes
    mask = without_specks(answer, prompt, passes.min_part, passes.max_hole)
    tight = passes.span_cost and facts.box_fits and prompt.box_fit == "tight"
    if prompt.box_xyxy is None or not tight or prompt.mask_hw is not None or prompt.points_xy:
        return mask
    height, width = mask.mask_hw.shape
    cut = spanning(mask, clip_box(prompt.box_xyxy, (height, width)), passes.span_cost)
    return mask if cut is mask else without_specks(cut, prompt, passes.min_part, passes.max_hole)


def spanning(mask: Mask, box_xyxy: Box, cost: float) -> Mask:
    """The mask of a box that is known to touch its structure on all four sides, cut where it spans that box
    best: at the logit, of CUTS, with the highest IoU of the box and the mask's own, less `cost` times the
    logit's distance from 0. Its logits are those above the cut. An empty mask stays as it is.
    """
    if not mask.mask_hw.any():
        return mask
    rows, columns = mask.logits_hw.max(axis=1), mask.logits_hw.max(axis=0)
    scores = [_spanned(rows, columns, cut, box_xyxy) - cost * abs(cut) for cut in CUTS]
    cut = CUTS[int(np.argmax(scores))]
    if cut == 0.0:
        return mask
    logits_hw = mask.logits_hw - np.float32(cut)
    return replace(mask, mask_hw=logits_hw > 0, logits_hw=logits_hw)


def _spanned(rows: np.ndarray, columns: np.ndarray, cut: float, box_xyxy: Box) -> float:
    """IoU of a box with that of the pixels above a cut, of which the highest logit of each row and column is
    given; 0 where there is none.
    """
    down, across = np.flatnonzero(rows > cut), np.flatnonzero(columns > cut)
    if not len(down):
        return 0.0
    x0, y0, x1, y1 = box_xyxy
    left, top, right, bottom = across[0] - 0.5, down[0] - 0.5, across[-1] + 0.5, down[-1] + 0.5
    shared = max(min(x1, right) - max(x0, left), 0.0) * max(min(y1, bottom) - max(y0, top), 0.0)
    return float(shared / ((right - left) * (bottom - top) + (x1 - x0) * (y1 - y0) - shared))


def hidden(masks: Sequence[Mask]) -> list[int]:
    """The places of masks that lie wholly under one of the others, so that an id image, in which the higher
    logit and of equals the first wins, has no pixel of them. Empty masks aren't among them.
    """
    boxes = [mask.box_xyxy for mask in masks]
    return [
        place
        for place, (mask, box) in enumerate(zip(masks, boxes, strict=True))
        if box is not None
        and any(
            at != place and over is not None and _holds(over, box) and _covers(other, at, mask, place, box)
            for at, (other, over) in enumerate(zip(masks, boxes, strict=True))
        )
    ]


def _holds(outer: Box, inner: Box) -> bool:
    return outer[0] <= inner[0] and outer[1] <= inner[1] and outer[2] >= inner[2] and outer[3] >= inner[3]


def _covers(other: Mask, at: int, mask: Mask, place: int, box: Box) -> bool:
    """Whether `other`, at place `at`, wins each pixel of `mask`, whose box is given."""
    window = _window(box)
    theirs, own = other.logits_hw[window], mask.logits_hw[window]
    wins = other.mask_hw[window] & ((theirs >= own) if at < place else (theirs > own))
    return bool((wins | ~mask.mask_hw[window]).all())


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


@dataclass(frozen=True)
class Parts:
    """Connected parts of a mask, numbered from 1 within its box: beyond that a mask costs nothing.

    Attributes:
        numbers: int32 (h, w), of the pixels in the window; 0 is none.
        sizes: pixel counts (N,).
        window: the rows and columns of the frame that the numbers are for.
        frame_hw: the frame's size.
    """

    numbers: np.ndarray
    sizes: np.ndarray
    window: tuple[slice, slice]
    frame_hw: tuple[int, ...]

    def clicked(self, prompt: Prompt, kind: int = POSITIVE) -> set[int]:
        """The numbers of the parts that hold a click of a kind, positive or negative."""
        rows, columns = self.window
        found = set()
        for (x, y), label in zip(prompt.points_xy, prompt.point_labels, strict=True):
            at = min(round(y), self.frame_hw[0] - 1), min(round(x), self.frame_hw[1] - 1)
            inside = rows.start <= at[0] < rows.stop and columns.start <= at[1] < columns.stop
            if label == kind and inside:
                found.add(int(self.numbers[at[0] - rows.start, at[1] - columns.start]))
        return found - {0}


def _window(box_xyxy: tuple[float, float, float, float]) -> tuple[slice, slice]:
    x0, y0, x1, y1 = (int(edge + 0.5) for edge in box_xyxy)
    return slice(y0, y1), slice(x0, x1)


def _parts(mask: Mask) -> Parts | None:
    """The connected parts of a mask; None where there is nothing to take away or to fill: it is empty, or one
    part without holes.
    """
    box = mask.box_xyxy
    if box is None:
        return None
    window = _window(box)
    inside = np.ascontiguousarray(mask.mask_hw[window]).view(np.uint8)
    edges, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    if len(edges) == 1:  # as most masks are: a fraction of the time that numbering parts and holes takes
        return None
    _, numbers, stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=8)
    return Parts(numbers, stats[1:, cv2.CC_STAT_AREA], window, mask.mask_hw.shape)


def _only(mask: Mask, parts: Parts, kept: set[int]) -> Mask:
    """The mask with these parts alone; the logits of the others change their sign."""
    stays = np.zeros(len(parts.sizes) + 1, np.bool_)
    stays[list(kept)] = True
    if stays[1:].all():
        return mask
    inside = stays[parts.numbers]
    dropped = mask.mask_hw[parts.window] & ~inside
    mask_hw, logits_hw = np.zeros_like(mask.mask_hw), mask.logits_hw.copy()
    mask_hw[parts.window] = inside
    found = logits_hw[parts.window]
    logits_hw[parts.window] = np.where(dropped, -found, found)
    return replace(mask, mask_hw=mask_hw, logits_hw=logits_hw)
