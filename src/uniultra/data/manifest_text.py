"""The text of a manifest, line by line, and all that can be known to be wrong with it before any image is
opened.
"""

from __future__ import annotations

import csv
import hashlib
import io
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from uniultra.data.problems import Problem
from uniultra.errors import DataError
from uniultra.io.tables import plain_text
from uniultra.io.texts import decoded, separator_of
from uniultra.text import number_of

COLUMNS = (
    "id", "dataset", "organ", "split", "image", "mask", "width", "height",
    "pixel_mm", "subject", "group", "class", "objects", "licence",
)  # fmt: skip
CLIP_COLUMNS = ("clip", "frame")
"""May be left out, or both be given: the cine that an image is a frame of, and which one it is."""
MOST_FRAME = 10**6
SPLITS = ("train", "val", "test", "external")
MIN_PIXEL_MM, MAX_PIXEL_MM = 0.001, 10.0
_FILLED = ("id", "dataset", "organ", "group")


@dataclass(frozen=True)
class Line:
    """One row: the line of the file on which it ends, from 1, and its values by column."""

    number: int
    values: dict[str, str]

    def problem(self, column: str, what: str) -> Problem:
        return Problem(f"row {self.number}, {column}", what)


@dataclass(frozen=True)
class Sheet:
    """A manifest's text: the rows that have as many fields as the header, and everything wrong, in the file's
    order but for leaks.
    """

    path: Path
    sha256: str
    lines: tuple[Line, ...]
    problems: tuple[Problem, ...]


def read_sheet(path: Path) -> Sheet:
    """Reads a manifest's text. A sheet without all of COLUMNS has no lines.

    Raises:
        DataError: no such file, or it isn't CSV in UTF-8.
    """
    if not path.is_file():
        raise DataError(f"manifest '{path}' is not a file; give a CSV with the columns {','.join(COLUMNS)}")
    try:
        raw = path.read_bytes()
        text = decoded(raw)
        separator = separator_of(text.partition("\n")[0])
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
        read = [(reader.line_num, _plain(values)) for values in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"manifest '{path}' can't be read as CSV in UTF-8 ({error}); save it in that form"
        ) from error
    columns = list(reader.fieldnames or [])
    while (
        columns and not columns[-1] and not any(values.get("") for _, values in read)
    ):  # left by a spreadsheet
        columns.pop()
        read = [
            (number, {name: cell for name, cell in values.items() if name != ""}) for number, values in read
        ]
    if separator != ",":  # its numbers may have a comma for the point
        read = [
            (number, values | {"pixel_mm": (values.get("pixel_mm") or "").replace(",", ".")})
            for number, values in read
        ]
    problems = list(_header(columns, bool(read)))
    lines: list[Line] = []
    if all(column in columns for column in COLUMNS):
        for number, values in read:
            if None in values or None in values.values():
                problems.append(
                    Problem(
                        f"row {number}",
                        "it has more or fewer fields than the header; check its commas and quotes",
                    )
                )
                continue
            lines.append(Line(number, values))
            problems += _faults(lines[-1])
        problems += [*_same_ids(lines), *_same_frames(lines), *_divided(lines)]
    return Sheet(path, hashlib.sha256(raw).hexdigest(), tuple(lines), tuple(problems))


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Cells without the apostrophe that keeps a spreadsheet from running them; a row too long has a list
    under None.
    """
    return {key: plain_text(cell) if isinstance(cell, str) else cell for key, cell in values.items()}


def path_fault(text: str) -> str | None:
    """What is wrong with the path of an image or mask as the manifest writes it; None where nothing is."""
    if not text:
        return "empty; give a path below the manifest's folder"
    if "\\" in text or text[1:2] == ":":
        return f"'{text}' is a Windows path; write it with / and relative to the manifest's folder"
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts:
        return f"'{text}' is not below the manifest's folder; write it relative to that"
    return None


def pixel_mm_of(text: str) -> float | None:
    """A pixel's size, or None where it is empty or not from MIN_PIXEL_MM to MAX_PIXEL_MM."""
    value = number_of(text)
    return value if MIN_PIXEL_MM <= value <= MAX_PIXEL_MM else None


