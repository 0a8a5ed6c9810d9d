"""Answers on a frame and what speaks for each: the prompted frame's mask, registered, or the model's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from uniultra.geometry import OUTSIDE_LOGIT, scale_of
from uniultra.pixel_scale import NO_SCALE
from uniultra.tracking.anchor import DIRECT, EXPLAINED, PARTLY, Anchor, followed, mask_at, moved_along
from uniultra.tracking.confidence import (
    ABSENT_AFTER,
    LOST,
    SURE,
    SURE_GROWTH,
    Evidence,
    appearance,
    likeness,
    stability,
)
from uniultra.tracking.looks import Sight, box_on
from uniultra.tracking.state import MaskGrid, agreement, area_ratio
from uniultra.tracking.target_model import Cells
from uniultra.tracking.tissue import resemblance
from uniultra.tracking.track_state import ObjectTrack
from uniultra.types import Frame, Mask, Region

NESTED = 0.5
"""Dice from which two masks of different sizes lie in one place."""


@dataclass(frozen=True)
class Answer:
    """A mask, its grid and appearance, what speaks for it, and the cells of the view that the model saw; None
    where it wasn't asked.
    """

    mask: Mask
    grid: MaskGrid
    seen_hw: np.ndarray
    evidence: Evidence
    cells: Cells | None = None


def brought(
    frame: Frame, pairs: Sequence[tuple[ObjectTrack, MaskGrid]], flow: np.ndarray | None
) -> list[ObjectTrack]:
    """Structures of one registration, with the places where they are expected: each with its anchor on this
    frame. Lost ones don't move the others' crop.
    """
    trusted = [pair for pair in pairs if not pair[0].lost] or pairs
    before, now = [one.anchor.grid.region for one, _ in trusted], [grid.region for _, grid in trusted]
    at = moved_along(pairs[0][0].anchor.registration.region, before, now)
    anchors = followed([one.anchor for one, _ in pairs], frame, flow, at)
    return [replace(one, anchor=anchor) for (one, _), anchor in zip(pairs, anchors, strict=True)]


def explained(frame: Frame, one: ObjectTrack, region: Region) -> Answer | None:
    """The answer over a region where the prompted frame explains what is seen; None where it doesn't, or the
    structure has left the frame.
    """
    return None if one.anchor.likeness < EXPLAINED else _known(frame, one, region)


def _known(frame: Frame, one: ObjectTrack, region: Region) -> Answer | None:
    """The prompted frame's mask, which explains what is seen; None where it has left the frame."""
    answer = _registered(frame, one, region)
    if answer is None:
        return None
    # A thin band that turns has other surroundings in its appearance, though all of it is explained.
    evidence = answer.evidence
    return replace(
        answer, evidence=replace(evidence, like_first=max(evidence.like_first, evidence.explained))
    )


def instead(frame: Frame, one: ObjectTrack, answer: Answer, region: Region) -> Answer:
    """The prompted frame's mask in place of one of the model that isn't sure and lies there too but is of
    quite another size, where that frame partly explains what is seen; else the model's.
    """
    sure = answer.evidence.confidence >= SURE
    if sure or not PARTLY <= one.anchor.likeness < EXPLAINED or answer.grid.box_xyxy is None:
        return answer
    other = _registered(frame, one, region, answer.evidence.resembles)
    if other is None or area_ratio(answer.grid, other.grid) <= SURE_GROWTH:
        return answer
    doubtful = other.evidence.growth > SURE_GROWTH or other.evidence.confidence < LOST
    return answer if doubtful or agreement(answer.grid, other.grid) < NESTED else other


def directly(frame: Frame, one: ObjectTrack, answer: Answer, anchor: Anchor) -> Answer:
    """The prompted frame's mask, carried here at once, in place of the model's where that frame explains what
    is seen well enough so, and better than step by step: the track has drifted.

    Args:
        anchor: the structure's, brought here so (`anchor.at_once`).
    """
    if one.anchor.likeness >= EXPLAINED or anchor.likeness < max(DIRECT, one.anchor.likeness):
        return answer
    before, now = one.anchor.registration.region, anchor.registration.at
    there = moved_along(anchor.grid.region, [before], [now])
    other = _known(frame, replace(one, anchor=anchor), there)
    if other is None:
        return answer
    evidence = other.evidence
    # What was last sure may have drifted, too.
    return replace(other, evidence=replace(evidence, growth=min(evidence.growth, evidence.changed)))


def _registered(frame: Frame, one: ObjectTrack, region: Region, resembles: float = 1.0) -> Answer | None:
    """The prompted frame's mask as it lies on this one; None where it has left the frame."""
    grid, frame_hw = mask_at(one.anchor, region), (frame.height, frame.width)
    box = box_on(grid, frame_hw)
    if box is None:
        return None
    logits_hw, quality = grid.map.paste_logits(grid.logits_hw, frame_hw), one.anchor.quality
    mask_hw = logits_hw > 0
    mask = Mask(mask_hw, logits_hw, quality, scale_of(frame.calibration, mask_hw))
    seen = appearance(frame, box)
    return Answer(mask, grid, seen, _evidence(one, grid, seen, quality, resembles))


def weighed(frame: Frame, one: ObjectTrack, sight: Sight | None) -> Answer:
    """What the model sees, or nothing, as an answer; the structure's anchor is on this frame."""
    if sight is None:
        return _nothing(frame, one)
    mask, grid, seen = sight.mask, sight.grid, sight.seen_hw
    resembles = resemblance(sight.tissue, one.anchor.tissue)
    evidence = _evidence(one, grid, seen, mask.quality, resembles)
    if one.target is not None and sight.cells is not None:
        evidence = replace(evidence, contrast=one.target.contrast(sight.cells))
    return Answer(mask, grid, seen, evidence, sight.cells)


def _evidence(
    one: ObjectTrack, grid: MaskGrid, seen_hw: np.ndarray, quality: float, resembles: float
) -> Evidence:
    """What speaks for a grid with this appearance; the anchor is on the same frame."""
    return Evidence(
        quality,
        one.anchor.quality,
        likeness(seen_hw, one.first_hw),
        stability(grid.logits_hw),
        one.anchor.likeness,
        area_ratio(grid, one.sure_grid),
        area_ratio(grid, one.anchor.grid),
        resembles,
        absent=one.lost >= ABSENT_AFTER,
    )


def _nothing(frame: Frame, one: ObjectTrack) -> Answer:
    return Answer(empty_mask((frame.height, frame.width)), one.grid, one.sure_hw, Evidence(0, 0, -1, 0))


@lru_cache(maxsize=2)
def empty_mask(frame_hw: tuple[int, int]) -> Mask:
    """A mask with nothing in it, of quality 0; one for all frames of a size, so it can't be written to."""
    mask = Mask(np.zeros(frame_hw, np.bool_), np.full(frame_hw, OUTSIDE_LOGIT, np.float32), 0.0, NO_SCALE)
    for array in (mask.mask_hw, mask.logits_hw):
        array.setflags(write=False)
    return mask
