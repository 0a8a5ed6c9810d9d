"""Which frames of an input are taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from uniultra.batch.job import CHOICES, EVERY, FIRST, MIDDLE, Item
from uniultra.errors import FileError
from uniultra.io.cines import chosen_frames
from uniultra.io.input_file import InputFile
from uniultra.types import Cine, Frame

MOST_FRAMES = 10_000
"""Of one file."""


def frames_of(
    item: Item, file: InputFile, faults: dict[int, FileError]
) -> Iterator[tuple[int | None, Frame]]:
    """The chosen frames with their numbers; None for the number of a file's only frame. Where all were
    chosen, those that can't be read go into `faults`. Raises FileError.
    """
    cine = file.cine
    if cine.count < 2 and item.frame in (None, *CHOICES, 0):
        yield None, cine.read(0)
        return
    on_fault = faults.__setitem__ if item.frame == EVERY else None
    yield from chosen_frames(cine, frame_numbers(item, cine), on_fault)


def frame_numbers(item: Item, cine: Cine) -> Sequence[int]:
    """Those of the chosen frames. Raises FileError where the file hasn't them, or none were chosen."""
    if item.frame is None:
        raise FileError(
            f"{item.name}: holds {cine.count} frames; choose with --frame {', '.join(CHOICES)}, or a column "
            "frame of prompts"
        )
    if item.frame == EVERY:
        if cine.count > MOST_FRAMES:
            raise FileError(
                f"{item.name}: {cine.count} frames; all of up to {MOST_FRAMES} are taken; choose one, or "
                "split the file"
            )
        return range(cine.count)
    number = {FIRST: 0, MIDDLE: cine.count // 2}.get(str(item.frame))
    number = int(item.frame) if number is None else number
    if number >= cine.count:
        raise FileError(f"{item.name}: there is no frame {number}; legal are 0 to {cine.count - 1}")
    return [number]
