"""Answers on a frame and what speaks for each: the prompted frame's mask, registered, or the model's.

Registration and the model don't wait for each other where it is likely that both are needed: they run on two
threads, as several structures do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import chain
from typing import Any, TypeVar

import numpy as np

from uniultra.geometry import OUTSIDE_LOGIT, clip_box, inscribed_centre, scale_of
from uniultra.pixel_scale import NO_SCALE, Box
from uniultra.segmenter import Segmenter
from uniultra.tracking.anchor import EXPLAINED, PARTLY, followed, mask_at, moved_along
from uniultra.tracking.confidence import (
    LOST,
    SURE,
    SURE_GROWTH,
    Evidence,
    appearance,
    likeness,
    stability,
)
from uniultra.tracking.state import MaskGrid, agreement, area_ratio, grid_of
from uniultra.tracking.tissue import Tissue, resemblance, tissue_of
from uniultra.tracking.track_state import ObjectTrack
from uniultra.tracking.views import shared_views
from uniultra.types import POSITIVE, Embedding, Frame, Mask, Prompt, Region

THREADS = 2
"""Structures, the model beside registration, and motion to the next frame are worked on by so many threads.
"""
REACH = 0.2
"""How far a mask may reach beyond the box that was expected, a share of its sides; what lies farther is cut
off. Tissue doesn't move that far in a frame; a mask that runs out of an opening does (docs/LOG.md).
"""
NESTED = 0.5
"""Dice from which two masks of different sizes lie in one place."""
Made = TypeVar("Made")


@dataclass(frozen=True)
class Sight:
    """A mask of the model, its grid, appearance and tissue."""

    mask: Mask
    grid: MaskGrid
    seen_hw: np.ndarray
    tissue: Tissue | None


@dataclass(frozen=True)
class Answer:
    """A mask, its grid and appearance, and what speaks for it."""

    mask: Mask
    grid: MaskGrid
    seen_hw: np.ndarray
    evidence: Evidence


def explained(
    frame: Frame, pairs: Sequence[tuple[ObjectTrack, MaskGrid]], flow: np.ndarray | None
) -> list[tuple[ObjectTrack, Answer | None]]:
    """Structures of one registration, with the places where they are expected: each with its anchor on this
    frame, and the answer where the prompted frame explains what is seen there. Lost ones don't move the
    others' crop.
    """
    trusted = [pair for pair in pairs if not pair[0].lost] or pairs
    before, now = [one.anchor.grid.region for one, _ in trusted], [grid.region for _, grid in trusted]
    at = moved_along(pairs[0][0].anchor.registration.region, before, now)
    anchors = followed([one.anchor for one, _ in pairs], frame, flow, at)
    return [
        _explained(frame, replace(one, anchor=anchor), expected.region)
        for (one, expected), anchor in zip(pairs, anchors, strict=True)
    ]


def _explained(frame: Frame, one: ObjectTrack, region: Region) -> tuple[ObjectTrack, Answer | None]:
    if one.anchor.likeness < EXPLAINED:
        return one, None
    answer = _registered(frame, one, region)
    if answer is None:
        return one, None
    # A thin band that turns has other surroundings in its appearance, though all of it is explained.
    evidence = answer.evidence
    evidence = replace(evidence, like_first=max(evidence.like_first, evidence.explained))
    return one, replace(answer, evidence=evidence)


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


def _registered(frame: Frame, one: ObjectTrack, region: Region, resembles: float = 1.0) -> Answer | None:
    """The prompted frame's mask as it lies on this one; None where it has left the frame."""
    grid, frame_hw = mask_at(one.anchor, region), (frame.height, frame.width)
    box = _box_on(grid, frame_hw)
    if box is None:
        return None
    logits_hw, quality = grid.map.paste_logits(grid.logits_hw, frame_hw), one.anchor.quality
    mask_hw = logits_hw > 0
    mask = Mask(mask_hw, logits_hw, quality, scale_of(frame.calibration, mask_hw))
    seen = appearance(frame, box)
    return Answer(mask, grid, seen, _evidence(one, grid, seen, quality, resembles))


def view_tasks(
    segmenter: Segmenter, frame: Frame, grids: Sequence[MaskGrid]
) -> list[Callable[[], list[tuple[int, Sight]]]]:
    """What the model sees of structures at their expected places, as calls that may run on several threads:
    one for each view of the frame, which gives places in `grids` and what is seen. One that has left the
    frame, or that the model doesn't find, has none.
    """
    prompts = [_prompt(grid, (frame.height, frame.width)) for grid in grids]
    there = {place: prompt for place, prompt in enumerate(prompts) if prompt is not None}
    crops = [_crop_of(segmenter, frame, prompt) for prompt in there.values()]
    by_view: dict[Region, list[int]] = {}
    for place, view in zip(there, shared_views(crops), strict=True):
        by_view.setdefault(view, []).append(place)

    def sights(view: Region, places: Sequence[int]) -> list[tuple[int, Sight]]:
        encoded = segmenter.encode(frame, view)
        found = segmenter.refine_all(encoded, [there[place] for place in places])
        masks = [within_reach(mask, there[place]) for place, mask in zip(places, found, strict=True)]
        seen = (_sight(segmenter, frame, encoded, mask) for mask in masks)
        return [(place, one) for place, one in zip(places, seen, strict=True) if one is not None]

    return [partial(sights, view, places) for view, places in by_view.items()]


