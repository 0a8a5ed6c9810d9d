"""A manifest and its files, checked: every problem by row and column, all together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from uniultra.data.duplicates import WORDS, near_pairs, perceptual_hash
from uniultra.data.loading import look_at
from uniultra.data.manifest import Row, open_manifest
from uniultra.data.manifest_text import read_sheet
from uniultra.data.problems import Problem


def check_manifest(
    path: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> list[Problem]:
    """All that is wrong with a manifest; [] where it is valid.

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
    return [*problems, *_near(read)]


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


def _near(read: Sequence[tuple[Row, np.ndarray]]) -> Iterator[Problem]:
    hashes = np.array([hash for _, hash in read], np.uint64).reshape(-1, WORDS)
    for i, j in near_pairs(hashes, hashes):
        one, other = read[i][0], read[j][0]
        if j < i and one.split != other.split:
            splits = f"'{one.split}' here, '{other.split}' there"
            yield one.problem(
                "image", f"a near-duplicate of row {other.number} ({splits}); put both into one split"
            )
