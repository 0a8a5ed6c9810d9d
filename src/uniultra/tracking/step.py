"""One frame of a track: registration to the prompted frame where that explains what is seen; else motion
carries each mask along, and the model is prompted with its box and its innermost point.

Chosen on val against copying, flow alone, the previous box, the mask as a prompt, and mixtures
(docs/tracking.md). What a frame is
compared with is kept apart, and only a sure frame changes it: the first frame's appearance never, the last
sure frame's then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from uniultra.segmenter import Segmenter
from uniultra.tracking.anchor import EXPLAINED, Anchor, at_once
from uniultra.tracking.answers import (
    Answer,
    brought,
    directly,
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
from uniultra.tracking.looks import Look, Place, sight_of, view_tasks
from uniultra.tracking.motion import Motion, carried, flow_between, motion_to, moved_to_match, was_cut
from uniultra.tracking.state import MaskGrid, agreement
from uniultra.tracking.track_state import ObjectTrack, TrackState, check_follows
from uniultra.types import Frame


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
    expected = crew.at_once([partial(_expected, one, motion.flow, state.frame_hw) for one in state.objects])
    scene = _Scene(segmenter, frame, motion, crew, state.objects, expected)
    found = _searched(scene, _answered(scene))
    still = motion.flow is None
    ends = zip(scene.objects, found, expected, strict=True)
    pairs = crew.at_once([partial(_concluded, *three, still, motion.view_hw) for three in ends])
    after = TrackState(state.frame_hw, motion.view_hw, tuple(one for _, one in pairs))
    return [answer for answer, _ in pairs], after


@dataclass
class _Scene:
    """A frame, its structures with the places where they are expected, and what the model was asked."""

    segmenter: Segmenter
    frame: Frame
    motion: Motion
    crew: Crew
    objects: Sequence[ObjectTrack]
    expected: Sequence[MaskGrid]
    looked_at: set[Place] = field(default_factory=set)
    looks: list[Look] = field(default_factory=list)
    straight: dict[int, Anchor] = field(default_factory=dict)

    def add(self, places: Collection[Place], looks: Sequence[Look]) -> None:
        self.looked_at |= {*places}
        self.looks += looks

    def weighed(self, place: Place) -> Answer:
        """What the model sees at a place that was looked at."""
        look = next((look for look in self.looks if place in look.masks), None)
        sight = sight_of(self.segmenter, self.frame, look, place)
        return weighed(self.frame, self.objects[place[0]], sight)

    def straight_tasks(self, places: Collection[int]) -> list[Callable[[], None]]:
        """Structures' anchors by motion from where they were prompted straight to this frame, as calls, one
        for all that were prompted on the same frame.
        """
        together: dict[int, list[int]] = {}
        for place in places:
            view = self.objects[place].anchor.registration.view_hw
            together.setdefault(id(view), []).append(place)

        def bring(anchors: Mapping[int, Anchor]) -> None:
            first = next(iter(anchors.values())).registration.view_hw
            flow = flow_between(self.motion.view_hw, first)
            for place, anchor in anchors.items():
                self.straight[place] = at_once(anchor, self.frame, flow)

        groups = ({n: self.objects[n].anchor for n in own} for own in together.values())
        return [partial(bring, group) for group in groups]


def _answered(scene: _Scene) -> list[Answer]:
    """An answer for each structure where it is expected, or where it was searched for meanwhile: the prompted
    frame's mask where that explains what is seen, else the model's. Brings the scene's structures here.

    Where registration failed on the frame before, the model isn't kept waiting for it to fail again; nor are
    searches for what was doubted there.
    """
    before, crew, frame, expected = scene.objects, scene.crew, scene.frame, scene.expected
    likely = {(n, 0): expected[n] for n, one in enumerate(before) if one.anchor.likeness < EXPLAINED}
    searches = _searches(scene, [place for place, one in enumerate(before) if one.doubted])
    guesses = view_tasks(scene.segmenter, frame, likely, searches)
    groups: dict[int, list[int]] = {}
    for place, one in enumerate(before):
        groups.setdefault(id(one.anchor.registration), []).append(place)
    engine = suited(scene.segmenter, len(guesses) + len(groups), crew)
    tasks: list[Callable[[], Any]] = [partial(guess, engine) for guess in guesses]
    for places in groups.values():
        pairs = [(before[place], expected[place]) for place in places]
        tasks.append(partial(brought, frame, pairs, scene.motion.flow))
    made = crew.at_once([*tasks, *scene.straight_tasks([n for n, _ in likely])])[: len(tasks)]
    scene.add({*likely, *searches}, made[: len(guesses)])
    by_place = dict(zip(chain(*groups.values()), chain(*made[len(guesses) :]), strict=True))
    now = [by_place[place] for place in range(len(before))]
    if scene.motion.flow is not None:
        scene.objects = now

    def answered(place: int) -> Answer | None:
        known = explained(frame, now[place], expected[place].region)
        if known is None and (place, 0) not in scene.looked_at:
            return None
        return _best(scene, place, known)

    failed = [(n, 0) for n, one in enumerate(now) if one.anchor.likeness < EXPLAINED]
    rest = {place: expected[place[0]] for place in failed if place not in likely}
    late = view_tasks(scene.segmenter, frame, rest, {})
    engine = suited(scene.segmenter, len(late), crew)
    tasks = [partial(task, engine) for task in late]
    tasks += scene.straight_tasks([n for n, _ in rest])
    made = crew.at_once([*tasks, *(partial(answered, place) for place in range(len(now)))])
    scene.add(rest, made[: len(late)])
    found: list[Answer | None] = made[len(tasks) :]
    gone = {(n, 0): expected[n] for n, one in enumerate(found) if one is None and (n, 0) not in rest}
    scene.add(gone, _looked(scene, view_tasks(scene.segmenter, frame, gone, {})))
    unknown = [place for place, one in enumerate(found) if one is None]
    answers = dict(zip(unknown, crew.map(partial(_best, scene), unknown), strict=True))
    return [answers[place] if one is None else one for place, one in enumerate(found)]


def _best(scene: _Scene, place: int, known: Answer | None = None) -> Answer:
    """The answer where a structure is expected, or where it was searched for if it isn't found there."""
    one, region = scene.objects[place], scene.expected[place].region
    if known is not None:
        return _found(scene, place, known)
    answer = instead(scene.frame, one, scene.weighed((place, 0)), region)
    if place in scene.straight:
        answer = directly(scene.frame, one, answer, scene.straight[place])
    return _found(scene, place, answer)


