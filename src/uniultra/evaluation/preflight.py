"""What is known to be wrong before anything is computed, reported together; and the rows that are left."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from uniultra.data.loading import look_at
from uniultra.data.manifest import Manifest, Row, open_manifest
from uniultra.data.manifest_text import SPLITS
from uniultra.data.problems import Problem, refuse
from uniultra.data.splits import ReportSplit, SelectionSplit
from uniultra.data.wrong_masks import PROBLEM, has_wrong_mask
from uniultra.errors import DataError
from uniultra.evaluation.journal import Key
from uniultra.evaluation.records import Skipped, skip
from uniultra.hashes import file_sha256

FIX = "fix them"
FIX_OWN = "fix them, or leave these rows out with --skip-bad"


@dataclass(frozen=True)
class Checked:
    """A manifest that is valid as a whole, the rows to score, and those that were left out: for problems of
    their own, or since their published mask is another picture's.
    """

    manifest: Manifest
    rows: SelectionSplit | ReportSplit
    skipped: tuple[Skipped, ...] = ()
    files: Mapping[Key, str] = field(default_factory=dict, repr=False)
    """Of each row to score, what its image and its mask hold and its ids are called, as hashes."""


def check(
    path: Path,
    choose: Callable[[Manifest], SelectionSplit | ReportSplit],
    skip_bad: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Checked:
    """Reads a manifest and both files of each row that `choose` picks.

    With `skip_bad`, rows with problems of their own files are left out; what is wrong with the manifest as a
    whole never is.

    Raises:
        DataError: all problems by row and column; no mask with an object; or what `choose` raises.
    """
    manifest, found = open_manifest(path)
    subject = f"manifest '{path}'"
    try:
        rows = choose(manifest)
    except DataError:
        refuse(subject, found, FIX)
        raise
    whole = [*found, *_copies(manifest, rows.name)]
    own: dict[int, tuple[Problem, ...]] = {}
    files: dict[Key, str] = {}
    some_object = False
    for done, row in enumerate(rows, start=1):
        look = look_at(row)
        if look.problems:
            own[row.number] = look.problems
        else:
            with suppress(OSError):
                files[row.dataset, row.id] = held_by(row)
            some_object |= look.ids_hw is not None and bool(look.ids_hw.any())
        progress(done, len(rows))
    reported = [problem for problems in own.values() for problem in problems]
    if not skip_bad:
        refuse(subject, [*whole, *reported], FIX if whole else FIX_OWN)
    refuse(subject, whole, FIX)
    if len(own) == len(rows):
        refuse(subject, reported, "no row is left; " + FIX)
    if not some_object:
        raise DataError(
            f"split '{rows.name}' of '{path}' shows no object, so there is nothing to score; check its masks"
        )
    wrong = [row for row in manifest if row.split == rows.name and has_wrong_mask(row)]
    skipped = (
        *(skip(row, own[row.number]) for row in rows if row.number in own),
        *(skip(row, [row.problem("mask", PROBLEM)]) for row in wrong),
    )
    left = replace(rows, rows=tuple(row for row in rows if row.number not in own))
    return Checked(manifest, left, skipped, files)


def held_by(row: Row) -> str:
    """Hashes of its image, its mask and what the ids of its mask are called. Raises OSError."""
    names = json.dumps(sorted((str(key or ""), name) for key, name in row.structures.items()))
    said = hashlib.sha256(names.encode()).hexdigest()
    return f"{file_sha256(row.image)} {file_sha256(row.mask)} {said}"


def _copies(manifest: Manifest, split: str) -> Iterator[Problem]:
    """Images of other splits that are the same bytes as one of `split`. Only files of equal size are read,
    and those that can be.
    """
    by_size: dict[int, list[Row]] = {}
    for row in manifest:
        if row.split in SPLITS and row.image.is_file():
            by_size.setdefault(row.image.stat().st_size, []).append(row)
    for rows in by_size.values():
        own = [row for row in rows if row.split == split]
        others = [row for row in rows if row.split != split]
        if own and others:
            yield from _copies_among(own, others)


def _copies_among(own: list[Row], others: list[Row]) -> Iterator[Problem]:
    first: dict[str, Row] = {}
    for row in own:
        with suppress(OSError):
            first.setdefault(file_sha256(row.image), row)
    for row in others:
        with suppress(OSError):
            one = first.get(file_sha256(row.image))
            if one is not None and one.image != row.image:
                yield row.problem(
                    "image",
                    f"a copy of that of row {one.number} ('{row.split}' here, '{one.split}' there); put both "
                    "into one split",
                )
