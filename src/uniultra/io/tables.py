"""CSV out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

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


def _inert(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
