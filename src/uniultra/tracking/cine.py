"""Structures followed through a cine, from prompts on any of its frames, forwards and backwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from uniultra.errors import FileError, PromptError
from uniultra.io.cines import OnFault, chosen_frames, frames_or_faults, naming
from uniultra.prompt_checks import notes_of_each
from uniultra.results import FrameResult, ObjectResult, objects_notes, with_hidden
from uniultra.segmenter import Segmenter
from uniultra.tracking.ahead import Read, with_motion
from uniultra.tracking.beginning import TrackedMask
from uniultra.tracking.crew import Crew, crew_of
from uniultra.tracking.journal import TrackJournal
from uniultra.tracking.kept import Kept, keep
from uniultra.tracking.reading import descending
from uniultra.tracking.spans import (
    PromptedFrames,
    affected,
    by_frame,
    check_cine,
    checked,
    prompted_frames,
)
from uniultra.tracking.step import lost_mask
from uniultra.tracking.tracker import PromptTracker, Tracker, tracker_of
from uniultra.types import Cine, Frame, Prompt

Found = Mapping[int, TrackedMask]
"""The answers on one frame, by the structures' numbers."""


def track(
    segmenter: Segmenter | Tracker,
    cine: Cine,
    prompts: PromptedFrames,
    frames: range | None = None,
    reverse: bool = False,
    on_fault: OnFault | None = None,
    journal: TrackJournal | None = None,
) -> Iterator[FrameResult]:
    """Follows structures through a cine; one result a frame, in ascending order.

    Each prompt is followed forwards up to the structure's next one, and the first one also backwards; with
    `reverse` each is followed backwards up to the one before, and the last one also forwards. What is found
    backwards is kept until its turn comes, at one bit a pixel and compressed: its logits are then +-8. All
    else is of fixed size.

    Args:
        segmenter: or a tracker of another kind, which takes no journal.
        prompts: frame, from 0, to prompts by the structures' numbers, 1 to N; a confirmed mask is a prompt
            too.
        frames: consecutive frames to track, all prompts among them; None for the whole cine.
        on_fault: is given once each frame that can't be read, which is then left out; None raises.
        journal: of this very call; what it knows is taken from it, and what is new added to it.

    Raises:
        PromptError: no prompt, one outside of the frame or of the frames, numbers that aren't 1 to N, or
            frames that aren't consecutive ones of the cine.
        FileError: a frame can't be read, and `on_fault` isn't given, or a prompt is on it; or no cine.
        ModelError: no segmenter or tracker.
    """
    check_cine(cine)
    frames = range(cine.count) if frames is None else frames
    numbers = checked(prompts, cine, frames)
    ends = {number: prompted_frames(prompts, number)[-1 if reverse else 0] for number in numbers}
    outer = {frame: {n: p for n, p in own.items() if ends[n] == frame} for frame, own in prompts.items()}
    behind, ahead = (prompts, outer) if reverse else (outer, prompts)
    fault, tracker = _fault_handler(prompts, on_fault), tracker_of(segmenter)
    kept: dict[tuple[int, int], Kept] = {}
    before = range(frames.start, max(ends.values()) + 1)
    if len(before) > 1:
        for number, _, found, _ in _followed(tracker, descending(cine, before), behind, fault):
            kept |= {(number, one.number): keep(one) for one in found.values() if number < ends[one.number]}
    journal_after = -1 if journal is None else journal.after
    if journal is not None and journal_after >= 0:
        for number, frame in chosen_frames(cine, range(frames.start, journal_after + 1), fault):
            known = {one.number: one for one in journal.results(frame, number)}
            if known:
                yield _result(segmenter, cine, (number, frame), known, prompts)
    rest = range(max(frames.start, journal_after + 1), frames.stop)
    begun = None if journal is None else journal.state
    onwards = frames_or_faults(cine, rest)
    for number, frame, found, state in _followed(tracker, onwards, ahead, fault, begun):
        size = frame.height, frame.width
        earlier = {n: kept.pop((number, n)).restored(n, size) for n in numbers if (number, n) in kept}
        lost = {n: lost_mask(n, size) for n in numbers if n not in found and n not in earlier}
        result = _result(segmenter, cine, (number, frame), {**lost, **found, **earlier}, prompts)
        if journal is not None:
            journal.add(result)
            journal.save(number, state())
        yield result


def track_as_found(
    segmenter: Segmenter | Tracker,
    cine: Cine,
    prompts: PromptedFrames,
    frames: range | None = None,
    reverse: bool = False,
    on_fault: OnFault | None = None,
) -> Iterator[FrameResult]:
    """The same answers as `track`, each handed over when it is found: forwards from the first prompted frame,
    then backwards from there.

    A frame comes twice where some structures are found on it forwards and others backwards, each time with
    its own. Structures may have any numbers from 1. Nothing is kept for later, and a frame that no prompt
    reaches isn't among the results. For whoever watches, and for a correction: `retrack`.

    Raises:
        PromptError, FileError: as `track`.
    """
    check_cine(cine)
    frames = range(cine.count) if frames is None else frames
    numbers = checked(prompts, cine, frames, counted=False)
    ends = {number: prompted_frames(prompts, number)[-1 if reverse else 0] for number in numbers}
    outer = {frame: {n: p for n, p in own.items() if ends[n] == frame} for frame, own in prompts.items()}
    behind, ahead = (prompts, outer) if reverse else (outer, prompts)
    fault = _fault_handler(prompts, on_fault)
    onwards = frames_or_faults(cine, range(min(ends.values()), frames.stop))
    for number, frame, found, _ in _followed(tracker_of(segmenter), onwards, ahead, fault):
        if found:
            yield _result(segmenter, cine, (number, frame), found, prompts)
    if len(before := range(frames.start, max(ends.values()) + 1)) > 1:
        downwards = descending(cine, before)
        for number, frame, found, _ in _followed(tracker_of(segmenter), downwards, behind, fault):
            own = {n: one for n, one in found.items() if number < ends[n]}
            if own:
                yield _result(segmenter, cine, (number, frame), own, prompts)


