"""The frames of a cine backwards, a bounded number of them in memory; one that can't be read is reported and
left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from uniultra.io.cines import OnFault, chosen_frames
from uniultra.types import Cine, Frame

HELD_BYTES = 32 * 2**20
"""Frames of a video that are held to go through it backwards take up to this."""


def descending(cine: Cine, frames: range, on_fault: OnFault) -> Iterator[tuple[int, Frame]]:
    """As `chosen_frames`, from the last frame to the first; a video is decoded once for each
    HELD_BYTES of frames.
    """
    if not cine.in_order:
        yield from chosen_frames(cine, frames[::-1], on_fault)
        return
    held = max(8, HELD_BYTES // (cine.frame_hw[0] * cine.frame_hw[1]))
    for stop in range(frames.stop, frames.start, -held):
        window = range(max(stop - held, frames.start), stop)
        yield from reversed(list(chosen_frames(cine, window, on_fault)))
