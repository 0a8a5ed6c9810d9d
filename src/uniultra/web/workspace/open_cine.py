"""A file that stays open for a page, with the frames that were read last: in grey, as the model sees them,
and in colour, as a person does.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from uniultra.io.colours import Colours
from uniultra.io.input_file import input_file
from uniultra.types import Frame
from uniultra.web.workspace.jobs import Encoded

KEPT_BYTES = 16_000_000
"""Of decoded frames, of one file in one process: so much in grey, and as much in colour."""
T = TypeVar("T")


class OpenCine:
    """An open file."""

    def __init__(self, path: Path, stamp: tuple[int, int]) -> None:
        """Raises FileError."""
        self.stamp = stamp
        self.firsts: dict[bool, Encoded] = {}
        """The first frame as it was sent, without loss or with."""
        self.file = input_file(path)
        self.cine = self.file.cine
        self._colours = Colours(self.file)
        height, width = self.cine.frame_hw
        kept = max(1, KEPT_BYTES // max(1, height * width))
        self._frames = _Kept(kept, self.cine.read, self._stream if self.cine.in_order else None)
        stream: Callable[[], Iterator[np.ndarray | None]] | None = None
        if self._colours.in_order:
            stream = self._colours.stream
        self._pictures: _Kept[np.ndarray | None] = _Kept(max(1, kept // 3), self._colours.read, stream)

    def _stream(self) -> Iterator[Frame]:
        return self.cine.stream()

    def frame(self, number: int) -> Frame:
        """Frame `number`, from 0. Raises FileError."""
        return self._frames.at(number, self.cine.count)

    def picture(self, number: int) -> np.ndarray:
        """The same to look at: uint8 (H, W), or RGB (H, W, 3) where it has colours. Raises FileError."""
        if self._colours.possible and 0 <= number < self.cine.count:
            found = self._pictures.at(number, self.cine.count)
            if found is not None:
                return found
        return self.frame(number).pixels_hw


@dataclass
class _Kept(Generic[T]):
    """The first frame and the last `most` that were read; with a `stream` they are read onwards."""

    most: int
    read: Callable[[int], T]
    stream: Callable[[], Iterator[T]] | None
    _kept: OrderedDict[int, T] = field(default_factory=OrderedDict)
    _coming: Iterator[T] | None = None
    _next: int = 0

    def at(self, number: int, count: int) -> T:
        if number not in self._kept:
            self._keep(number, self._read(number, count))
        self._kept.move_to_end(number)
        return self._kept[number]

    def _read(self, number: int, count: int) -> T:
        if self.stream is None or not 0 <= number < count:
            return self.read(number)
        if self._coming is None or number < self._next:
            self._coming, self._next = self.stream(), 0
        for frame in self._coming:
            self._next += 1
            if self._next == number + 1:
                return frame
            self._keep(self._next - 1, frame)
        self._coming = None
        return self.read(number)  # which says what is missing

    def _keep(self, number: int, frame: T) -> None:
        self._kept[number] = frame
        while len(self._kept) > self.most + 1:
            del self._kept[next(other for other in self._kept if other != 0)]
