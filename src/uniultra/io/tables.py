"""CSV out, which no spreadsheet runs, and its text back in."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any

from uniultra.io.output import write_text
from uniultra.io.paths import PathLike

_SIGNS = "=+\\-@＝＋－＠"
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_SEPARATED = re.compile(rf"(?<=[;\t\n\r])(?=[^\S]*[{_SIGNS}])")
"""Where a spreadsheet that separates by semicolons, as in most of Europe, or by tabs begins a cell within
one of ours."""


def write_csv(
    path: PathLike, columns: Sequence[str], rows: Iterable[Sequence[Any]], force: bool = False
) -> None:
    """Writes a table; text that a spreadsheet would run as a formula gets an apostrophe before it, see
    `inert`. Raises OutputError."""
    buffer = io.StringIO()
    _write_rows(buffer, [columns, *rows])
    write_text(path, buffer.getvalue(), force)


class TableFile(AbstractContextManager["TableFile"]):
    """A table like that of `write_csv`, written row by row; for use within `output.staged`."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._file: IO[str] = open(path, "x", encoding="utf-8", errors="backslashreplace", newline="")  # noqa: SIM115
        self.add(columns)

    def add(self, row: Sequence[Any]) -> None:
        _write_rows(self._file, [row])

    def __exit__(self, *_: object) -> None:
        self._file.close()


def inert(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: numbers are left alone, text that begins as a formula
    gets an apostrophe.

    Text begins so with = + - @, also full-width, and also behind blanks and characters that can't be seen; so
    does what follows a semicolon, tab or line end within it, where a spreadsheet may begin the next cell.
    `plain_text` takes the apostrophe away again.
    """
    if not isinstance(cell, str) or _NUMBER.fullmatch(cell):
        return cell
    guarded = _SEPARATED.sub("'", cell)
    return f"'{guarded}" if _is_formula(cell) else guarded


def plain_text(cell: str) -> str:
    """A cell of our own tables as it was before `inert`, but for what follows a separator in it."""
    return cell[1:] if cell.startswith("'") and _is_formula(cell[1:]) else cell


def _is_formula(text: str) -> bool:
    """Text that begins as a formula, or with an apostrophe before one, so that what we put there can be
    distinguished from what was."""
    seen = text.lstrip("'")
    if seen.startswith(("\t", "\r")):
        return True
    while seen and (seen[0].isspace() or not seen[0].isprintable()):
        seen = seen[1:]
    return re.match(f"[{_SIGNS}]", seen) is not None


def _write_rows(file: IO[str], rows: Iterable[Sequence[Any]]) -> None:
    csv.writer(file, lineterminator="\n").writerows([inert(cell) for cell in row] for row in rows)
