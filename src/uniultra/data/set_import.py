"""A set's own files to a manifest: found, read, clustered, split, and put in place whole or not at all.

All problems are gathered before the output folder exists; what is written meanwhile lies in a hidden folder
beside it.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from uniultra.atomic import check_new, staged_folder
from uniultra.data.conversion import Converted, convert
from uniultra.data.duplicates import WORDS, clusters, near_pairs
from uniultra.data.importers.registry import Source
from uniultra.data.importers.sample import Problem, Sample, check_pattern, safe_id, with_subjects
from uniultra.data.manifest import CLIP_COLUMNS, COLUMNS
from uniultra.data.published import assigned, named, published_splits
from uniultra.data.splits import split_by_cluster
from uniultra.data.structure_names import Names, parsed_names, write_names
from uniultra.errors import DataError, FileError
from uniultra.hashes import file_sha256
from uniultra.io.tables import write_csv

MIN_LONGEST = 32

Progress = Callable[[int, int], None]
"""Called with how many samples are done, and of how many."""


@dataclass(frozen=True)
class ImportSettings:
    """How a set is imported. `name`, `organ`, `licence` replace those of the set where given; `subject` is a
    pattern whose first group, or whole match, in a sample's id is its patient (see `with_subjects`);
    `published_splits` keeps the set's own split of each sample that has one; `splits` names a table of ours
    that says which images are taken, and their data set, id, split and group (see `published`); `structures`
    are the names of the masks' ids, in place of the set's own (see `structure_names.parsed_names`); `pieces`
    gives each separate piece of an id an id of its own.
    """

    fractions: dict[str, float] = field(default_factory=lambda: {"train": 0.7, "val": 0.1, "test": 0.2})
    seed: int = 0
    longest: int | None = None
    skip_bad: bool = False
    published_splits: bool = False
    name: str = ""
    organ: str = ""
    licence: str = ""
    subject: str = ""
    splits: str = ""
    structures: str = ""
    pieces: bool = False


@dataclass(frozen=True)
class Imported:
    """What came of it: `rows` of the manifest ({} where nothing was written), the problems, skipped or in the
    way, the names of the masks' ids that were written beside the manifest, the ids in the masks, how many
    masks have an id in several separate pieces, and how many images are of each of the set's own splits.
    """

    rows: tuple[dict[str, str], ...]
    problems: tuple[Problem, ...]
    written: bool
    names: Names = field(default_factory=dict)
    ids: frozenset[int] = frozenset()
    in_pieces: int = 0
    own_splits: Mapping[str, int] = field(default_factory=dict)


def import_set(
    source: Source,
    root: Path,
    out: Path,
    settings: ImportSettings,
    progress: Progress = lambda done, total: None,
) -> Imported:
    """Imports a set into the folder `out`, which must not exist: manifest.csv, hashes.csv, images/, masks/.

    Beside them structures.csv, where the set or `settings.structures` says what ids are called. With problems
    nothing is written, except with `skip_bad`, which leaves out what has them.

    Raises:
        DataError: the settings or the layout are wrong, or nothing is left.
        OutputError: `out` exists or can't be written.
    """
    _check(source, root, out, settings)
    findings = list(source.find(root))
    samples = with_subjects([one for one in findings if isinstance(one, Sample)], settings.subject)
    samples = [replace(sample, id=safe_id(sample.id)) for sample in samples]
    problems = [finding for finding in findings if isinstance(finding, Problem)] + _same_ids(samples)
    with staged_folder(out) as part:
        good = _convert_all(samples, part, settings, problems, progress)
        rows, good = (
            _by_table(source, good, settings, problems)
            if settings.splits
            else _by_cluster(source, good, settings, problems)
        )
        if problems and not settings.skip_bad:
            shutil.rmtree(part)
            return Imported((), tuple(problems), False)
        if not good:
            raise DataError(
                f"'{root}' leaves no image to import: all have problems, {problems[0]} is the first of "
                f"{len(problems)}"
                if problems
                else f"'{root}' holds no image to import; give the folder that the set's archive unpacks to"
            )
        _write_tables(part, root, good, rows, problems)
        names = _names(settings, good[0].sample.names)
        write_names(part, sorted({row["dataset"] for row in rows}), names)
        ids = frozenset(value for one in good for value in one.ids)
        pieces = sum(one.in_pieces for one in good)
        own_splits = Counter(one.sample.split for one in good if one.sample.split)
        return Imported(tuple(rows), tuple(problems), True, names, ids, pieces, own_splits)


def _check(source: Source, root: Path, out: Path, settings: ImportSettings) -> None:
    if settings.splits:
        if settings.published_splits:
            raise DataError(
                f"the set's own splits and '{settings.splits}' are two ways to split; give "
                "--published-splits or --splits"
            )
        published_splits(settings.splits, source.name)
    if not root.exists():
        raise DataError(f"'{root}': no such file or folder; give what the set's archive unpacks to")
    check_new(out)
    if settings.longest is not None and settings.longest < MIN_LONGEST:
        raise DataError(
            f"longest is {settings.longest}; legal is {MIN_LONGEST} pixels and more; omit it to keep the size"
        )
    split_by_cluster([""], settings.fractions)
    check_pattern(settings.subject)
    if settings.structures and settings.pieces and set(parsed_names(settings.structures)) != {None}:
        raise DataError(
            f"structures '{settings.structures:.80}' names ids, which --pieces gives anew; give one name for "
            "all"
        )
    if settings.structures:
        parsed_names(settings.structures)


def _names(settings: ImportSettings, own: Names) -> Names:
    """The given ones, else the set's own; of pieces, whose ids are new, the one name that all have."""
    names = parsed_names(settings.structures) if settings.structures else own
    if not settings.pieces:
        return names
    different = set(names.values())
    return {None: different.pop()} if len(different) == 1 else {}


