"""Where a track begins: what is prompted on a frame, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np

from uniultra.geometry import clip_box, scale_of
from uniultra.pixel_scale import Box
from uniultra.prompt_checks import check_frame, clipped
from uniultra.results import TrackStatus
from uniultra.segmenter import Segmenter
from uniultra.tracking.anchor import Anchor, Registration, registered
from uniultra.tracking.confidence import appearance
from uniultra.tracking.crew import Crew, crew_of, suited
from uniultra.tracking.looks import crop_of, prompt_at
from uniultra.tracking.motion import view_of
from uniultra.tracking.spans import by_structure
from uniultra.tracking.state import grid_of, logits_of
from uniultra.tracking.target_model import cells_of, learnt
from uniultra.tracking.tissue import tissue_of
from uniultra.tracking.track_state import ObjectTrack, TrackState, check_follows
from uniultra.tracking.views import registered_well, shared_views
from uniultra.types import Embedding, Frame, Mask, Prompt, Region, mask_box


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
    segmenter: Segmenter,
    frame: Frame,
    prompts: Mapping[int, Prompt],
    state: TrackState | None = None,
    crew: Crew | None = None,
) -> tuple[list[TrackedMask], TrackState]:
    """Segments what is prompted on a frame, and begins to follow it, or follows it anew where its number is
    known.

    Args:
        prompts: by the structures' numbers. A mask alone is followed as it is, like one that a person drew;
            one with clicks is corrected by them first.
        state: after this frame, whose other structures stay; None for none.
        crew: whose threads work; None for one that ends with this call.

    Returns:
        The answers in the order of `prompts`, and the state.

    Raises:
        PromptError: a prompt lies outside the frame, or the state is of frames of another size.
    """
    if crew is None:
        with crew_of(segmenter) as own:
            return begin(segmenter, frame, prompts, state, own)
    answers, following = prompted(segmenter, frame, prompts, state, crew)
    return answers, following()


def prompted(
    segmenter: Segmenter, frame: Frame, prompts: Mapping[int, Prompt], state: TrackState | None, crew: Crew
) -> tuple[list[TrackedMask], Callable[[], TrackState]]:
    """As `begin`, but the state is yet to be made, once, by a call: answers are shown before that."""
    check_frame(frame)
    by_structure(prompts)
    frame_hw = frame.height, frame.width
    if state is not None:
        check_follows(state, frame)
    others = () if state is None else tuple(one for one in state.objects if one.number not in prompts)
    prompts = dict(zip(prompts, clipped(list(prompts.values()), frame_hw)[0], strict=True))
    masks = _found(segmenter, frame, list(prompts.values()), crew)
    answers = [
        TrackedMask(number, mask, _first_status(mask), mask.quality, mask)
        for number, mask in zip(prompts, masks, strict=True)
    ]
    boxes = [_first_box(mask, prompt, frame_hw) for mask, prompt in zip(masks, prompts.values(), strict=True)]
    found = list(prompts), masks, boxes
    return answers, cache(partial(_following, segmenter, frame, found, others, crew))


def _found(segmenter: Segmenter, frame: Frame, prompts: Sequence[Prompt], crew: Crew) -> list[Mask]:
    """The masks of prompts. One that is given alone is what a person confirmed, and stays as it is; its
    quality is that of the model's own answer there, as later ones are compared with it.
    """
    pointing = [_there(segmenter, frame, prompt) if _given(prompt) else prompt for prompt in prompts]
    as_decoded = replace(segmenter, by_prompt=False)  # what later passes are compared with
    found = as_decoded.segment(frame, pointing, crew.map)
    return [
        _as_given(segmenter, frame, prompt, mask) if _given(prompt) else mask
        for mask, prompt in zip(found, prompts, strict=True)
    ]


def _given(prompt: Prompt) -> bool:
    return prompt.mask_hw is not None and prompt.box_xyxy is None and not prompt.points_xy


def _there(segmenter: Segmenter, frame: Frame, prompt: Prompt) -> Prompt:
    """A prompt for the place of a mask, such as later frames have."""
    mask_hw, box, crop = _mask_of(segmenter, frame, prompt)
    there = prompt_at(grid_of(logits_of(mask_hw, crop), crop), (frame.height, frame.width))
    return replace(there or Prompt(box), name=prompt.name)


def _as_given(segmenter: Segmenter, frame: Frame, prompt: Prompt, answer: Mask) -> Mask:
    mask_hw, _, crop = _mask_of(segmenter, frame, prompt)
    scale = scale_of(frame.calibration, mask_hw, prompt)
    return replace(answer, mask_hw=mask_hw, logits_hw=logits_of(mask_hw, crop), scale=scale)


def _mask_of(segmenter: Segmenter, frame: Frame, prompt: Prompt) -> tuple[np.ndarray, Box, Region]:
    """The mask that a prompt is, its box, and the crop around it."""
    assert prompt.mask_hw is not None, "given"
    box = mask_box(prompt.mask_hw)
    assert box is not None, "a mask alone isn't empty"
    return prompt.mask_hw, box, crop_of(segmenter, frame, box)


def _following(
    segmenter: Segmenter,
    frame: Frame,
    found: tuple[Sequence[int], Sequence[Mask], Sequence[Box]],
    others: tuple[ObjectTrack, ...],
    crew: Crew,
) -> TrackState:
    """The state after structures were found: their numbers, masks and boxes; and others stay."""
    crops = [crop_of(segmenter, frame, box) for box in found[2]]
    views, looks = shared_views(crops, registered_well), shared_views(crops)
    view_hw = view_of(frame)
    shared, encoded = _shown(segmenter, frame, (views, looks), view_hw, crew)
    tracks = [
        replace(
            _new_track(frame, number, mask, box, crop, (shared[view], encoded[look])), sure_view_hw=view_hw
        )
        for number, mask, box, crop, view, look in zip(*found, crops, views, looks, strict=True)
    ]
    objects = tuple(sorted((*others, *tracks), key=lambda one: one.number))
    return TrackState((frame.height, frame.width), view_hw, objects)


def _shown(
    segmenter: Segmenter,
    frame: Frame,
    regions: tuple[Sequence[Region], Sequence[Region]],
    view_hw: np.ndarray,
    crew: Crew,
) -> tuple[dict[Region, Registration], dict[Region, Embedding]]:
    """The registrations of some regions and the embeddings of others, each made once, all at once."""
    views, looks = (list(dict.fromkeys(each)) for each in regions)
    tasks: list[Callable[[], Any]] = [partial(registered, frame, view, view_hw) for view in views]
    engine = suited(segmenter, len(views) + len(looks), crew)
    tasks += [partial(engine.encode, frame, look) for look in looks]
    made = crew.at_once(tasks)
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
    target = learnt(cells_of(shown[1], grid))
    return ObjectTrack(number, grid, grid, seen, seen, anchor, target=target)
