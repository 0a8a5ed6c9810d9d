"""A file that stays open for a page, with the frames that were read last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from uniultra.io.input_file import input_file
from uniultra.types import Frame

KEPT_BYTES = 16_000_000
"""Of decoded frames, of one file in one process."""


class OpenCine:
    """An open file: frames of a video are read onwards, and the last ones are kept."""

    def __init__(self, path: Path, stamp: tuple[int, int]) -> None:
        """Raises FileError."""
        self.stamp = stamp
        self.file = input_file(path)
        self.cine = self.file.cine
        self._kept: OrderedDict[int, Frame] = OrderedDict()
        self._frames: Iterator[Frame] | None = None
        self._next = 0

    def frame(self, number: int) -> Frame:
        """Frame `number`, from 0. Raises FileError."""
        if number not in self._kept:
            self._keep(number, self._read(number))
        self._kept.move_to_end(number)
        return self._kept[number]

    def _read(self, number: int) -> Frame:
        if not self.cine.in_order or not 0 <= number < self.cine.count:
            return self.cine.read(number)
        if self._frames is None or number < self._next:
            self._frames, self._next = self.cine.stream(), 0
        for frame in self._frames:
            self._next += 1
            if self._next == number + 1:
                return frame
            self._keep(self._next - 1, frame)
        self._frames = None
        return self.cine.read(number)  # which says what is missing

    def _keep(self, number: int, frame: Frame) -> None:
        self._kept[number] = frame
        most = max(1, KEPT_BYTES // max(1, frame.pixels_hw.size))
        while len(self._kept) > most:
            self._kept.popitem(last=False)
