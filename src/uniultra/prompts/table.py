"""prompts.csv: what points at which structure of which file, one row per object; checked as a whole before
anything runs.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath

from uniultra.data.problems import Problem, refuse
from uniultra.errors import DataError, PromptError
from uniultra.io.paths import one_line, shown
from uniultra.io.tables import plain_text
from uniultra.io.texts import composed, encoding_of, separator_of
from uniultra.prompts.objects import MOST_OBJECTS, MOST_POINTS
from uniultra.structures import legal_name
from uniultra.text import number_of
from uniultra.types import POSITIVE, Prompt

BOX = ("x0", "y0", "x1", "y1")
COLUMNS = ("file", *BOX, "box_fit", "points", "frame", "object", "label")
MOST_BYTES = 500_000_000
Prompts = dict[tuple[str, int | None], list[Prompt]]
"""(name, frame) to the prompt of each of its objects, in their order; frame None: whichever is chosen
otherwise.
"""
_WHOLE = re.compile(r"(?<=\d)\.0*$")
"""What pandas puts after whole numbers in a column with gaps."""


class _CellError(Exception):
    """What is wrong with one cell, or some."""

    def __init__(self, column: str, what: str) -> None:
        super().__init__(what)
        self.column = column


class _NoSuchFileError(_CellError):
    """The row is of a file that isn't among those named."""


@dataclass(frozen=True)
class TableRow:
    """One row: its number as a spreadsheet shows it, its file and frame, the structure's number where the
    table says one, and the prompt.
    """

    number: int
    name: str
    frame: int | None
    object: int | None
    prompt: Prompt


def read_table(path: Path, names: Collection[str], others: bool = False) -> Prompts:
    """The prompts of a table for files of these names; with `others`, rows of other files are ignored.

    A file is named by its path relative to the archive, or by its bare name where only one has that. The
    prompts of a frame are in the order of the column object, and then of their rows.

    Raises:
        DataError: not such a table, with each problem by row (the header is row 1) and column.
    """
    requested: dict[tuple[str, int | None], list[TableRow]] = {}
    for row in read_rows(path, names, others):
        requested.setdefault((row.name, row.frame), []).append(row)
    refuse(shown(path), list(_of_files(requested)))
    for own in requested.values():
        own.sort(key=lambda row: row.object or MOST_OBJECTS + 1)
    return {key: [row.prompt for row in own] for key, own in requested.items()}


def read_rows(path: Path, names: Collection[str], others: bool = False) -> list[TableRow]:
    """The rows of a table, each right in itself, no structure twice on a frame; as `read_table`."""
    known = _lookup(names)
    found: list[TableRow] = []
    seen: dict[tuple[str, int | None, int], int] = {}
    problems: list[Problem] = []
    for number, row in _rows(path):
        try:
            read = _row(number, row, known)
        except _CellError as wrong:
            if not (others and isinstance(wrong, _NoSuchFileError)):
                problems.append(Problem(f"row {number}, {wrong.column}", str(wrong)))
            continue
        found.append(read)
        if read.object is not None:
            first = seen.setdefault((read.name, read.frame, read.object), number)
            if first != number:
                problems.append(
                    Problem(
                        f"row {number}, column object",
                        f"structure {read.object} of that frame is row {first} too; put them into one",
                    )
                )
    refuse(shown(path), problems)
    if not found and not others:
        raise DataError(f"{shown(path)}: holds no row below its header; give one row per object")
    return found


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Each row that isn't empty, with its number as a spreadsheet shows it. Raises DataError."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(
                f"{shown(path)}: {path.stat().st_size / 1e6:.0f} MB; a table has up to "
                f"{MOST_BYTES // 10**6} MB; split it"
            )
        with open(path, "rb") as file:
            encoding = encoding_of(file.read(4))
        with open(path, encoding=encoding, newline="") as file:
            first = file.readline()
            separator = separator_of(first)
            reader = csv.reader(chain([first], file), strict=True, delimiter=separator)
            header = [cell.strip().lower() for cell in next(reader, [])]
            while header and not header[-1]:  # as a spreadsheet leaves empty columns at its end
                header.pop()
            _check_header(path, header)
            for number, cells in enumerate(reader, start=2):
                if any(cell.strip() for cell in cells):
                    yield (
                        number,
                        _cells(path, number, header, [plain_text(cell.strip()) for cell in cells], separator),
                    )
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(
            f"{shown(path)}: no CSV in UTF-8 that can be read ({one_line(error)}); export it again"
        ) from error


def _cells(path: Path, number: int, header: list[str], cells: list[str], separator: str) -> dict[str, str]:
    """A row's cells by column; numbers of a table whose separator is ; may have a comma for the point. Raises
    DataError.
    """
    if any(cells[len(header) :]):
        raise DataError(
            f"{shown(path)}: row {number} has {len(cells)} cells under {len(header)} columns; put cells with "
            "commas into quotes, and name each column"
        )
    row = dict(zip(header, cells, strict=False))
    if separator != ",":
        row |= {name: row[name].replace(",", ".") for name in (*BOX, "frame", "object") if name in row}
    return row