def retrack(
    segmenter: Segmenter | Tracker,
    cine: Cine,
    prompts: PromptedFrames,
    number: int,
    frame: int,
    reverse: bool = False,
    on_fault: OnFault | None = None,
) -> Iterator[FrameResult]:
    """What a correction changes, and no more: structure `number` from its prompt on `frame` up to the next
    frame that a person has confirmed, in the order in which it is found.

    Args:
        prompts: all of the track, the correction included.

    Raises:
        PromptError: the structure has no prompt on that frame. FileError: as `track`.
    """
    check_cine(cine)
    by_frame(prompts)
    prompt = prompts.get(frame, {}).get(number)
    if prompt is None:
        raise PromptError(f"structure {number} has no prompt on frame {frame}; add it to the prompts first")
    changed = affected(prompts, number, frame, cine.count, reverse)
    return track_as_found(segmenter, cine, {frame: {number: prompt}}, changed, reverse, on_fault)


def _followed(
    tracker: Tracker,
    frames: Iterable[Read],
    starts: PromptedFrames,
    fault: Callable[[int, FileError], None],
    state: Any = None,
) -> Iterator[tuple[int, Frame, Found, Callable[[], Any]]]:
    """Each frame, in the given order, with the structures that have begun by then, and what gives the state
    after it: where something was prompted, that is made after the frame was handed over.
    """
    with crew_of(tracker.segmenter) if isinstance(tracker, PromptTracker) else Crew(1) as crew:
        yield from _stepped(tracker, frames, starts, fault, state, crew)


def _stepped(
    tracker: Tracker,
    frames: Iterable[Read],
    starts: PromptedFrames,
    fault: Callable[[int, FileError], None],
    state: Any,
    crew: Crew,
) -> Iterator[tuple[int, Frame, Found, Callable[[], Any]]]:
    ours = isinstance(tracker, PromptTracker)
    after: Callable[[], Any] = partial(_same, state)
    for number, frame, motion in with_motion(
        frames, starts if ours else (), crew, ours and state is not None
    ):
        if isinstance(frame, FileError):
            fault(number, frame)
            continue
        own, state = starts.get(number, {}), after()
        found: dict[int, TrackedMask] = {}
        if state is not None:
            others = state.only({*state.numbers} - {*own})
            if isinstance(tracker, PromptTracker):
                moved = None if motion is None else motion.result()
                answers, state = tracker.step(others, frame, moved, crew)
            else:
                answers, state = tracker.step(others, frame)
            found |= {one.number: one for one in answers}
        answers, after = _begun(tracker, frame, own, state, crew) if own else ([], partial(_same, state))
        found |= {one.number: one for one in answers}
        yield number, frame, found, after


def _begun(
    tracker: Tracker, frame: Frame, prompts: Mapping[int, Prompt], state: Any, crew: Crew
) -> tuple[list[TrackedMask], Callable[[], Any]]:
    """What is prompted on a frame, and what gives the state after it."""
    if isinstance(tracker, PromptTracker):
        return tracker.prompted(frame, prompts, state, crew)
    answers, state = tracker.begin(frame, prompts, state)
    return answers, partial(_same, state)


def _same(state: Any) -> Any:
    return state


def _result(
    segmenter: Segmenter | Tracker,
    cine: Cine,
    place: tuple[int, Frame],
    found: Found,
    prompts: PromptedFrames,
) -> FrameResult:
    number, frame = place
    own = prompts.get(number, {})
    said = dict(zip(own, notes_of_each(list(own.values()), segmenter.facts, cine.frame_hw), strict=True))
    objects = tuple(
        ObjectResult(
            identity,
            one.mask,
            own.get(identity),
            status=one.status,
            confidence=round(one.confidence, 4),
            notes=said.get(identity, ()),
        )
        for identity, one in sorted(found.items())
    )
    time_s = None if cine.times_s is None else round(cine.times_s[number], 6)
    objects = with_hidden(objects) if own else objects
    notes = objects_notes(objects)
    return FrameResult(frame, objects, segmenter.facts, number, time_s, tracked=True, notes=notes)


def _fault_handler(prompts: PromptedFrames, on_fault: OnFault | None) -> Callable[[int, FileError], None]:
    """Hands each fault on once; raises it where nobody takes it, or where a prompt is on that frame."""
    reported: set[int] = set()

    def handle(number: int, error: FileError) -> None:
        if on_fault is None or prompts.get(number):
            raise naming(error, number)
        if number not in reported:
            reported.add(number)
            on_fault(number, error)

    return handle
