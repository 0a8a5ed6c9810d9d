"""One frame of a track: registration to the prompted frame where that explains what is seen; else motion
carries each mask along, and the model is prompted with its box and its innermost point.

Chosen on val against copying, flow alone, the previous box, the mask as a prompt, and mixtures
(docs/tracking.md). What a frame is
compared with is kept apart, and only a sure frame changes it: the first frame's appearance never, the last
sure frame's then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import chain
from typing import Any

import numpy as np

from uniultra.geometry import clip_box
from uniultra.pixel_scale import Box
from uniultra.prompt_checks import check_frame, clipped
from uniultra.results import TrackStatus
from uniultra.segmenter import Segmenter
from uniultra.tracking.anchor import EXPLAINED, Anchor, Registration, registered
from uniultra.tracking.answers import (
    Answer,
    Sight,
    answers_at,
    at_once,
    crop_of,
    empty_mask,
    explained,
    instead,
    mapped_at_once,
    view_tasks,
    weighed,
)
from uniultra.tracking.confidence import (
    ABSENT_AFTER,
    FOUND_THERE,
    LOST,
    SURE,
    appearance,
    holds_on,
    said_of,
    status_of,
)
from uniultra.tracking.motion import Motion, carried, motion_to, moved_to_match, view_of
from uniultra.tracking.spans import by_structure
from uniultra.tracking.state import MaskGrid, agreement, grid_of
from uniultra.tracking.tissue import tissue_of
from uniultra.tracking.track_state import ObjectTrack, TrackState, check_follows
from uniultra.tracking.views import registered_well, shared_views
from uniultra.types import Embedding, Frame, Mask, Prompt, Region


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
    answers, following = prompted(segmenter, frame, prompts, state)
    return answers, following()


def prompted(
    segmenter: Segmenter, frame: Frame, prompts: Mapping[int, Prompt], state: TrackState | None = None
) -> tuple[list[TrackedMask], Callable[[], TrackState]]:
    """As `begin`, but the state is yet to be made, once, by a call: answers are shown before that."""
    check_frame(frame)
    by_structure(prompts)
    frame_hw = frame.height, frame.width
    if state is not None:
        check_follows(state, frame)
    others = () if state is None else tuple(one for one in state.objects if one.number not in prompts)
    prompts = dict(zip(prompts, clipped(list(prompts.values()), frame_hw)[0], strict=True))
    masks = segmenter.segment(frame, list(prompts.values()), mapped_at_once)
    answers = [
        TrackedMask(number, mask, _first_status(mask), mask.quality, mask)
        for number, mask in zip(prompts, masks, strict=True)
    ]
    boxes = [_first_box(mask, prompt, frame_hw) for mask, prompt in zip(masks, prompts.values(), strict=True)]
    return answers, cache(partial(_following, segmenter, frame, (list(prompts), masks, boxes), others))


def _following(
    segmenter: Segmenter,
    frame: Frame,
    found: tuple[Sequence[int], Sequence[Mask], Sequence[Box]],
    others: tuple[ObjectTrack, ...],
) -> TrackState:
    """The state after structures were found: their numbers, masks and boxes; and others stay."""
    crops = [crop_of(segmenter, frame, box) for box in found[2]]
    views, looks = shared_views(crops, registered_well), shared_views(crops)
    shared, encoded = _shown(segmenter, frame, views, looks)
    tracks = [
        _new_track(frame, number, mask, box, crop, (shared[view], encoded[look]))
        for number, mask, box, crop, view, look in zip(*found, crops, views, looks, strict=True)
    ]
    objects = tuple(sorted((*others, *tracks), key=lambda one: one.number))
    return TrackState((frame.height, frame.width), view_of(frame), objects)


def _shown(
    segmenter: Segmenter, frame: Frame, views: Sequence[Region], looks: Sequence[Region]
) -> tuple[dict[Region, Registration], dict[Region, Embedding]]:
    """The registrations of some regions and the embeddings of others, each made once, all at once."""
    views, looks = list(dict.fromkeys(views)), list(dict.fromkeys(looks))
    tasks: list[Callable[[], Any]] = [partial(registered, frame, view) for view in views]
    tasks += [partial(segmenter.encode, frame, look) for look in looks]
    made = at_once(tasks)
    return dict(zip(views, made, strict=False)), dict(zip(looks, made[len(views) :], strict=True))


def _first_status(mask: Mask) -> TrackStatus:
    """Of a prompted structure: sure, as a person points at it, unless there is nothing to see."""
    if not mask.mask_hw.any():
        return "lost"
    return "unsure" if mask.notes else "sure"


def _first_box(mask: Mask, prompt: Prompt, frame_hw: tuple[int, int]) -> Box:
    """Where a structure is on the frame where it is prompted; around the click where nothing was found."""
    box = mask.box_xyxy or prompt.box_xyxy
    if box is None:
        x, y = prompt.points_xy[0] if prompt.points_xy else (frame_hw[1] / 2, frame_hw[0] / 2)
        box = x - 8, y - 8, x + 8, y + 8
    return clip_box(box, frame_hw)


def _new_track(
    frame: Frame, number: int, mask: Mask, box: Box, crop: Region, shown: tuple[Registration, Embedding]
) -> ObjectTrack:
    """`shown`: the crop's registration, and a view of it, encoded."""
    grid, seen = grid_of(mask.logits_hw, crop), appearance(frame, box)
    anchor = Anchor(grid, mask.quality, shown[0], tissue=tissue_of(shown[1], grid))
    return ObjectTrack(number, grid, grid, seen, seen, anchor)


