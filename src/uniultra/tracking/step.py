"""One frame of a track: registration to the prompted frame where that explains what is seen; else motion
carries each mask along, and the model is prompted with its box and its innermost point.

Chosen on val against copying, flow alone, the previous box, the mask as a prompt, and mixtures
(docs/tracking.md). What a frame is
compared with is kept apart, and only a sure frame changes it: the first frame's appearance never, the last
sure frame's then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from uniultra.errors import PromptError
from uniultra.geometry import OUTSIDE_LOGIT, clip_box, inscribed_centre, scale_of
from uniultra.pixel_scale import NO_SCALE
from uniultra.results import TrackStatus
from uniultra.segmenter import Segmenter
from uniultra.tracking.anchor import EXPLAINED, anchored, followed, mask_at
from uniultra.tracking.confidence import (
    FOUND_THERE,
    LOST,
    SURE,
    Evidence,
    appearance,
    likeness,
    stability,
    status_of,
)
from uniultra.tracking.motion import carried, flow_between, moved_to_match, view_of
from uniultra.tracking.state import MaskGrid, area_ratio, grid_of
from uniultra.tracking.track_state import ObjectTrack, TrackState
from uniultra.tracking.views import shared_views
from uniultra.types import POSITIVE, Embedding, Frame, Mask, Prompt, Region


@dataclass(frozen=True)
class TrackedMask:
    """The answer for one structure on one frame.

    Attributes:
        number: its id.
        mask: empty where the structure is lost or absent.
        status: sure, unsure, lost or absent.
        confidence: the chance that Dice is at least 0.7, 0 to 1.
        guess: the best answer whatever its confidence: `mask`, unless that is empty.
    """

    number: int
    mask: Mask
    status: TrackStatus
    confidence: float
    guess: Mask


def begin(
    segmenter: Segmenter, frame: Frame, prompts: Mapping[int, Prompt], state: TrackState | None = None
) -> tuple[list[TrackedMask], TrackState]:
    """Segments what is prompted on a frame, and begins to follow it, or follows it anew where its number is
    known.

    Args:
        prompts: by the structures' numbers.
        state: after this frame, whose other structures stay; None for none.

    Returns:
        The answers in the order of `prompts`, and the state.

    Raises:
        PromptError: a prompt lies outside the frame, or the state is of frames of another size.
    """
    frame_hw = frame.height, frame.width
    if state is not None:
        _check_size(state, frame)
    others = () if state is None else tuple(one for one in state.objects if one.number not in prompts)
    masks = segmenter.segment(frame, list(prompts.values()))
    tracks, answers = [], []
    for (number, prompt), mask in zip(prompts.items(), masks, strict=True):
        answers.append(
            TrackedMask(number, mask, "sure" if mask.mask_hw.any() else "lost", mask.quality, mask)
        )
        tracks.append(_new_track(segmenter, frame, number, mask, prompt))
    objects = tuple(sorted((*others, *tracks), key=lambda one: one.number))
    return answers, TrackState(frame_hw, view_of(frame), objects)


def _new_track(segmenter: Segmenter, frame: Frame, number: int, mask: Mask, prompt: Prompt) -> ObjectTrack:
    box = mask.box_xyxy or prompt.box_xyxy
    if box is None:
        x, y = prompt.points_xy[0] if prompt.points_xy else (frame.width / 2, frame.height / 2)
        box = x - 8, y - 8, x + 8, y + 8
    box = clip_box(box, (frame.height, frame.width))
    grid = grid_of(mask.logits_hw, _crop(segmenter, frame, box))
    seen = appearance(frame, box)
    return ObjectTrack(number, grid, grid, seen, seen, anchored(frame, grid, mask.quality))


def step(segmenter: Segmenter, state: TrackState, frame: Frame) -> tuple[list[TrackedMask], TrackState]:
    """Follows all structures of a state to the next frame.

    Returns:
        The answers in the order of `state.objects`, and the state after this frame.

    Raises:
        PromptError: the frame has another size than those before.
    """
    _check_size(state, frame)
    view = view_of(frame)
    still = np.array_equal(view, state.view_hw)
    flow = None if still or not state.objects else flow_between(view, state.view_hw)
    expected = [_expected(one, flow, state.frame_hw) for one in state.objects]
    explained = [_explained(frame, *pair, flow) for pair in zip(state.objects, expected, strict=True)]
    objects = state.objects if still else tuple(one for one, _ in explained)
    found = _all_answers(segmenter, frame, objects, expected, [answer for _, answer in explained])
    for search, least in ((_where_sure, FOUND_THERE), (_where_alike, SURE)):
        lost = [place for place, answer in enumerate(found) if answer.evidence.confidence < LOST]
        again = [objects[place] for place in lost]
        others = _answers(segmenter, frame, again, [search(one, view, state.frame_hw) for one in again])
        for place, other in zip(lost, others, strict=True):
            if other.evidence.confidence >= least:
                found[place] = other
    pairs = [_concluded(one, answer, still) for one, answer in zip(objects, found, strict=True)]
    return [answer for answer, _ in pairs], TrackState(state.frame_hw, view, tuple(one for _, one in pairs))


def _check_size(state: TrackState, frame: Frame) -> None:
    if (frame.height, frame.width) != state.frame_hw:
        height, width = state.frame_hw
        raise PromptError(
            f"the frame is {frame.width}x{frame.height} pixels, those before {width}x{height}; "
            "a track needs frames of one size: begin again with a prompt on this frame"
        )


def _expected(one: ObjectTrack, flow: np.ndarray | None, frame_hw: tuple[int, int]) -> MaskGrid:
    """Where a structure is looked for first, also a lost one: where motion takes it."""
    return one.grid if flow is None else carried(one.grid, flow, frame_hw)


def _where_sure(one: ObjectTrack, view_hw: np.ndarray, frame_hw: tuple[int, int]) -> MaskGrid:
    """A structure that was lost, where it was last sure."""
    return one.sure_grid


def _where_alike(one: ObjectTrack, view_hw: np.ndarray, frame_hw: tuple[int, int]) -> MaskGrid:
    """The same, moved to where the frame looks most like it did then."""
    return moved_to_match(one.sure_grid, one.sure_hw, view_hw, frame_hw)


@dataclass(frozen=True)
class _Answer:
    """A mask, its grid and appearance, and what speaks for it."""

    mask: Mask
    grid: MaskGrid
    seen_hw: np.ndarray
    evidence: Evidence


def _explained(
    frame: Frame, one: ObjectTrack, expected: MaskGrid, flow: np.ndarray | None
) -> tuple[ObjectTrack, _Answer | None]:
    """The structure with its anchor on this frame, and the answer where the prompted frame explains what is
    seen there.
    """
    anchor = followed(one.anchor, frame, flow, expected.region)
    grid = mask_at(anchor, expected.region)
    one, box = replace(one, anchor=anchor), grid.box_xyxy
    frame_hw = frame.height, frame.width
    if anchor.likeness < EXPLAINED or box is None or _prompt(grid, frame_hw) is None:
        return one, None
    logits_hw = grid.map.paste_logits(grid.logits_hw, frame_hw)
    mask_hw = logits_hw > 0
    mask = Mask(mask_hw, logits_hw, anchor.quality, scale_of(frame.calibration, mask_hw))
    seen = appearance(frame, clip_box(box, frame_hw))
    return one, _Answer(mask, grid, seen, _evidence(one, grid, seen, anchor.quality))


def _all_answers(
    segmenter: Segmenter,
    frame: Frame,
    objects: Sequence[ObjectTrack],
    expected: Sequence[MaskGrid],
    known: Sequence[_Answer | None],
) -> list[_Answer]:
    """What is known, and the model's answers for the rest."""
    missing = [place for place, answer in enumerate(known) if answer is None]
    answers = _answers(segmenter, frame, [objects[at] for at in missing], [expected[at] for at in missing])
    rest = iter(answers)
    return [next(rest) if answer is None else answer for answer in known]


