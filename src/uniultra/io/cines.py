"""Whatever holds frames as a `Cine`: DICOM, video, GIF, NIfTI, a still image, or a folder or pattern of
images in their order.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from uniultra.errors import FileError
from uniultra.io.images import VIDEO_SUFFIXES, Kind, find_images, kind_of, read_as, read_frame
from uniultra.io.paths import PathLike, shown
from uniultra.pixel_scale import UNKNOWN, Calibration
from uniultra.types import Cine, Frame

MAX_FRAMES = 1_000_000
"""Legal number of frames of a file."""


def open_cine(path: PathLike) -> Cine:
    """Opens what is at a path; pixels are decoded when frames are requested, one at a time.

    A folder or a pattern is a sequence of still images of one size, in their natural order.

    Raises:
        FileError: as the reader of its kind does.
    """
    if os.path.isdir(path) or not os.path.exists(path):
        return _sequence(path)
    return open_as(kind_of(path), path)


def open_as(kind: Kind, path: PathLike) -> Cine:
    """The same of a file whose kind is known. Raises FileError as `open_cine` does."""
    if kind.open:
        return kind.open(path)
    frame = read_as(kind, path)
    return by_frames(frame.source, (frame.height, frame.width), 1, lambda _: frame, frame.calibration)


OnFault = Callable[[int, FileError], None]
"""Is given the number of each frame that can't be read, and why."""


def chosen_frames(
    cine: Cine, numbers: Sequence[int], on_fault: OnFault | None = None
) -> Iterator[tuple[int, Frame]]:
    """Each number, in ascending order, with its frame; one frame is held at a time, and a video is decoded
    once.

    Args:
        on_fault: is given each frame that can't be read, which is then left out; None raises. Of a video
            nothing can be read after such a frame: the first one stands for the rest.

    Raises:
        FileError: a frame can't be read; the message names it.
    """
    for number, frame in frames_or_faults(cine, numbers):
        if isinstance(frame, Frame):
            yield number, frame
        elif on_fault is None:
            raise frame
        else:
            on_fault(number, frame)


def frames_or_faults(cine: Cine, numbers: Sequence[int]) -> Iterator[tuple[int, Frame | FileError]]:
    """As `chosen_frames`, with the error itself in the place of a frame that can't be read."""
    frames = enumerate(cine) if cine.in_order else None
    for number in numbers:
        try:
            frame = cine.read(number) if frames is None else _later(frames, number, cine)
        except FileError as error:
            yield number, naming(error, number)
            if frames is not None:
                return
            continue
        yield number, frame


def naming(error: FileError, number: int) -> FileError:
    """The error, with the frame's number in its message."""
    if re.search(rf"\bframe {number}\b", str(error)):
        return error
    named = FileError(f"{error} (frame {number})")
    named.__cause__ = error
    return named


def recalibrated(cine: Cine, change: Callable[[Calibration], Calibration]) -> Cine:
    """The same cine, whose frames have the calibration that `change` makes of theirs."""

    def scaled(frame: Frame) -> Frame:
        return replace(frame, calibration=change(frame.calibration))

    return replace(
        cine,
        read=lambda number: scaled(cine.read(number)),
        stream=lambda: map(scaled, cine.stream()),
        calibration=change(cine.calibration),
    )


def _later(frames: Iterator[tuple[int, Frame]], requested: int, cine: Cine) -> Frame:
    """Frame `requested` of a stream that hasn't come to it yet."""
    last = requested - 1
    for number, frame in frames:
        if number == requested:
            return frame
        last = number
    raise FileError(
        f"{cine.source}: frame {requested} of the promised {cine.count} isn't in the file; leave out what is "
        f"beyond {last}"
    )


def by_frames(
    name: str,
    frame_hw: tuple[int, int],
    count: int,
    read: Callable[[int], Frame],
    calibration: Calibration = UNKNOWN,
) -> Cine:
    """A cine of which `read` gives each frame on its own; its numbers are checked here."""

    def one(number: int) -> Frame:
        check_number(number, count, name)
        return read(number)

    return Cine(name, frame_hw, count, one, lambda: map(one, range(count)), calibration=calibration)


def check_count(count: int, name: str) -> None:
    """Raises FileError for a number of frames that no file may have."""
    if not 1 <= count <= MAX_FRAMES:
        raise FileError(f"{name}: {count} frames; legal are 1 to {MAX_FRAMES}; export it again")


def check_number(number: int, count: int, name: str) -> None:
    """Raises FileError for a frame that none of `count` is."""
    if not isinstance(number, int | np.integer):
        kind = type(number).__name__
        raise FileError(f"{name}: frame {number!r} is of type {kind}; give a number from 0 to {count - 1}")
    if not 0 <= number < count:
        raise FileError(f"{name}: there is no frame {number}; legal are 0 to {count - 1}; count from 0")


def _sequence(place: PathLike) -> Cine:
    """The stills of a folder or a pattern, without videos beside them and without earlier results."""
    name = shown(place)
    files = [file for file in find_images([place]) if file.suffix.lower() not in VIDEO_SUFFIXES]
    if not files:
        raise FileError(f"{name}: holds videos alone, which aren't frames of one cine; name one of them")
    first = read_frame(files[0])
    frame_hw = first.height, first.width
    return by_frames(name, frame_hw, len(files), partial(_nth, files, frame_hw), first.calibration)


def _nth(files: Sequence[Path], frame_hw: tuple[int, int], number: int) -> Frame:
    frame = read_frame(files[number])
    if (frame.height, frame.width) != frame_hw:
        raise FileError(
            f"{shown(files[number])}: {frame.width} x {frame.height} pixels, the first image "
            f"{frame_hw[1]} x {frame_hw[0]}; a sequence has one size; resize it"
        )
    return frame
