"""One frame of a track: registration to the prompted frame where that explains what is seen; else motion
carries each mask along, and the model is prompted with its box and its innermost point.

Chosen on val against copying, flow alone, the previous box, the mask as a prompt, and mixtures
(docs/tracking.md). What a frame is
compared with is kept apart, and only a sure frame changes it: the first frame's appearance never, the last
sure frame's then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from uniultra.segmenter import Segmenter
from uniultra.tracking.anchor import EXPLAINED
from uniultra.tracking.answers import (
    Answer,
    empty_mask,
    explained,
    instead,
    weighed,
)
from uniultra.tracking.beginning import TrackedMask
from uniultra.tracking.confidence import (
    ABSENT_AFTER,
    FOUND_THERE,
    LOST,
    SURE,
    holds_on,
    said_of,
    status_of,
)
from uniultra.tracking.crew import Crew, crew_of, suited
from uniultra.tracking.looks import Look, Place, Sight, view_tasks
from uniultra.tracking.motion import Motion, carried, motion_to, moved_to_match
from uniultra.tracking.state import MaskGrid, agreement
from uniultra.tracking.track_state import ObjectTrack, TrackState, check_follows
from uniultra.types import Embedding, Frame


def step(
    segmenter: Segmenter,
    state: TrackState,
    frame: Frame,
    motion: Motion | None = None,
    crew: Crew | None = None,
) -> tuple[list[TrackedMask], TrackState]:
    """Follows all structures of a state to the next frame.

    Args:
        motion: to this frame from that of the state, where it is known (`ahead`).
        crew: whose threads work; None for one that ends with this call.

    Returns:
        The answers in the order of `state.objects`, and the state after this frame.

    Raises:
        PromptError: the frame has another size than those before.
    """
    check_follows(state, frame)
    if crew is None:
        with crew_of(segmenter) as own:
            return step(segmenter, state, frame, motion, own)
    if motion is None or motion.before_hw is not state.view_hw:
        motion = motion_to(frame, state.view_hw)
    scene, still = _Scene(segmenter, frame, motion, crew), motion.flow is None
    expected = crew.at_once([partial(_expected, one, motion.flow, state.frame_hw) for one in state.objects])
    brought, seen = _seen(scene, state.objects, expected)
    objects = state.objects if still else tuple(one for one, _ in brought)

    def weighed_at(place: int) -> Answer:
        one, known = objects[place], brought[place][1]
        answer = weighed(frame, one, seen.sights.get((place, 0))) if known is None else known
        return instead(frame, one, answer, expected[place].region)

    found = crew.at_once([partial(weighed_at, place) for place in range(len(objects))])
    found = _searched(scene, objects, found, seen)
    pairs = [_concluded(*three, still) for three in zip(objects, found, expected, strict=True)]
    after = TrackState(state.frame_hw, motion.view_hw, tuple(one for _, one in pairs))
    return [answer for answer, _ in pairs], after


@dataclass(frozen=True)
class _Scene:
    """What the structures of a frame have in common."""

    segmenter: Segmenter
    frame: Frame
    motion: Motion
    crew: Crew


@dataclass
class _Seen:
    """What the model sees on a frame, by where it was looked for, and the views that it was seen in."""

    looked_at: set[Place]
    sights: dict[Place, Sight]
    views: list[Embedding]

    def add(self, places: Collection[Place], looks: Sequence[Look]) -> None:
        self.looked_at |= {*places}
        for look in looks:
            self.sights |= look.sights
            self.views.append(look.encoded)


def _seen(
    scene: _Scene, objects: Sequence[ObjectTrack], expected: Sequence[MaskGrid]
) -> tuple[list[tuple[ObjectTrack, Answer | None]], _Seen]:
    """Each structure with its anchor on this frame, and its answer where the prompted frame explains what is
    seen; and what the model sees of the others.

    Where registration failed on the frame before, the model isn't kept waiting for it to fail again; nor are
    searches for what was doubted there.
    """
    pairs, crew = list(zip(objects, expected, strict=True)), scene.crew
    likely = {(n, 0): grid for n, (one, grid) in enumerate(pairs) if one.anchor.likeness < EXPLAINED}
    searches = _searches(scene, objects, [place for place, one in enumerate(objects) if one.doubted])
    guesses = view_tasks(scene.segmenter, scene.frame, likely, searches)
    groups: dict[int, list[int]] = {}
    for place, one in enumerate(objects):
        groups.setdefault(id(one.anchor.registration), []).append(place)
    engine = suited(scene.segmenter, len(guesses) + len(groups), crew)
    tasks: list[Callable[[], Any]] = [partial(guess, engine) for guess in guesses]
    for places in groups.values():
        together = [pairs[place] for place in places]
        tasks.append(partial(explained, scene.frame, together, scene.motion.flow))
    made = crew.at_once(tasks)
    by_place = dict(zip(chain(*groups.values()), chain(*made[len(guesses) :]), strict=True))
    found = [by_place[place] for place in range(len(pairs))]
    seen = _Seen(set(), {}, [])
    seen.add({*likely, *searches}, made[: len(guesses)])
    rest = {
        (n, 0): expected[n] for n, (_, known) in enumerate(found) if known is None and (n, 0) not in likely
    }
    seen.add(rest, _looked(scene, view_tasks(scene.segmenter, scene.frame, rest, {})))
    return found, seen


def _looked(scene: _Scene, tasks: Sequence[Callable[[Segmenter], Look]]) -> list[Look]:
    engine = suited(scene.segmenter, len(tasks), scene.crew)
    return scene.crew.at_once([partial(task, engine) for task in tasks])


def _searched(
    scene: _Scene, objects: Sequence[ObjectTrack], answers: Sequence[Answer], seen: _Seen
) -> list[Answer]:
    """The answers after those that are lost were searched for."""
    found = list(answers)
    lost = [place for place, answer in enumerate(answers) if answer.evidence.confidence < LOST]
    new = [place for place in lost if not objects[place].doubted]
    searches = _searches(scene, objects, new)
    tasks = view_tasks(scene.segmenter, scene.frame, {}, searches, seen.views)
    seen.add(searches, _looked(scene, tasks))
    for turn, least in enumerate((FOUND_THERE, SURE), start=1):
        for place in lost:
            if found[place].evidence.confidence >= LOST or (place, turn) not in seen.looked_at:
                continue
            other = weighed(scene.frame, objects[place], seen.sights.get((place, turn)))
            if other.evidence.confidence >= least:
                found[place] = other
    return found


def _searches(scene: _Scene, objects: Sequence[ObjectTrack], places: Sequence[int]) -> dict[Place, MaskGrid]:
    """Where structures that are lost are searched for: where they were last sure, and where the frame looks
    most like it did then; at first both, then one after the other.
    """
    frame_hw, view_hw = (scene.frame.height, scene.frame.width), scene.motion.view_hw
    return {
        (place, turn): search(objects[place], view_hw, frame_hw)
        for turn, search in enumerate((_where_sure, _where_alike), start=1)
        for place in places
        if objects[place].doubted < ABSENT_AFTER or objects[place].doubted % 2 == turn - 1
    }


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