def _answers(
    segmenter: Segmenter, frame: Frame, tracks: Sequence[ObjectTrack], expected: Sequence[MaskGrid]
) -> list[_Answer]:
    """The model's answer for each structure at its expected place."""
    prompts = [_prompt(grid, (frame.height, frame.width)) for grid in expected]
    missing = [place for place, prompt in enumerate(prompts) if prompt is not None]
    crops = [_crop_of(segmenter, frame, prompts[place]) for place in missing]
    views = dict(zip(missing, shared_views(crops), strict=True))
    encoded: dict[Region, Embedding] = {}
    answers = []
    for place, (one, prompt) in enumerate(zip(tracks, prompts, strict=True)):
        if prompt is None:
            answers.append(_nothing(frame, one))
            continue
        view = views[place]
        if view not in encoded:
            encoded[view] = segmenter.encode(frame, view)
        mask = segmenter.refine(encoded[view], prompt).mask
        answers.append(_weighed(segmenter, frame, one, mask))
    return answers


def _prompt(grid: MaskGrid, frame_hw: tuple[int, int]) -> Prompt | None:
    """The box of an expected mask and its innermost point; None where less than a pixel of it is on the
    frame.
    """
    box = grid.box_xyxy
    if box is None:
        return None
    box = clip_box(box, frame_hw)
    if box[2] - box[0] < 1 or box[3] - box[1] < 1:
        return None
    [point] = grid.map.to_source(np.array([inscribed_centre(grid.inside_hw)]))
    x = float(min(max(point[0], -0.5), frame_hw[1] - 0.5))
    y = float(min(max(point[1], -0.5), frame_hw[0] - 0.5))
    return Prompt(box, ((x, y),), (POSITIVE,))


