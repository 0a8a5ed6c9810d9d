"""Other answers to the same prompt: what the model finds when it sees more, or less, around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from uniultra.geometry import field_side, region_around, whole
from uniultra.postprocess import overlap
from uniultra.segmenter import Refined, Segmenter
from uniultra.types import POSITIVE, Frame, Prompt, Region

SAME = 0.9
"""Two answers whose IoU is above this are one."""
WIDER, CLOSER = 1.5, 0.7
"""Sides of the other crops around a box, over the usual one's."""


def alternatives(segmenter: Segmenter, frame: Frame, prompt: Prompt) -> list[Refined]:
    """Different answers, the usual one first; at most one a view.

    Raises:
        PromptError: the prompt lies outside the frame.
    """
    plain = replace(prompt, mask_hw=None)
    [usual] = segmenter.segment(frame, [plain])
    region = segmenter.region_for(replace(plain, mask_hw=usual.mask_hw), (frame.height, frame.width))
    found = [Refined(usual, region or whole((frame.height, frame.width)))]
    for view in _views(segmenter, frame, plain):
        first = segmenter.refine(segmenter.encode(frame, view), plain)
        other = segmenter.refine(segmenter.encode(frame, first.region), plain, first.mask)
        if other.mask.mask_hw.any() and not _known(other, found):
            found.append(other)
    return found


def _views(segmenter: Segmenter, frame: Frame, prompt: Prompt) -> list[Region]:
    frame_hw = frame.height, frame.width
    views = [whole(frame_hw)]
    crop = segmenter.region_for(prompt, frame_hw)
    if crop is not None:
        return [*views, _scaled(crop, WIDER), _scaled(crop, CLOSER)]
    clicks = zip(prompt.points_xy, prompt.point_labels, strict=True)
    xs, ys = zip(*(point for point, label in clicks if label == POSITIVE), strict=True)
    passes = segmenter.facts.passes
    side = passes.close_view * field_side(frame_hw)
    around = min(xs), min(ys), max(xs), max(ys)
    return [*views, *(region_around(around, passes.crop_scale, min_side=side * part) for part in (1.0, 0.5))]


def _scaled(region: Region, factor: float) -> Region:
    across, down = (factor - 1) * region.width / 2, (factor - 1) * region.height / 2
    return Region(region.x0 - across, region.y0 - down, region.x1 + across, region.y1 + down)


def _known(one: Refined, others: Sequence[Refined]) -> bool:
    return any(overlap(one.mask.mask_hw, other.mask.mask_hw) > SAME for other in others)
