"""A manifest and its files, checked: every problem by row and column, all together. `read_manifest` stops at the first instead."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from uniultra.data.duplicates import WORDS, near_pairs, perceptual_hash
from uniultra.data.importers.sample import Problem
from uniultra.data.manifest import COLUMNS, SPLITS
from uniultra.errors import DataError, FileError
from uniultra.io.images import read_frame
from uniultra.io.masks import read_ids


@dataclass(frozen=True)
class _Line:
    """One row: its number in the file, its values, and its image's hash where it could be read."""

    number: int
    values: dict[str, str]
    hash: np.ndarray | None = None

    def problem(self, column: str, what: str) -> Problem:
        return Problem(f"row {self.number}, {column}", what)


def check_manifest(path: Path, progress: Callable[[int, int], None] = lambda done, total: None) -> list[Problem]:
    """All that is wrong with a manifest; [] where it is sound.

    Raises:
        DataError: there is no such file, or it isn't text.
    """
    try:
        reader = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines(), restval="")
        lines = [_Line(number, values) for number, values in enumerate(reader, start=2)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"manifest '{path}' can't be read ({error}); give a CSV in UTF-8") from error
    columns = list(reader.fieldnames or [])
    problems = list(_header(columns, bool(lines)))
    if any(column not in columns for column in COLUMNS):
        return problems
    checked = []
    for done, line in enumerate(lines, start=1):
        found, look = _files(path.parent, line)
        problems += [*_values(line), *found]
        checked.append(_Line(line.number, line.values, look))
        progress(done, len(lines))
    return [*problems, *_ids(checked), *_groups(checked), *_near(checked)]


def _header(columns: list[str], any_rows: bool) -> Iterator[Problem]:
    for column in COLUMNS:
        if column not in columns:
            yield Problem("row 1", f"no column '{column}'; add it, empty where unknown")
    for column in columns:
        if column not in COLUMNS:
            yield Problem("row 1", f"unknown column '{column}'; legal are {','.join(COLUMNS)}; take it away")
    if not any_rows:
        yield Problem("row 1", "no rows follow; one an image")


def _values(line: _Line) -> Iterator[Problem]:
    values = line.values
    if values["split"] not in SPLITS:
        yield line.problem("split", f"'{values['split']}' is unknown; use one of {', '.join(SPLITS)}")
    for column in ("id", "dataset", "organ", "group"):
        if not values[column]:
            yield line.problem(column, "empty; fill it in")
    try:
        if values["pixel_mm"] and not 0 < float(values["pixel_mm"]) < 10:
            raise ValueError
    except ValueError:
        yield line.problem("pixel_mm", f"'{values['pixel_mm']}' is not a size; legal is a number over 0 and under 10, or nothing")


def _files(root: Path, line: _Line) -> tuple[list[Problem], np.ndarray | None]:
    """What is wrong with the image and the mask, and the image's hash."""
    problems = [line.problem(column, what) for column in ("image", "mask") if (what := _path_fault(root, line.values[column]))]
    if problems:
        return problems, None
    try:
        pixels_hw = read_frame(root / line.values["image"]).pixels_hw
    except FileError as error:
        return [line.problem("image", str(error))], None
    height, width = pixels_hw.shape
    for column, true in (("width", width), ("height", height)):
        if line.values[column] and line.values[column] != str(true):
            problems.append(line.problem(column, f"'{line.values[column]}' but the image has {true}; correct it"))
    return [*problems, *_mask(root, line, (height, width))], perceptual_hash(pixels_hw)


def _path_fault(root: Path, text: str) -> str | None:
    path = Path(text)
    if not text:
        return "empty; give a path below the manifest's folder"
    if "\\" in text or text[1:2] == ":":
        return f"'{text}' is a Windows path; write it with / and relative to the manifest's folder"
    if path.is_absolute() or ".." in path.parts:
        return f"'{text}' is not below the manifest's folder; write it relative to that"
    return None if (root / path).is_file() else f"'{text}': no such file; add it, or take the row away"


def _mask(root: Path, line: _Line, hw: tuple[int, int]) -> Iterator[Problem]:
    try:
        ids_hw = read_ids(root / line.values["mask"])
    except FileError as error:
        yield line.problem("mask", str(error))
        return
    if ids_hw.shape != hw:
        yield line.problem(
            "mask", f"{ids_hw.shape[1]} x {ids_hw.shape[0]} pixels but its image is {hw[1]} x {hw[0]}; save both at one size"
        )
    values = np.unique(ids_hw[ids_hw > 0])
    if values.size > 1 and values[-1] == 255:
        yield line.problem("mask", f"{values.size} values, the largest 255 (soft edges?); ids are 1, 2, ...; renumber them")


def _ids(lines: list[_Line]) -> Iterator[Problem]:
    first: dict[tuple[str, str], int] = {}
    for line in lines:
        key = (line.values["dataset"], line.values["id"])
        seen = first.setdefault(key, line.number)
        if seen != line.number:
            yield line.problem("id", f"'{key[1]}' is the id of row {seen} too; give each its own")


def _groups(lines: list[_Line]) -> Iterator[Problem]:
    first: dict[tuple[str, str], _Line] = {}
    for line in lines:
        for column in ("group", "subject"):
            name = line.values[column]
            other = first.setdefault((column, f"{line.values['dataset']}/{name}"), line) if name else line
            if other.values["split"] != line.values["split"]:
                splits = f"'{line.values['split']}' here and '{other.values['split']}' in row {other.number}"
                yield line.problem(column, f"'{name}' is in {splits}; put all of it into one split")


def _near(lines: list[_Line]) -> Iterator[Problem]:
    read = [line for line in lines if line.hash is not None]
    hashes = np.array([line.hash for line in read], np.uint64).reshape(-1, WORDS)
    for i, j in near_pairs(hashes, hashes):
        if j < i and read[i].values["split"] != read[j].values["split"]:
            splits = f"'{read[i].values['split']}' here, '{read[j].values['split']}' there"
            yield read[i].problem("image", f"a near-duplicate of row {read[j].number} ({splits}); put both into one split")
