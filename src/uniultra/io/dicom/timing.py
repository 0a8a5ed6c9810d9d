"""When each frame was taken: by the attribute that the file points at, else the best that it has (PS3.3
C.7.6.5, C.7.6.6, C.7.6.16).
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from uniultra.io.dicom.attributes import real, reals, value
from uniultra.io.dicom.groups import group_times, is_stack, moving_volume
from uniultra.io.dicom.header import Header

_RATES = ("CineRate", "RecommendedDisplayFrameRate")
_FRAME_TIME = 0x00181063
"""The tag of FrameTime (PS3.3 C.7.6.6.1.1)."""
Times = tuple[float, ...]


def frame_times(header: Header, frames: int) -> tuple[Times | None, tuple[str, ...]]:
    """Seconds of each frame from the first one, or None where the file doesn't say; and notes on what was
    ignored.

    What FrameIncrementPointer names comes first. Without it, FrameTimeVector (milliseconds from the frame
    before, 0 for the first) where it has one entry per frame; then FrameTime (milliseconds), the times in
    functional groups, and the two rates (frames per second), which of a volume are those of its display.
    Frames of a volume have no times: one follows another in space.
    """
    notes: list[str] = []
    if volume := moving_volume(header.dataset):
        return None, ("its frames are {1} planes at {0} times, not moments of one plane".format(*volume),)
    step = _steady(header, frames)
    if step is not None and _FRAME_TIME in _pointers(header):
        if value(header.dataset, "FrameTimeVector") is not None:
            notes.append("FrameTimeVector is not used: FrameIncrementPointer names FrameTime")
        return step, tuple(notes)
    vector, fault = _by_vector(header, frames)
    if fault:
        notes.append(fault)
    times = vector or step
    if times is None and is_stack(header.dataset):
        notes.append("its frames are planes of a volume, side by side in space, not moments")
    elif times is None:
        times = group_times(header.dataset, frames) or _by_rate(header, frames)
    return times, tuple(notes)


def _pointers(header: Header) -> list[int]:
    """The tags that FrameIncrementPointer holds."""
    found: Any = value(header.dataset, "FrameIncrementPointer")
    try:
        tags = [found] if isinstance(found, int) else found
        return [int(tag) for tag in tags or ()]
    except (TypeError, ValueError):
        return []


def _by_vector(header: Header, frames: int) -> tuple[Times | None, str]:
    """Times, or what is wrong with the vector; neither where there is none."""
    vector = reals(header.dataset, "FrameTimeVector")
    if vector is None:
        return None, ""
    if len(vector) != frames:
        return None, f"FrameTimeVector has {len(vector)} entries for {frames} frames and is not used"
    if not all(step >= 0 for step in vector):
        return None, "FrameTimeVector goes back and is not used"
    return tuple(seconds / 1000.0 for seconds in accumulate([0.0, *vector[1:]])), ""


def _steady(header: Header, frames: int) -> Times | None:
    step = real(header.dataset, "FrameTime")
    return tuple(i * step / 1000.0 for i in range(frames)) if step is not None and step > 0 else None


def _by_rate(header: Header, frames: int) -> Times | None:
    for keyword in _RATES:
        rate = real(header.dataset, keyword)
        if rate is not None and rate > 0:
            return tuple(i / rate for i in range(frames))
    return None
