"""A volume whose frames are moments: what is prompted on one is followed through the others, for a bounded
time at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from uniultra.io.cines import by_frames
from uniultra.results import FrameResult
from uniultra.segmenter import Segmenter
from uniultra.tracking import retrack
from uniultra.types import Cine, Frame, Prompt

FOLLOW_S = 30.0
"""Seconds of following that one answer waits for: a client gives up after 60. What is left is done with the
next one.
"""
STRUCTURE = 1
"""These protocols know one structure at a time."""


def cine_of(plane: Callable[[int], np.ndarray], count: int) -> Cine:
    """The frames of a volume in memory, `plane(number)` uint8 (H, W), as what is tracked."""

    def read(number: int) -> Frame:
        return Frame(np.ascontiguousarray(plane(number)))

    height, width = plane(0).shape
    return by_frames("the image", (height, width), count, read)


@dataclass
class Following:
    """The prompted frames from which others are still to be followed, the newest first."""

    pending: tuple[int, ...] = ()
    _running: Iterator[FrameResult] | None = None

    def begin(self, frame: int) -> None:
        """A prompt on a frame is new, or has changed: what was under way begins anew, up to it."""
        self.pending = frame, *(other for other in self.pending if other != frame)
        self._running = None

    def restore(self, pending: tuple[int, ...]) -> None:
        self.pending, self._running = pending, None

    def go_on(
        self,
        segmenter: Segmenter,
        cine: Cine,
        prompts: Mapping[int, Prompt],
        put: Callable[[int, np.ndarray], None],
    ) -> bool:
        """Follows for up to FOLLOW_S seconds and gives `put` each frame's mask, bool (H, W). At least one
        frame is done. Whether anything was.

        Args:
            prompts: all of them, by their frames.

        Raises:
            PromptError: one lies outside of its frame.
        """
        ends, done = time.monotonic() + FOLLOW_S, False
        numbered = {frame: {STRUCTURE: prompt} for frame, prompt in prompts.items()}
        while self.pending and (not done or time.monotonic() < ends):
            frame = self.pending[0]
            if self._running is None:
                self._running = retrack(segmenter, cine, numbered, STRUCTURE, frame)
            result = next(self._running, None)
            if result is None:
                self.restore(self.pending[1:])
                continue
            assert result.number is not None, "of a cine"
            put(result.number, result.objects[0].mask.mask_hw)
            done = True
        return done
