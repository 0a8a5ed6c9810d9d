"""CSV out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any, Self

from uniultra.io.output import write_text
from uniultra.io.paths import PathLike

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(path: PathLike, columns: Sequence[str], rows: Iterable[Sequence[Any]], force: bool = False) -> None:
    """Writes a table; text that a spreadsheet would run as a formula gets an apostrophe before it. Raises OutputError."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_inert(cell) for cell in row] for row in rows)
    write_text(path, buffer.getvalue(), force)


class TableFile:
    """A table like that of `write_csv`, written row by row; for use within `output.staged`."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._file: IO[str] = open(path, "x", encoding="utf-8", errors="backslashreplace", newline="")  # noqa: SIM115
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(columns)

    def add(self, row: Sequence[Any]) -> None:
        self._writer.writerow([_inert(cell) for cell in row])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _inert(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
