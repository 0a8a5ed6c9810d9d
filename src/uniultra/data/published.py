"""Our own splits, for whoever has the public sets: which image is in which split, found again by what it
looks like.

`published/uniultra.csv` has a line an image of the tables in docs/models.md: data set, id, split, group, and
the perceptual hash of its pixels in base64. No image is in it. Names of files differ between copies of a set;
the hash doesn't (docs/data.md has figures).
"""

from __future__ import annotations

import base64
import csv
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from uniultra.data.conversion import Converted
from uniultra.data.duplicates import NEAR_BITS, WORDS
from uniultra.data.problems import Problem
from uniultra.errors import DataError

Line = tuple[str, str, str, str]
"""Data set, id, split and group of an image."""
FOLDER = Path(__file__).parent / "published"
COLUMNS = ("dataset", "id", "split", "group", "hash")
NAMES = {"bus-bra": ("busbra",), "camus": ("camus", "camus2")}
"""What the importers' sets are called in the table, where that differs."""


@dataclass(frozen=True)
class PublishedSplits:
    """The lines of one data set.

    Attributes:
        name: of the table, such as "uniultra".
        rows: dataset, id, split, group a line.
        hashes: uint64 (N, 4), in the order of the rows.
    """

    name: str
    rows: tuple[Line, ...]
    hashes: np.ndarray = field(repr=False)

    def place(self, image: Converted) -> tuple[int, int] | None:
        """The nearest line and how many of 256 bits differ; None where none is near. One of the image's own
        id wins.
        """
        bits = np.bitwise_count(self.hashes ^ image.hash).sum(axis=1, dtype=np.int64)
        other = np.array([row[1] != image.sample.id for row in self.rows])
        nearest = int(np.lexsort((other, bits))[0])
        return (nearest, int(bits[nearest])) if bits[nearest] <= NEAR_BITS else None


def published_splits(name: str, source: str) -> PublishedSplits:
    """The lines of a data set, named as its importer is.

    Raises:
        DataError: no such table, or nothing of this set is in it.
    """
    known = sorted(path.stem for path in FOLDER.glob("*.csv"))
    if name not in known:
        raise DataError(f"splits '{name}' are unknown; use {', '.join(known)}, or leave out --splits")
    datasets = NAMES.get(source, (source,))
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        lines = [line for line in csv.DictReader(file) if line["dataset"] in datasets]
    if not lines:
        raise DataError(f"splits '{name}' have no image of set '{source}'; leave out --splits")
    rows = tuple((line["dataset"], line["id"], line["split"], line["group"]) for line in lines)
    hashes = np.frombuffer(b"".join(base64.b64decode(line["hash"]) for line in lines), "<u8").astype(
        np.uint64
    )
    return PublishedSplits(name, rows, hashes.reshape(-1, WORDS))


def assigned(
    splits: PublishedSplits, good: Sequence[Converted], problems: list[Problem]
) -> list[tuple[Converted, Line]]:
    """Each image that has a line of its own, with it; of several that look like one line the nearest. The
    others are problems.
    """
    places = [splits.place(image) for image in good]
    best: dict[int, tuple[int, bool, int]] = {}
    for index, (image, place) in enumerate(zip(good, places, strict=True)):
        if place is not None:
            claim = (place[1], image.sample.id != splits.rows[place[0]][1], index)
            best[place[0]] = min(best.get(place[0], claim), claim)
    kept = []
    for index, (image, place) in enumerate(zip(good, places, strict=True)):
        if place is not None and best[place[0]][2] == index:
            kept.append((image, splits.rows[place[0]]))
        else:
            problems.append(Problem(str(image.sample.image), _why(splits, place)))
    return kept


def named(image: Converted, row: Line) -> Converted:
    """The image under the id that the table gives it, on which the prompts of an evaluation depend."""
    return replace(image, sample=replace(image.sample, id=row[1]))


def _why(splits: PublishedSplits, place: tuple[int, int] | None) -> str:
    if place is None:
        return f"isn't in the splits '{splits.name}'; leave it out with --skip-bad"
    return (
        f"looks like '{splits.rows[place[0]][1]}' of the splits '{splits.name}', which another image "
        "matches; "
        "leave it out with --skip-bad"
    )
