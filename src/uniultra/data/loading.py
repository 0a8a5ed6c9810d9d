"""A row's image and mask: read together, with everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from uniultra.data.manifest import Row
from uniultra.data.problems import Problem, RowError
from uniultra.errors import FileError
from uniultra.io.images import read_frame
from uniultra.io.masks import check_ids, read_ids
from uniultra.io.paths import shown
from uniultra.pixel_scale import Calibration
from uniultra.types import Frame

T = TypeVar("T")


@dataclass(frozen=True)
class Look:
    """What a row's files showed: problems, and the frame and the ids, uint8 (H, W), where they could be
    read.
    """

    problems: tuple[Problem, ...]
    frame: Frame | None = None
    ids_hw: np.ndarray | None = None


def look_at(row: Row) -> Look:
    """Reads both files: missing, unreadable, of different sizes, of another size than the manifest says, or a
    mask that holds no ids.
    """
    problems: list[Problem] = []
    frame = _read(row, "image", row.image, read_frame, problems)
    ids_hw = _read(row, "mask", row.mask, _read_checked, problems)
    if frame is not None:
        problems += _sizes(row, frame, ids_hw)
        frame = replace(frame, calibration=Calibration.uniform(row.spacing_mm_yx, "pixel_mm"))
    return Look(tuple(problems), frame, ids_hw)


def read_row(row: Row) -> tuple[Frame, np.ndarray]:
    """The frame with the manifest's spacing, and the ids, uint8 (H, W). Raises RowError with all that
    `look_at` finds.
    """
    look = look_at(row)
    if look.problems or look.frame is None or look.ids_hw is None:
        raise RowError(look.problems)
    return look.frame, look.ids_hw


def _read(row: Row, column: str, path: Path, read: Callable[[Path], T], problems: list[Problem]) -> T | None:
    try:
        return read(path)
    except FileError as error:
        below = path.relative_to(row.root) if path.is_relative_to(row.root) else path
        problems.append(row.problem(column, str(error).replace(shown(path), f"'{shown(below)}'", 1)))
        return None


def _read_checked(path: Path) -> np.ndarray:
    ids_hw = read_ids(path)
    check_ids(ids_hw, shown(path))
    return ids_hw


def _sizes(row: Row, frame: Frame, ids_hw: np.ndarray | None) -> Iterator[Problem]:
    for column, stated, true in (("width", row.width, frame.width), ("height", row.height, frame.height)):
        if stated is not None and stated != true:
            yield row.problem(column, f"'{stated}' but the image has {true}; correct it")
    if ids_hw is not None and ids_hw.shape != frame.pixels_hw.shape:
        sizes = (
            f"{ids_hw.shape[1]} x {ids_hw.shape[0]} pixels but its image is {frame.width} x {frame.height}"
        )
        yield row.problem("mask", f"{sizes}; save both at one size")
