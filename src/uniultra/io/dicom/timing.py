"""When each frame was taken: FrameTimeVector, FrameTime, CineRate or RecommendedDisplayFrameRate (PS3.3 C.7.6.5)."""

from __future__ import annotations

from itertools import accumulate

from uniultra.io.dicom.header import Header
from uniultra.io.dicom.values import real, reals

_RATES = ("CineRate", "RecommendedDisplayFrameRate")


def frame_times(header: Header, frames: int) -> tuple[tuple[float, ...] | None, tuple[str, ...]]:
    """Seconds of each frame from the first one, or None where the file doesn't say; and notes on what was passed over.

    FrameTimeVector (milliseconds from the frame before, 0 for the first) comes first where it has one entry a frame;
    then FrameTime (milliseconds), then the two rates (frames a second).
    """
    notes = []
    vector = reals(header.dataset, "FrameTimeVector")
    if vector is not None:
        if len(vector) == frames and all(step >= 0 for step in vector):
            return tuple(seconds / 1000.0 for seconds in accumulate([0.0, *vector[1:]])), ()
        wrong = f"FrameTimeVector has {len(vector)} entries for {frames} frames" if len(vector) != frames else "FrameTimeVector goes back"
        notes.append(f"{wrong} and is not used")
    step = real(header.dataset, "FrameTime")
    if step is not None and step > 0:
        return tuple(i * step / 1000.0 for i in range(frames)), tuple(notes)
    for keyword in _RATES:
        rate = real(header.dataset, keyword)
        if rate is not None and rate > 0:
            return tuple(i / rate for i in range(frames)), tuple(notes)
    return None, tuple(notes)