def _check_header(path: Path, header: list[str]) -> None:
    legal = f"a table has the column file, and x0,y0,x1,y1 or points or both; legal are {', '.join(COLUMNS)}"
    for place, name in enumerate(header, start=1):
        if not name:
            raise DataError(f"{shown(path)}: column {place} has no name; name it, or remove it; {legal}")
        if name not in COLUMNS:
            raise DataError(f"{shown(path)}: column {ascii(name)[:40]} is unknown; {legal}")
        if header.count(name) > 1:
            raise DataError(f"{shown(path)}: column {name} appears twice; {legal}")
    boxed = [name for name in BOX if name in header]
    if "file" not in header or 0 < len(boxed) < 4 or not (boxed or "points" in header):
        raise DataError(f"{shown(path)}: columns {', '.join(header) or 'missing'}; {legal}")


def _lookup(names: Collection[str]) -> dict[str, list[str]]:
    """What a row may call a file, to the names that it may mean: written alike before equal in Unicode, whole
    before bare.
    """
    known: dict[str, list[str]] = {}
    for form in (composed, str):
        bare: dict[str, list[str]] = {}
        whole: dict[str, list[str]] = {}
        for name in names:
            bare.setdefault(form(PurePosixPath(name).name), []).append(name)
            whole.setdefault(form(name), []).append(name)
        known |= bare | whole
    return known


def _row(number: int, row: Mapping[str, str], known: Mapping[str, list[str]]) -> TableRow:
    name = _name(row.get("file", ""), known)
    frame = _whole(row.get("frame", ""), "frame", 0, 10**7, "frame number; give whole numbers from 0")
    numbered = f"structure's number; give whole numbers from 1 to {MOST_OBJECTS}"
    structure = _whole(row.get("object", ""), "object", 1, MOST_OBJECTS, numbered)
    box, (points, labels) = _box(row), _points(row.get("points", ""))
    called = _label(row.get("label", ""))
    try:
        fit = row.get("box_fit", "").lower()
        return TableRow(number, name, frame, structure, Prompt(box, points, labels, name=called, box_fit=fit))
    except PromptError as error:
        column = "columns x0 to y1" if box is not None and "box" in str(error) else "column points"
        if "box fit" in str(error):
            raise _CellError("column box_fit", str(error)) from error
        raise _CellError(
            column if box is not None or points else "columns x0 to y1, points", str(error)
        ) from error


def _name(cell: str, known: Mapping[str, list[str]]) -> str:
    called = cell.replace("\\", "/").removeprefix("./")
    meant = known.get(called) or known.get(composed(called), [])
    if len(meant) == 1:
        return meant[0]
    if not cell:
        raise _CellError("column file", "is empty; give a file's path relative to the archive")
    if meant:
        raise _CellError(
            "column file",
            f"'{shown(cell)}' is the name of {len(meant)} files, as {meant[0]} and {meant[1]}; give the "
            "whole path",
        )
    raise _NoSuchFileError(
        "column file", f"'{shown(cell)}' is not an image of the archive; give its path relative to it"
    )


def _label(cell: str) -> str:
    try:
        return legal_name(cell) if cell else ""
    except PromptError as error:
        raise _CellError("column label", str(error)) from error


def _whole(cell: str, column: str, least: int, most: int, what: str) -> int | None:
    if not cell:
        return None
    number = _WHOLE.sub("", cell)
    if not (number.isascii() and number.isdigit() and len(number) < 8 and least <= int(number) <= most):
        raise _CellError(f"column {column}", f"'{shown(number)}' is not a {what}, or leave it empty")
    return int(number)


def _box(row: Mapping[str, str]) -> tuple[float, float, float, float] | None:
    cells = [row.get(column, "") for column in BOX]
    if not any(cells):
        return None
    x0, y0, x1, y1 = (_number(cell, f"column {column}") for cell, column in zip(cells, BOX, strict=True))
    return x0, y0, x1, y1


def _points(cell: str) -> tuple[tuple[tuple[float, float], ...], tuple[int, ...]]:
    points, labels = [], []
    for part in filter(None, (text.strip() for text in cell.split(";"))):
        numbers = [_number(text.strip(), "column points") for text in part.split(",")]
        if len(numbers) not in (2, 3):
            raise _CellError(
                "column points", f"'{shown(part)}' is not a point; give x,y or x,y,label with ; between them"
            )
        if len(numbers) == 3 and numbers[2] not in (0, 1):
            raise _CellError(
                "column points",
                f"'{shown(part)}' has the label {numbers[2]:g}; give 1 (inside the structure) or 0 (outside)",
            )
        points.append((numbers[0], numbers[1]))
        labels.append(int(numbers[2]) if len(numbers) == 3 else POSITIVE)
    if len(points) > MOST_POINTS:
        raise _CellError(
            "column points",
            f"{len(points)} points on one structure; a model takes up to {MOST_POINTS}; leave some out",
        )
    return tuple(points), tuple(labels)


def _number(cell: str, column: str) -> float:
    value = number_of(cell)
    if not math.isfinite(value):
        raise _CellError(column, f"'{shown(cell) if cell else ''}' is not a finite number; give pixels")
    return value


def _of_files(requested: Mapping[tuple[str, int | None], list[TableRow]]) -> Iterator[Problem]:
    """What is wrong with the rows of a file together."""
    with_frames = {name for name, frame in requested if frame is not None}
    for (name, frame), own in requested.items():
        row = own[0].number
        if len(own) > MOST_OBJECTS:
            yield Problem(
                f"row {row}, column file",
                f"{len(own)} rows for '{shown(name)}'; an id mask holds 1 to {MOST_OBJECTS}",
            )
        if frame is None and name in with_frames:
            yield Problem(
                f"row {row}, column frame",
                f"is empty, but other rows of '{shown(name)}' name a frame; name it in each",
            )
