"""Structures followed through a cine, from prompts on any of its frames, forwards and backwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from uniultra.errors import FileError
from uniultra.io.cines import OnFault, chosen_frames
from uniultra.results import FrameResult, ObjectResult
from uniultra.segmenter import Segmenter
from uniultra.tracking.journal import TrackJournal
from uniultra.tracking.kept import Kept, keep
from uniultra.tracking.reading import descending
from uniultra.tracking.spans import PromptedFrames, checked, prompted_frames
from uniultra.tracking.step import TrackedMask, begin, lost_mask, step
from uniultra.tracking.track_state import TrackState
from uniultra.types import Cine, Frame

Found = Mapping[int, TrackedMask]
"""The answers on one frame, by the structures' numbers."""


def track(
    segmenter: Segmenter,
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
        prompts: frame, from 0, to prompts by the structures' numbers, 1 to N; a confirmed mask is a prompt
            too.
        frames: consecutive frames to track, all prompts among them; None for the whole cine.
        on_fault: told once of each frame that can't be read, which is then left out; None raises.
        journal: of this very call; what it knows is taken from it, and what is new added to it.

    Raises:
        PromptError: no prompt, one outside of the frame or of the frames, or numbers that aren't 1 to N.
        FileError: a frame can't be read, and `on_fault` isn't given, or a prompt is on it.
    """
    frames = range(cine.count) if frames is None else frames
    numbers = checked(prompts, cine, frames)
    ends = {number: prompted_frames(prompts, number)[-1 if reverse else 0] for number in numbers}
    outer = {frame: {n: p for n, p in own.items() if ends[n] == frame} for frame, own in prompts.items()}
    behind, ahead = (prompts, outer) if reverse else (outer, prompts)
    fault = _fault_handler(prompts, on_fault)
    kept: dict[tuple[int, int], Kept] = {}
    before = range(frames.start, max(ends.values()) + 1)
    if len(before) > 1:
        for number, _, found, _ in _followed(segmenter, descending(cine, before, fault), behind):
            kept |= {(number, one.number): keep(one) for one in found.values() if number < ends[one.number]}
    journal_after = -1 if journal is None else journal.after
    if journal is not None and journal_after >= 0:
        for number, frame in chosen_frames(cine, range(frames.start, journal_after + 1), fault):
            known = {one.number: one for one in journal.results(frame, number)}
            if known:
                yield _result(segmenter, cine, (number, frame), known, prompts)
    rest = range(max(frames.start, journal_after + 1), frames.stop)
    begun = None if journal is None else journal.state
    for number, frame, found, state in _followed(segmenter, chosen_frames(cine, rest, fault), ahead, begun):
        size = frame.height, frame.width
        earlier = {n: kept.pop((number, n)).restored(n, size) for n in numbers if (number, n) in kept}
        lost = {n: lost_mask(n, size) for n in numbers}
        result = _result(segmenter, cine, (number, frame), {**lost, **found, **earlier}, prompts)
        if journal is not None:
            journal.add(result)
            journal.save(number, state)
        yield result


def _followed(
    segmenter: Segmenter,
    frames: Iterable[tuple[int, Frame]],
    starts: PromptedFrames,
    state: TrackState | None = None,
) -> Iterator[tuple[int, Frame, Found, TrackState | None]]:
    """Each frame, in the given order, with the structures that have begun by then, and the state after it."""
    for number, frame in frames:
        own = starts.get(number, {})
        found: dict[int, TrackedMask] = {}
        if state is not None:
            going = tuple(one for one in state.objects if one.number not in own)
            answers, state = step(segmenter, replace(state, objects=going), frame)
            found |= {one.number: one for one in answers}
        if own:
            answers, state = begin(segmenter, frame, own, state)
            found |= {one.number: one for one in answers}
        yield number, frame, found, state


def _result(
    segmenter: Segmenter, cine: Cine, place: tuple[int, Frame], found: Found, prompts: PromptedFrames
) -> FrameResult:
    number, frame = place
    own = prompts.get(number, {})
    objects = tuple(
        ObjectResult(
            identity,
            one.mask,
            own.get(identity),
            status=one.status,
            confidence=round(one.confidence, 4),
        )
        for identity, one in sorted(found.items())
    )
    time_s = None if cine.times_s is None else round(cine.times_s[number], 6)
    return FrameResult(frame, objects, segmenter.facts, number, time_s, tracked=True)


def _fault_handler(prompts: PromptedFrames, on_fault: OnFault | None) -> Callable[[int, FileError], None]:
    """Hands each fault on once; raises it where nobody takes it, or where a prompt is on that frame."""
    told: set[int] = set()

    def handle(number: int, error: FileError) -> None:
        if on_fault is None or prompts.get(number):
            raise error if f"frame {number} " in f"{error} " else FileError(f"{error} (frame {number})")
        if number not in told:
            told.add(number)
            on_fault(number, error)

    return handle