def _same_ids(samples: list[Sample]) -> list[Problem]:
    first: dict[str, Path] = {}
    found = []
    for sample in list(samples):
        seen = first.setdefault(sample.id.casefold(), sample.image)
        if seen is not sample.image:
            found.append(Problem(str(sample.image), f"has the id '{sample.id}', as '{seen}' has; rename one"))
            samples.remove(sample)
    return found


def _convert_all(
    samples: list[Sample], part: Path, settings: ImportSettings, problems: list[Problem], progress: Progress
) -> list[Converted]:
    good = []
    for done, sample in enumerate(samples, start=1):
        try:
            good.append(convert(sample, part, settings.longest, settings.pieces))
        except FileError as error:
            where, colon, what = str(error).partition(": ")
            problems.append(Problem(where, what) if colon else Problem(str(sample.image), str(error)))
        progress(done, len(samples))
    return good


def _without_divided(
    good: list[Converted], groups: list[int], settings: ImportSettings, problems: list[Problem]
) -> tuple[list[Converted], list[int]]:
    """With published splits: without the samples whose cluster began in another split, each of which is a
    problem.
    """
    if not settings.published_splits:
        return good, groups
    first: dict[int, Converted] = {}
    kept = []
    for one, group in zip(good, groups, strict=True):
        other = first.setdefault(group, one) if one.sample.split else one
        if other.sample.split == one.sample.split:
            kept.append((one, group))
        else:
            what = (
                f"is in '{one.sample.split}' and near '{other.sample.image}' in '{other.sample.split}'; "
                "split by cluster instead"
            )
            problems.append(Problem(str(one.sample.image), what))
    return [one for one, _ in kept], [group for _, group in kept]


def _splits(good: list[Converted], groups: list[int], settings: ImportSettings) -> list[str]:
    """By cluster; a cluster with a published split has that, where requested."""
    fixed = {
        g: one.sample.split
        for one, g in zip(good, groups, strict=True)
        if settings.published_splits and one.sample.split
    }
    free = [str(group) for group in groups if group not in fixed]
    dealt = (
        dict(zip(free, split_by_cluster(free, settings.fractions, settings.seed), strict=True))
        if free
        else {}
    )
    return [fixed.get(group) or dealt[str(group)] for group in groups]


Rows = list[dict[str, str]]


def _by_cluster(
    source: Source, good: list[Converted], settings: ImportSettings, problems: list[Problem]
) -> tuple[Rows, list[Converted]]:
    """The rows, split by cluster or as the set is, and the images that are in them."""
    hashes = np.array([one.hash for one in good], np.uint64).reshape(-1, WORDS)
    groups = clusters([one.sample.subject for one in good], near_pairs(hashes, hashes))
    good, groups = _without_divided(good, groups, settings, problems)
    if not good:
        return [], []
    splits = _splits(good, groups, settings)
    name = settings.name or source.name
    return [
        _row(source, settings, *one)
        for one in zip(good, [name] * len(good), splits, map(str, groups), strict=True)
    ], good


def _by_table(
    source: Source, good: list[Converted], settings: ImportSettings, problems: list[Problem]
) -> tuple[Rows, list[Converted]]:
    """The rows that a published table has of these images, under its ids, and the images that are in them."""
    pairs = assigned(published_splits(settings.splits, source.name), good, problems)
    rows = [_row(source, settings, named(one, row), row[0], row[2], row[3]) for one, row in pairs]
    return rows, [one for one, _ in pairs]


def _row(
    source: Source, settings: ImportSettings, one: Converted, dataset: str, split: str, group: str
) -> dict[str, str]:
    values = (
        one.sample.id, dataset, settings.organ or source.organ, split, one.image, one.mask, one.hw[1],
        one.hw[0],
        "" if one.pixel_mm is None else f"{one.pixel_mm:.6g}", one.sample.subject, group, one.sample.label,
        len(one.ids),
        settings.licence or source.licence, one.sample.clip,
        "" if one.sample.frame is None else one.sample.frame,
    )  # fmt: skip
    return {column: str(value) for column, value in zip((*COLUMNS, *CLIP_COLUMNS), values, strict=True)}


def _write_tables(
    part: Path, root: Path, good: list[Converted], rows: list[dict[str, str]], problems: list[Problem]
) -> None:
    kept = {name for one in good for name in (one.image, one.mask)}
    for path in [*part.glob("images/*"), *part.glob("masks/*")]:
        if path.relative_to(part).as_posix() not in kept:
            path.unlink()
    base = root if root.is_dir() else root.parent
    sources = sorted({path for one in good for path in (one.sample.image, *one.sample.sources)})
    hashes = [("written", name, file_sha256(part / name)) for name in sorted(kept)]
    hashes += [
        ("source", Path(os.path.relpath(path, base)).as_posix(), file_sha256(path)) for path in sources
    ]
    columns = (*COLUMNS, *CLIP_COLUMNS) if any(row["clip"] for row in rows) else COLUMNS
    write_csv(part / "manifest.csv", columns, [[row[column] for column in columns] for row in rows])
    write_csv(part / "hashes.csv", ("kind", "path", "sha256"), hashes)
    if problems:
        write_csv(
            part / "skipped.csv", ("file", "problem"), [(problem.where, problem.what) for problem in problems]
        )