def _crop_of(segmenter: Segmenter, frame: Frame, prompt: Prompt | None) -> Region:
    assert prompt is not None and prompt.box_xyxy is not None, "of prompts with a box alone"
    return _crop(segmenter, frame, prompt.box_xyxy)


def _crop(segmenter: Segmenter, frame: Frame, box_xyxy: tuple[float, float, float, float]) -> Region:
    region = segmenter.region_for(Prompt(box_xyxy), (frame.height, frame.width))
    assert region is not None, "a box has a crop"
    return region


def _weighed(segmenter: Segmenter, frame: Frame, one: ObjectTrack, mask: Mask) -> _Answer:
    box = mask.box_xyxy
    if box is None:
        return _nothing(frame, one)
    grid = grid_of(mask.logits_hw, _crop(segmenter, frame, box))
    seen = appearance(frame, box)
    return _Answer(mask, grid, seen, _evidence(one, grid, seen, mask.quality))


def _evidence(one: ObjectTrack, grid: MaskGrid, seen_hw: np.ndarray, quality: float) -> Evidence:
    """What speaks for a grid with this appearance; the anchor is on the same frame."""
    return Evidence(
        quality,
        one.anchor.quality,
        likeness(seen_hw, one.first_hw),
        stability(grid.logits_hw),
        one.anchor.likeness,
        area_ratio(grid, one.sure_grid),
        area_ratio(grid, one.anchor.grid),
    )


def _nothing(frame: Frame, one: ObjectTrack) -> _Answer:
    return _Answer(empty_mask((frame.height, frame.width)), one.grid, one.sure_hw, Evidence(0, 0, -1, 0))


def empty_mask(frame_hw: tuple[int, int]) -> Mask:
    """A mask with nothing in it, of quality 0."""
    return Mask(np.zeros(frame_hw, np.bool_), np.full(frame_hw, OUTSIDE_LOGIT, np.float32), 0.0, NO_SCALE)


def lost_mask(number: int, frame_hw: tuple[int, int]) -> TrackedMask:
    """What is said of a structure on a frame that no prompt reaches, since those between can't be read."""
    nothing = empty_mask(frame_hw)
    return TrackedMask(number, nothing, "lost", 0.0, nothing)


def _concluded(one: ObjectTrack, answer: _Answer, still: bool) -> tuple[TrackedMask, ObjectTrack]:
    """The answer with its status, and what is remembered: the place, and of a sure frame the appearance."""
    confidence = answer.evidence.confidence
    status = status_of(confidence, one.lost)
    if status in ("lost", "absent"):
        nothing = empty_mask(answer.mask.mask_hw.shape)  # type: ignore[arg-type]
        nothing = replace(nothing, scale=answer.mask.scale)
        followed = replace(one, grid=answer.grid, lost=one.lost + 1)
        return TrackedMask(one.number, nothing, status, confidence, answer.mask), followed
    tracked = TrackedMask(one.number, answer.mask, status, confidence, answer.mask)
    if still and not one.lost:  # a frozen picture must not creep
        return tracked, one
    if status == "unsure":
        return tracked, replace(one, grid=answer.grid, lost=0)
    return tracked, replace(one, grid=answer.grid, sure_grid=answer.grid, sure_hw=answer.seen_hw, lost=0)