def step(
    segmenter: Segmenter, state: TrackState, frame: Frame, motion: Motion | None = None
) -> tuple[list[TrackedMask], TrackState]:
    """Follows all structures of a state to the next frame.

    Args:
        motion: to this frame from that of the state, where it is known (`ahead`).

    Returns:
        The answers in the order of `state.objects`, and the state after this frame.

    Raises:
        PromptError: the frame has another size than those before.
    """
    check_follows(state, frame)
    if motion is None or motion.before_hw is not state.view_hw:
        motion = motion_to(frame, state.view_hw)
    view, flow, still = motion.view_hw, motion.flow, motion.flow is None
    expected = [_expected(one, flow, state.frame_hw) for one in state.objects]
    brought, sights = _seen(segmenter, frame, state.objects, expected, flow)
    objects = state.objects if still else tuple(one for one, _ in brought)
    found = [
        weighed(frame, one, sights.get(place)) if known is None else known
        for place, (one, known) in enumerate(zip(objects, (known for _, known in brought), strict=True))
    ]
    found = [
        instead(frame, one, answer, grid.region)
        for one, answer, grid in zip(objects, found, expected, strict=True)
    ]
    for turn, (search, least) in enumerate(((_where_sure, FOUND_THERE), (_where_alike, SURE))):
        doubted = [place for place, answer in enumerate(found) if answer.evidence.confidence < LOST]
        lost = [place for place in doubted if _searched(objects[place].doubted, turn)]
        again = [objects[place] for place in lost]
        others = answers_at(segmenter, frame, again, [search(one, view, state.frame_hw) for one in again])
        for place, other in zip(lost, others, strict=True):
            if other.evidence.confidence >= least:
                found[place] = other
    pairs = [_concluded(*three, still) for three in zip(objects, found, expected, strict=True)]
    return [answer for answer, _ in pairs], TrackState(state.frame_hw, view, tuple(one for _, one in pairs))


def _searched(doubted: int, turn: int) -> bool:
    """Whether a search has its turn after so many doubted frames: at first both have, then one after the
    other.
    """
    return doubted < ABSENT_AFTER or doubted % 2 == turn


