"""A file that stays open for a page, with the frames that were read last: in grey, as the model sees them,
and in colour, as a person does.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from uniultra.io.colours import Colours
from uniultra.io.input_file import input_file
from uniultra.types import Frame
from uniultra.web.workspace.answers import picture_of
from uniultra.web.workspace.jobs import Encoded

KEPT_BYTES = 16_000_000
"""Of one file in one process: so much of decoded grey frames, and as much of encoded pictures."""
BEHIND, FAR_BEHIND = 3, 24
"""Pictures kept of the frames that are passed on the way to one, and how many where the way began anew: who
steps back will go on doing so, and a stream only goes forwards.
"""
R = TypeVar("R")
K = TypeVar("K")


class OpenCine:
    """An open file."""

    def __init__(self, path: Path, stamp: tuple[int, int]) -> None:
        """Raises FileError."""
        self.stamp = stamp
        self.file = input_file(path)
        self.cine = self.file.cine
        self._colours = Colours(self.file)
        self._frames: _Kept[Frame, Frame] = _Kept(
            self.cine.read,
            self._stream if self.cine.in_order else None,
            lambda frame: frame,
            lambda frame: frame.pixels_hw.nbytes,
            behind=FAR_BEHIND,
        )
        self._pictures = {exact: self._kept_pictures(exact) for exact in (False, True)}

    def _kept_pictures(self, exact: bool) -> _Kept[np.ndarray, Encoded]:
        stream = self._colours.stream if self._colours.in_order else None
        return _Kept(self._pixels, stream, partial(picture_of, exact=exact), lambda one: len(one.data))

    def _stream(self) -> Iterator[Frame]:
        return self.cine.stream()

    def frame(self, number: int) -> Frame:
        """Frame `number`, from 0. Raises FileError."""
        return self._frames.at(number, self.cine.count)

    def picture(self, number: int, exact: bool) -> Encoded:
        """The same to look at, in colour where it has colours: PNG where `exact`, else JPEG. Raises
        FileError.
        """
        return self._pictures[exact].at(number, self.cine.count)

    def _pixels(self, number: int) -> np.ndarray:
        """uint8 (H, W), or RGB (H, W, 3) where it has colours. Raises FileError."""
        found = None
        if self._colours.possible and 0 <= number < self.cine.count:
            found = self._colours.read(number)
        return self.frame(number).pixels_hw if found is None else found


@dataclass
class _Kept(Generic[R, K]):
    """The first frame and those that were read last, in the form that `keep` gives them; with a `stream` they
    are read onwards.
    """

    read: Callable[[int], R]
    stream: Callable[[], Iterator[R]] | None
    keep: Callable[[R], K]
    size: Callable[[K], int]
    behind: int = BEHIND
    _kept: OrderedDict[int, K] = field(default_factory=OrderedDict)
    _bytes: int = 0
    _coming: Iterator[R] | None = None
    _next: int = 0

    def at(self, number: int, count: int) -> K:
        if number not in self._kept:
            self._add(number, self._read(number, count))
        self._kept.move_to_end(number)
        return self._kept[number]

    def _read(self, number: int, count: int) -> R:
        if self.stream is None or not 0 <= number < count:
            return self.read(number)
        behind = self.behind
        if self._coming is None or number < self._next:
            behind = FAR_BEHIND if self._next else self.behind
            self._coming, self._next = self.stream(), 0
        for frame in self._coming:
            self._next += 1
            if self._next == number + 1:
                return frame
            if self._next + behind > number:
                self._add(self._next - 1, frame)
        self._coming = None
        return self.read(number)  # which says what is missing

    def _add(self, number: int, frame: R) -> None:
        if number in self._kept:
            return
        self._kept[number] = self.keep(frame)
        self._bytes += self.size(self._kept[number])
        while self._bytes > KEPT_BYTES and len(self._kept) > 2:
            oldest = next(other for other in self._kept if other != 0)
            self._bytes -= self.size(self._kept.pop(oldest))