def _found(scene: _Scene, place: int, answer: Answer) -> Answer:
    """The same, unless that is lost and a search that was made finds it."""
    for turn, least in enumerate((FOUND_THERE, SURE), start=1):
        if answer.evidence.confidence < LOST and (place, turn) in scene.looked_at:
            other = scene.weighed((place, turn))
            answer = other if other.evidence.confidence >= least else answer
    return answer


def _looked(scene: _Scene, tasks: Sequence[Callable[[Segmenter], Look]]) -> list[Look]:
    engine = suited(scene.segmenter, len(tasks), scene.crew)
    return scene.crew.at_once([partial(task, engine) for task in tasks])


def _searched(scene: _Scene, answers: Sequence[Answer]) -> list[Answer]:
    """The answers after those that are lost from this frame on were searched for."""
    lost = [place for place, answer in enumerate(answers) if answer.evidence.confidence < LOST]
    new = [place for place in lost if not scene.objects[place].doubted]
    searches = _searches(scene, new)
    known = [look.encoded for look in scene.looks]
    scene.add(searches, _looked(scene, view_tasks(scene.segmenter, scene.frame, {}, searches, known)))
    found = dict(zip(new, scene.crew.map(lambda n: _found(scene, n, answers[n]), new), strict=True))
    return [found.get(place, answer) for place, answer in enumerate(answers)]


