"""The frames of a cine backwards, a bounded number of them in memory; for one that can't be read there is
in its place its error.
"""

from __future__ import annotations

from collections.abc import Iterator

from uniultra.errors import FileError
from uniultra.io.cines import frames_or_faults
from uniultra.types import Cine, Frame

HELD_BYTES = 32 * 2**20
"""Frames of a video that are held to go through it backwards take up to this."""


def descending(cine: Cine, frames: range) -> Iterator[tuple[int, Frame | FileError]]:
    """As `frames_or_faults`, from the last frame to the first; a video is decoded once for each
    HELD_BYTES of frames.
    """
    if not cine.in_order:
        yield from frames_or_faults(cine, frames[::-1])
        return
    held = max(8, HELD_BYTES // (cine.frame_hw[0] * cine.frame_hw[1]))
    for stop in range(frames.stop, frames.start, -held):
        window = range(max(stop - held, frames.start), stop)
        yield from reversed(list(frames_or_faults(cine, window)))