def _seen(
    segmenter: Segmenter,
    frame: Frame,
    objects: Sequence[ObjectTrack],
    expected: Sequence[MaskGrid],
    flow: np.ndarray | None,
) -> tuple[list[tuple[ObjectTrack, Answer | None]], dict[int, Sight]]:
    """Each structure with its anchor on this frame, and its answer where the prompted frame explains what is
    seen; and what the model sees of the others, by their places.

    Where registration failed on the frame before, the model isn't kept waiting for it to fail again.
    """
    pairs = list(zip(objects, expected, strict=True))
    likely = [place for place, one in enumerate(objects) if one.anchor.likeness < EXPLAINED]
    guesses = view_tasks(segmenter, frame, [expected[place] for place in likely])
    groups: dict[int, list[int]] = {}
    for place, one in enumerate(objects):
        groups.setdefault(id(one.anchor.registration), []).append(place)
    together = [[pairs[place] for place in places] for places in groups.values()]
    tasks: list[Callable[[], Any]] = [*guesses, *(partial(explained, frame, own, flow) for own in together)]
    made = at_once(tasks)
    early = dict(chain.from_iterable(made[: len(guesses)]))
    sights = {likely[place]: one for place, one in early.items()}
    by_place = dict(zip(chain(*groups.values()), chain(*made[len(guesses) :]), strict=True))
    found = [by_place[place] for place in range(len(objects))]
    rest = [place for place, (_, known) in enumerate(found) if known is None and place not in likely]
    late = chain.from_iterable(at_once(view_tasks(segmenter, frame, [expected[place] for place in rest])))
    return found, sights | {rest[place]: one for place, one in late}


def _expected(one: ObjectTrack, flow: np.ndarray | None, frame_hw: tuple[int, int]) -> MaskGrid:
    """Where a structure is looked for first, also a lost one: where motion takes it."""
    return one.grid if flow is None else carried(one.grid, flow, frame_hw)


def _where_sure(one: ObjectTrack, view_hw: np.ndarray, frame_hw: tuple[int, int]) -> MaskGrid:
    """A structure that was lost, where it was last sure."""
    return one.sure_grid


def _where_alike(one: ObjectTrack, view_hw: np.ndarray, frame_hw: tuple[int, int]) -> MaskGrid:
    """The same, moved to where the frame looks most like it did then."""
    return moved_to_match(one.sure_grid, one.sure_hw, view_hw, frame_hw)


def lost_mask(number: int, frame_hw: tuple[int, int]) -> TrackedMask:
    """What is said of a structure on a frame that no prompt reaches, since those between can't be read."""
    nothing = empty_mask(frame_hw)
    return TrackedMask(number, nothing, "lost", 0.0, nothing)


def _concluded(
    one: ObjectTrack, answer: Answer, expected: MaskGrid, still: bool
) -> tuple[TrackedMask, ObjectTrack]:
    """The answer with its status, and what is remembered: the place, and of a sure frame the appearance."""
    confidence = answer.evidence.confidence
    agreed = agreement(answer.grid, expected)
    steady, absent = min(one.steady, agreed), one.lost >= ABSENT_AFTER
    agreed = 0.0 if absent else agreed  # it moved along with a guess
    status = status_of(confidence, one.lost, holds_on(answer.evidence, steady, agreed))
    one = replace(one, steady=steady, doubted=one.doubted + 1 if confidence < LOST else 0)
    if status in ("lost", "absent"):
        nothing = empty_mask(answer.mask.mask_hw.shape)  # type: ignore[arg-type]
        nothing = replace(nothing, scale=answer.mask.scale)
        followed = replace(one, grid=answer.grid, lost=one.lost + 1)
        return TrackedMask(one.number, nothing, status, confidence, answer.mask), followed
    said = said_of(status, answer.evidence, agreed)
    tracked = TrackedMask(one.number, answer.mask, *said, answer.mask)
    if still and not one.lost:  # a frozen picture must not creep
        return tracked, one
    if status == "unsure":
        return tracked, replace(one, grid=answer.grid, lost=0)
    sure = replace(one, sure_grid=answer.grid, sure_hw=answer.seen_hw, steady=1.0)
    return tracked, replace(sure, grid=answer.grid, lost=0)
