"""What an importer finds: samples, and problems; how it looks for them; and patients from the names of
images: by a pattern that the user gives, and a guess that one is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from uniultra.data.problems import Problem as Problem
from uniultra.data.structure_names import Names
from uniultra.errors import DataError, FileError
from uniultra.io.images import IMAGE_SUFFIXES, read_frame
from uniultra.io.texts import composed
from uniultra.types import Frame

Ids = Callable[[tuple[int, int]], np.ndarray]
"""Makes the id mask, uint8 (H, W), of an image of (height, width); raises FileError where its file can't be
one.
"""


def grey(path: Path) -> np.ndarray:
    """The grey image, uint8 (H, W). Raises FileError."""
    return frame_of(path).pixels_hw


def frame_of(path: Path) -> Frame:
    """The only frame of a file. Raises FileError."""
    try:
        return read_frame(path)
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
    of a cine. `names` are what the set itself calls the mask's ids, the same in all of its
    samples.
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
    names: Names = field(default_factory=dict)


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


def with_mask(
    name: str, image: Path, mask: Path | None, expected: str, read: Callable[..., np.ndarray], **about: Any
) -> Finding:
    """A sample whose ids `read` makes of its mask's file (`path`), with what else is known about it; a
    problem where that file isn't there.
    """
    if mask is None or not mask.is_file():
        return missing_mask(image, expected)
    return Sample(name, image, partial(read, path=mask), (mask,), **about)


def missing_mask(image: Path, expected: str) -> Problem:
    return Problem(str(image), f"no mask '{expected}'; add it, or remove the image")


def safe_id(name: str) -> str:
    """An id as the manifest and the files beside it have it: without blanks and signs."""
    return _UNSAFE.sub("_", name)


_UNSAFE = re.compile(r"[^\w.-]+")
_BEGINNING = re.compile(r"(.+?)([ _.-]+)[^ _.-]+$")


def check_pattern(pattern: str) -> None:
    """Raises DataError where a pattern is not a regular expression."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise DataError(
            f"subject pattern '{pattern}' is not a regular expression ({error}); fix it"
        ) from error


def with_subjects(samples: Sequence[Sample], pattern: str) -> list[Sample]:
    """With the subject that the pattern's first group, or whole match, has in each id, in the form of the
    files or of the manifest; '' keeps the set's.

    Raises:
        DataError: an image has no subject by the pattern nor by its set, so it would be split by itself.
    """
    if not pattern:
        return list(samples)
    named = [
        replace(one, subject=_subject(one.id, pattern) or _subject(safe_id(one.id), pattern) or one.subject)
        for one in samples
    ]
    without = [one.id for one in named if not one.subject]
    if without:
        raise DataError(
            f"subject pattern '{pattern}' finds no patient in {len(without)} of {len(named)} names, such as "
            f"'{without[0]}'; give one that fits all of them"
        )
    return named


def _subject(name: str, pattern: str) -> str:
    match = re.search(pattern, name)
    if match is None:
        return ""
    return match.group(1 if match.re.groups else 0) or ""


def begin_alike(ids: Sequence[str]) -> tuple[str, str] | None:
    """Two ids that begin alike where not all do, as those of one patient may: "p01_a" and "p01_b" beside
    "p02_a"; None for none.
    """
    first: dict[str, str] = {}
    pairs = []
    for one in ids:
        head = _BEGINNING.match(one)
        if head is not None:
            other = first.setdefault(head.group(1), one)
            pairs += [(other, one)] if other != one else []
    return pairs[0] if pairs and len(first) > 1 else None


def pattern_for(pair: tuple[str, str], ids: Sequence[str]) -> str:
    """A pattern that gives such a pair one subject, and not all of the ids."""
    head = _BEGINNING.match(pair[0])
    separator = re.escape(head.group(2)[0]) if head is not None else "_"
    first = f"^([^{separator}]+){separator}"
    return first if len({_subject(one, first) for one in ids}) > 1 else f"^(.+){separator}"