def _header(columns: Sequence[str], any_rows: bool) -> Iterator[Problem]:
    missing = [column for column in COLUMNS if column not in columns]
    if missing:
        yield Problem("row 1", f"no column {', '.join(missing)}; add it, empty where unknown")
    for column in dict.fromkeys(columns):
        if column not in (*COLUMNS, *CLIP_COLUMNS):
            legal = ",".join((*COLUMNS, *CLIP_COLUMNS))
            yield Problem("row 1", f"unknown column '{column}'; legal are {legal}; remove it")
        elif columns.count(column) > 1:
            yield Problem("row 1", f"column '{column}' appears {columns.count(column)} times; keep one")
    if len({*CLIP_COLUMNS} & {*columns}) == 1:
        yield Problem("row 1", "only one of the columns clip and frame is given; give both or neither")
    if not any_rows:
        yield Problem("row 1", "there are no rows; write one per image")


def _faults(line: Line) -> Iterator[Problem]:
    values = line.values
    if values["split"] not in SPLITS:
        yield line.problem("split", f"'{values['split']}' is unknown; use one of {', '.join(SPLITS)}")
    for column in _FILLED:
        if not values[column]:
            yield line.problem(column, "empty; fill it in")
    for column in ("image", "mask"):
        fault = path_fault(values[column])
        if fault is not None:
            yield line.problem(column, fault)
    for column in ("width", "height"):
        if values[column] and not values[column].isdecimal():
            yield line.problem(
                column, f"'{values[column]}' is not a number of pixels; write digits, or nothing"
            )
    if values["pixel_mm"] and pixel_mm_of(values["pixel_mm"]) is None:
        yield line.problem(
            "pixel_mm",
            f"'{values['pixel_mm']}' is not a size; it must be a number from {MIN_PIXEL_MM:g} to "
            f"{MAX_PIXEL_MM:g}, or empty where unknown",
        )
    yield from _frame_faults(line)


def frame_of(text: str) -> int | None:
    """A frame's number, or None where it is empty or not from 0 to MOST_FRAME."""
    usable = text.isascii() and text.isdecimal() and int(text) <= MOST_FRAME
    return int(text) if usable else None


def _frame_faults(line: Line) -> Iterator[Problem]:
    clip, frame = (line.values.get(column, "") for column in CLIP_COLUMNS)
    if clip and frame_of(frame) is None:
        yield line.problem("frame", f"'{frame}' is not a frame of a clip; give 0 to {MOST_FRAME}")
    if frame and not clip:
        yield line.problem("clip", "empty, but there is a frame; name its clip, or leave both empty")


def _same_frames(lines: Sequence[Line]) -> Iterator[Problem]:
    first: dict[tuple[str, str, int], int] = {}
    for line in lines:
        clip, frame = line.values.get("clip", ""), frame_of(line.values.get("frame", ""))
        if not clip or frame is None:
            continue
        seen = first.setdefault((line.values["dataset"], clip, frame), line.number)
        if seen != line.number:
            yield line.problem("frame", f"frame {frame} of '{clip}' is row {seen} too; keep one")


def _same_ids(lines: Sequence[Line]) -> Iterator[Problem]:
    first: dict[tuple[str, str], int] = {}
    for line in lines:
        key = (line.values["dataset"], line.values["id"])
        seen = first.setdefault(key, line.number)
        if key[1] and seen != line.number:
            yield line.problem("id", f"'{key[1]}' is the id of row {seen} too; give each its own")


def _divided(lines: Sequence[Line]) -> Iterator[Problem]:
    """Groups, subjects and images that are in two splits, each reported once a split."""
    first: dict[tuple[str, str, str], Line] = {}
    reported: set[tuple[str, str, str, str]] = set()
    for line in lines:
        split = line.values["split"]
        for column, dataset, name in _kept_whole(line):
            other = first.setdefault((column, dataset, name), line)
            case = (column, dataset, name, split)
            if other.values["split"] != split and case not in reported:
                reported.add(case)
                yield line.problem(
                    column,
                    f"'{name}' is in '{split}' here and '{other.values['split']}' in row {other.number}; "
                    "put all of it into one split",
                )


def _kept_whole(line: Line) -> Iterator[tuple[str, str, str]]:
    """(column, data set, name) of what no two splits may share; an image's path is the same in any data
    set.
    """
    values = line.values
    if values["split"] not in SPLITS:
        return
    for column in ("group", "subject", "clip"):
        if values.get(column):
            yield column, values["dataset"], values[column]
    if path_fault(values["image"]) is None:
        yield "image", "", posixpath.normpath(values["image"])
