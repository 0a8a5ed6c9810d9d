"""What an importer finds: samples, and problems; and how it looks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from uniultra.data.problems import Problem as Problem
from uniultra.errors import DataError, FileError
from uniultra.io.images import IMAGE_SUFFIXES, read_frame
from uniultra.io.texts import composed

Ids = Callable[[tuple[int, int]], np.ndarray]
"""Makes the id mask, uint8 (H, W), of an image of (height, width); raises FileError where its file can't be
one.
"""


def grey(path: Path) -> np.ndarray:
    """The grey image, uint8 (H, W). Raises FileError."""
    try:
        return read_frame(path).pixels_hw
    except FileError as error:
        said, several, _ = str(error).partition("; name one from")
        if not several:
            raise
        raise FileError(f"{said}; a mask is of one frame: save that as a picture") from error


@dataclass(frozen=True)
class Sample:
    """One image with its mask, not read yet.

    `id` is unique within the set. `sources` are the mask's files, for the record of hashes. `subject` is the
    patient or recording ('' where unknown); `split` is the published one ('' where there is none); `pixel_mm`
    is None where unknown. `pixels` reads the image, uint8 (H, W). `clip` and `frame`, from 0, are of a frame
    of a cine.
    """

    id: str
    image: Path
    ids: Ids
    sources: tuple[Path, ...] = ()
    subject: str = ""
    label: str = ""
    split: str = ""
    pixel_mm: float | None = None
    pixels: Callable[[Path], np.ndarray] = grey
    clip: str = ""
    frame: int | None = None


Finding = Sample | Problem
Find = Callable[[Path], Iterator[Finding]]
"""Looks through an unpacked archive; raises DataError where it isn't laid out as the set's own."""

_MAX_DEPTH = 3


def locate(root: Path, *names: str) -> Path:
    """The folder, `root` itself or up to three levels below it, that holds all of `names`.

    Raises:
        DataError: no such folder.
    """
    level = [root]
    for _ in range(_MAX_DEPTH + 1):
        for folder in level:
            if all((folder / name).exists() for name in names):
                return folder
        level = [
            child
            for folder in level
            if folder.is_dir()
            for child in sorted(folder.iterdir())
            if child.is_dir()
        ]
    raise DataError(
        f"'{root}' doesn't hold {' and '.join(names)}; give the folder that the set's own archive unpacks to"
    )


def pictures(folder: Path) -> list[Path]:
    """The images directly in a folder, in the order of their names."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    )


def by_stem(folder: Path) -> dict[str, Path]:
    """The images directly in a folder, by name without suffix, in Unicode's form NFC."""
    return {composed(path.stem): path for path in pictures(folder)}


def missing_mask(image: Path, expected: str) -> Problem:
    return Problem(str(image), f"no mask '{expected}'; add it, or remove the image")
