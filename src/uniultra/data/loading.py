"""A row's image and mask: read together, with everything that is wrong with them; and the same of a whole
manifest.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from uniultra.data.duplicates import WORDS, near_pairs, perceptual_hash
from uniultra.data.manifest import Row, open_manifest
from uniultra.data.manifest_text import read_sheet
from uniultra.data.problems import Problem, RowError
from uniultra.errors import FileError
from uniultra.hashes import file_sha256
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


def names_shown(rows: Iterable[Row]) -> tuple[str, ...]:
    """What the objects in some rows' masks are called, each name once, in the order of the alphabet. Raises
    RowError.
    """
    found = set()
    for row in rows:
        _, ids_hw = read_row(row)
        found |= {row.structure_of(int(value)) for value in np.unique(ids_hw) if value}
    return tuple(sorted(found - {""}))


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
    return check_ids(read_ids(path), shown(path))


def _sizes(row: Row, frame: Frame, ids_hw: np.ndarray | None) -> Iterator[Problem]:
    for column, stated, true in (("width", row.width, frame.width), ("height", row.height, frame.height)):
        if stated is not None and stated != true:
            yield row.problem(column, f"'{stated}' but the image has {true}; correct it")
    if ids_hw is not None and ids_hw.shape != frame.pixels_hw.shape:
        yield row.problem(
            "mask",
            f"{ids_hw.shape[1]} x {ids_hw.shape[0]} pixels but its image is {frame.width} x "
            f"{frame.height}; save both at one size",
        )


@dataclass(frozen=True)
class CheckedManifest:
    """A manifest whose files were all read: all that is wrong with it, () where it is valid, and its
    near-duplicates, the nearest first.
    """

    problems: tuple[Problem, ...]
    near: tuple[tuple[Row, Row], ...] = ()


def check_manifest(
    path: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> CheckedManifest:
    """Reads every image and mask.

    Raises:
        DataError: there is no such file, or it isn't CSV in UTF-8.
    """
    manifest, found = open_manifest(path)
    problems = list(found)
    read: list[tuple[Row, np.ndarray]] = []
    for done, row in enumerate(manifest, start=1):
        look = look_at(row)
        problems += look.problems
        if look.frame is not None:
            read.append((row, perceptual_hash(look.frame.pixels_hw)))
        progress(done, len(manifest.rows))
    near = tuple(_near(read))
    return CheckedManifest((*problems, *_divided(near)), near)


def split_by_image(path: Path) -> tuple[str, ...]:
    """The data sets whose splits may divide a patient: no row has a subject, and most groups are of one
    image.

    Raises:
        DataError: there is no such file, or it isn't CSV in UTF-8.
    """
    subjects: dict[str, set[str]] = defaultdict(set)
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    for line in read_sheet(path).lines:
        subjects[line.values["dataset"]].add(line.values["subject"])
        groups[line.values["dataset"]][line.values["group"]] += 1
    return tuple(
        name
        for name, sizes in groups.items()
        if subjects[name] == {""} and sum(size == 1 for size in sizes.values()) > len(sizes) / 2
    )


def _near(read: Sequence[tuple[Row, np.ndarray]]) -> list[tuple[Row, Row]]:
    """Near-duplicates in the order of the manifest, those of fewest bits first."""
    hashes = np.array([hash for _, hash in read], np.uint64).reshape(-1, WORDS)
    found = [
        (int(np.bitwise_count(hashes[i] ^ hashes[j]).sum()), j, i)
        for i, j in near_pairs(hashes, hashes)
        if j < i
    ]
    return [(read[first][0], read[second][0]) for _, first, second in sorted(found)]


def _divided(near: Iterable[tuple[Row, Row]]) -> Iterator[Problem]:
    for other, one in sorted(near, key=lambda pair: (pair[1].number, pair[0].number)):
        if one.split != other.split:
            yield one.problem(
                "image",
                f"a near-duplicate of row {other.number} ('{one.split}' here, '{other.split}' there); "
                "put both into one split",
            )


def contents_sha256(rows: Iterable[Row], named: bool = False) -> str:
    """Of what the rows' images and masks hold now, in order; with `named` also of what the masks' ids are
    called. A file that can't be read counts as one that holds nothing: who reads the row says what is wrong.
    """
    digest = hashlib.sha256()
    for row in rows:
        for path in (row.image, row.mask):
            with suppress(OSError):
                digest.update(file_sha256(path).encode())
            digest.update(b"\n")
        if named:
            digest.update(repr(sorted(row.structures.items(), key=str)).encode())
    return digest.hexdigest()
