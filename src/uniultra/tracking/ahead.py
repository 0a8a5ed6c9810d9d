"""Motion to the next frame needs no mask: it is estimated on another thread while structures are followed to
the frame before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import Future
from functools import partial

from uniultra.errors import FileError
from uniultra.tracking.crew import Crew
from uniultra.tracking.motion import Motion, motion_to
from uniultra.types import Frame

Read = tuple[int, Frame | FileError]


def with_motion(
    frames: Iterable[Read], starts: Collection[int], crew: Crew, following: bool = False
) -> Iterator[tuple[int, Frame | FileError, Future[Motion] | None]]:
    """Frames in their order, each with the motion from the one before, which may still be under way.

    A frame is read, by the caller's own thread, before the one ahead of it is handed out; what can't be read
    comes in its turn.

    Args:
        frames: numbers with frames, or with why they can't be read.
        starts: frames from which structures are followed: before the first of them there is no motion.
        crew: whose helpers estimate it; without any there is no motion.
        following: whether structures are followed from the beginning.
    """
    waiting: tuple[int, Frame | FileError, Future[Motion] | None] | None = None
    last: Future[Motion] | None = None
    for number, frame in frames:
        following = following or number in starts
        motion = None
        if following and isinstance(frame, Frame):
            motion = last = crew.begun(partial(_after, frame, last))
        if waiting is not None:
            yield waiting
        waiting = number, frame, motion
    if waiting is not None:
        yield waiting


def _after(frame: Frame, last: Future[Motion] | None) -> Motion:
    """Motion to a frame; `last` is that to the one before, which helpers took before this."""
    return motion_to(frame, None if last is None else last.result().view_hw)