def _searches(scene: _Scene, places: Sequence[int]) -> dict[Place, MaskGrid]:
    """Where structures that are lost are searched for: where they were last sure, and where the frame looks
    most like it did then; at first both, then one after the other. Where the picture was cut both, and the
    former where motion since then takes it: it may be what it was.
    """
    objects = scene.objects
    frame_hw, view_hw = (scene.frame.height, scene.frame.width), scene.motion.view_hw
    cut = bool(places) and was_cut(scene.motion)
    ways = (_where_sure_moved if cut else _where_sure, _where_alike)
    return {
        (place, turn): search(objects[place], view_hw, frame_hw)
        for turn, search in enumerate(ways, start=1)
        for place in places
        if cut or objects[place].doubted < ABSENT_AFTER or objects[place].doubted % 2 == turn - 1
    }


def _expected(one: ObjectTrack, flow: np.ndarray | None, frame_hw: tuple[int, int]) -> MaskGrid:
    """Where a structure is looked for first, also a lost one: where motion takes it."""
    return one.grid if flow is None else carried(one.grid, flow, frame_hw)


def _where_sure(one: ObjectTrack, view_hw: np.ndarray, frame_hw: tuple[int, int]) -> MaskGrid:
    """A structure that was lost, where it was last sure."""
    return one.sure_grid


def _where_sure_moved(one: ObjectTrack, view_hw: np.ndarray, frame_hw: tuple[int, int]) -> MaskGrid:
    """The same, carried here by motion since that frame."""
    before = one.sure_view_hw
    if before.shape != view_hw.shape or np.array_equal(before, view_hw):
        return one.sure_grid
    return carried(one.sure_grid, flow_between(view_hw, before), frame_hw)


def _where_alike(one: ObjectTrack, view_hw: np.ndarray, frame_hw: tuple[int, int]) -> MaskGrid:
    """The same, moved to where the frame looks most like it did then."""
    return moved_to_match(one.sure_grid, one.sure_hw, view_hw, frame_hw)


def lost_mask(number: int, frame_hw: tuple[int, int]) -> TrackedMask:
    """What is said of a structure on a frame that no prompt reaches, since those between can't be read."""
    nothing = empty_mask(frame_hw)
    return TrackedMask(number, nothing, "lost", 0.0, nothing)


def _concluded(
    one: ObjectTrack, answer: Answer, expected: MaskGrid, still: bool, view_hw: np.ndarray
) -> tuple[TrackedMask, ObjectTrack]:
    """The answer with its status, and what is remembered: the place, and of a sure frame the appearance."""
    confidence = answer.evidence.confidence
    agreed = agreement(answer.grid, expected)
    steady, absent = min(one.steady, agreed), one.lost >= ABSENT_AFTER
    agreed = 0.0 if absent else agreed  # it moved along with a guess
    status = status_of(confidence, one.lost, holds_on(answer.evidence, steady, agreed))
    one = replace(one, steady=steady, doubted=one.doubted + 1 if confidence < LOST else 0)
    nothing = empty_mask(answer.mask.mask_hw.shape)  # type: ignore[arg-type]
    nothing = replace(nothing, scale=answer.mask.scale)
    if status in ("lost", "absent"):
        followed = replace(one, grid=answer.grid, lost=one.lost + 1)
        return TrackedMask(one.number, nothing, status, confidence, answer.mask), followed
    said, sureness = said_of(status, answer.evidence, agreed)
    shown = nothing if said == "lost" else answer.mask
    tracked = TrackedMask(one.number, shown, said, sureness, answer.mask)
    if still and not one.lost:  # a frozen picture must not creep
        return tracked, one
    if status == "unsure":
        return tracked, replace(one, grid=answer.grid, lost=0)
    if one.target is not None and answer.cells is not None:
        one = replace(one, target=one.target.with_sure(answer.cells))
    sure = replace(one, sure_grid=answer.grid, sure_hw=answer.seen_hw, steady=1.0, sure_view_hw=view_hw)
    return tracked, replace(sure, grid=answer.grid, lost=0)
