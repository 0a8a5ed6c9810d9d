"""The frames of a cine forwards and backwards, a bounded number of them in memory; one that can't be read is
told and left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from uniultra.errors import FileError
from uniultra.types import Cine, Frame

HELD_BYTES = 32 * 2**20
"""Frames of a video that are held to go through it backwards take up to this."""
OnFault = Callable[[int, FileError], None]
"""Told of a frame that can't be read: its number and why."""


def ascending(cine: Cine, frames: range, on_fault: OnFault) -> Iterator[tuple[int, Frame]]:
    """Each frame that can be read, with its number. After a fault in a video nothing more of it can be."""
    if not frames:
        return
    if not cine.in_order:
        yield from _one_by_one(cine, frames, on_fault)
        return
    stream = enumerate(cine)
    last = -1
    while last < frames[-1]:
        try:
            last, frame = next(stream)
        except StopIteration:
            ended = f"{cine.source}: frame {last + 1} of the promised {cine.count} isn't in the file"
            on_fault(max(last + 1, frames[0]), FileError(f"{ended}; frames from there on are left out"))
            return
        except FileError as error:
            on_fault(max(last + 1, frames[0]), error)
            return
        if last in frames:
            yield last, frame


def descending(cine: Cine, frames: range, on_fault: OnFault) -> Iterator[tuple[int, Frame]]:
    """The same from the last frame to the first; a video is decoded once for each HELD_BYTES of frames."""
    if not cine.in_order:
        yield from _one_by_one(cine, frames[::-1], on_fault)
        return
    held = max(8, HELD_BYTES // (cine.frame_hw[0] * cine.frame_hw[1]))
    for stop in range(frames.stop, frames.start, -held):
        window = range(max(stop - held, frames.start), stop)
        yield from reversed(list(ascending(cine, window, on_fault)))


def _one_by_one(cine: Cine, frames: range, on_fault: OnFault) -> Iterator[tuple[int, Frame]]:
    for number in frames:
        try:
            frame = cine.read(number)
        except FileError as error:
            on_fault(number, error)
            continue
        yield number, frame