def _sight(segmenter: Segmenter, frame: Frame, encoded: Embedding, mask: Mask) -> Sight | None:
    """None of an empty mask."""
    box = mask.box_xyxy
    if box is None:
        return None
    grid = grid_of(mask.logits_hw, crop_of(segmenter, frame, box))
    return Sight(mask, grid, appearance(frame, box), tissue_of(encoded, grid))


def within_reach(mask: Mask, prompt: Prompt) -> Mask:
    """A mask without what lies farther beyond its prompt's box than REACH allows."""
    assert prompt.box_xyxy is not None, "made with a box"
    x0, y0, x1, y1 = prompt.box_xyxy
    across, down = REACH * (x1 - x0), REACH * (y1 - y0)
    rows = slice(max(int(y0 - down), 0), max(int(y1 + down), 0) + 2)
    columns = slice(max(int(x0 - across), 0), max(int(x1 + across), 0) + 2)
    beyond = mask.mask_hw.copy()
    beyond[rows, columns] = False
    if not beyond.any():
        return mask
    logits_hw = np.where(beyond, -mask.logits_hw, mask.logits_hw)
    return replace(mask, mask_hw=mask.mask_hw & ~beyond, logits_hw=logits_hw)


def answers_at(
    segmenter: Segmenter, frame: Frame, tracks: Sequence[ObjectTrack], grids: Sequence[MaskGrid]
) -> list[Answer]:
    """The model's answer for each structure at its expected place."""
    found = dict(chain.from_iterable(at_once(view_tasks(segmenter, frame, grids))))
    return [weighed(frame, one, found.get(place)) for place, one in enumerate(tracks)]


def at_once(tasks: Sequence[Callable[[], Made]]) -> list[Made]:
    """What calls give, in their order; on THREADS threads where there are several, which mustn't call this in
    turn.
    """
    if THREADS == 1 or len(tasks) < 2:
        return [task() for task in tasks]
    return list(_threads(os.getpid(), THREADS).map(lambda task: task(), tasks))


def mapped_at_once(function: Callable[..., Made], *items: Sequence[Any]) -> list[Made]:
    """As `map`, by `at_once`."""
    return at_once([partial(function, *given) for given in zip(*items, strict=True)])


def begun(task: Callable[[], Made]) -> Future[Made] | None:
    """A call that runs on one of these threads meanwhile; None with one thread, where nothing does."""
    return None if THREADS == 1 else _threads(os.getpid(), THREADS).submit(task)


@cache
def _threads(process: int, count: int) -> ThreadPoolExecutor:
    """Threads that stay, as each keeps the buffers of `motion._method`; a forked process has its own."""
    return ThreadPoolExecutor(count, thread_name_prefix="uniultra-track")


def _prompt(grid: MaskGrid, frame_hw: tuple[int, int]) -> Prompt | None:
    """The box of an expected mask and its innermost point; None where less than a pixel of it is on the
    frame.
    """
    box = _box_on(grid, frame_hw)
    if box is None:
        return None
    [point] = grid.map.to_source(np.array([inscribed_centre(grid.inside_hw)]))
    x = float(min(max(point[0], -0.5), frame_hw[1] - 0.5))
    y = float(min(max(point[1], -0.5), frame_hw[0] - 0.5))
    return Prompt(box, ((x, y),), (POSITIVE,))


def _box_on(grid: MaskGrid, frame_hw: tuple[int, int]) -> Box | None:
    """The box of a mask, cut to the frame; None where less than a pixel of it is there."""
    box = grid.box_xyxy
    if box is None:
        return None
    x0, y0, x1, y1 = clip_box(box, frame_hw)
    return (x0, y0, x1, y1) if x1 - x0 >= 1 and y1 - y0 >= 1 else None


def _crop_of(segmenter: Segmenter, frame: Frame, prompt: Prompt) -> Region:
    assert prompt.box_xyxy is not None, "made with a box"
    return crop_of(segmenter, frame, prompt.box_xyxy)


def crop_of(segmenter: Segmenter, frame: Frame, box_xyxy: Box) -> Region:
    """The crop that the model sees of a box."""
    region = segmenter.region_for(Prompt(box_xyxy), (frame.height, frame.width))
    assert region is not None, "a box has a crop"
    return region


def weighed(frame: Frame, one: ObjectTrack, sight: Sight | None) -> Answer:
    """What the model sees, or nothing, as an answer; the structure's anchor is on this frame."""
    if sight is None:
        return _nothing(frame, one)
    mask, grid, seen = sight.mask, sight.grid, sight.seen_hw
    resembles = resemblance(sight.tissue, one.anchor.tissue)
    return Answer(mask, grid, seen, _evidence(one, grid, seen, mask.quality, resembles))


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
    )


def _nothing(frame: Frame, one: ObjectTrack) -> Answer:
    return Answer(empty_mask((frame.height, frame.width)), one.grid, one.sure_hw, Evidence(0, 0, -1, 0))


def empty_mask(frame_hw: tuple[int, int]) -> Mask:
    """A mask with nothing in it, of quality 0."""
    return Mask(np.zeros(frame_hw, np.bool_), np.full(frame_hw, OUTSIDE_LOGIT, np.float32), 0.0, NO_SCALE)
