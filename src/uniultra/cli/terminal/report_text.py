"""What `uniultra measure` prints of a DICOM SR."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from uniultra.cli.terminal.text import printable
from uniultra.errors import PromptError

if TYPE_CHECKING:
    from uniultra.io.dicom.sr_reader import Reported


def reported_lines(paths: Sequence[Path], alone: bool, as_json: bool) -> list[str]:
    """The numbers of reports, as a table or as JSON.

    Raises:
        PromptError: options of masks were given with them. FileError: a file isn't a report.
    """
    from uniultra.io.dicom.sr_reader import read_report

    if not alone:
        raise PromptError(f"{paths[0]}: a report holds its own numbers; give it alone, or with --json")
    found = [(path, read_report(path)) for path in paths]
    if as_json:
        reports = [{"report": path.name, "measures": [asdict(row) for row in rows]} for path, rows in found]
        return [json.dumps({"schema": "uniultra.report/1", "reports": reports})]
    return [printable(line) for path, rows in found for line in _table(path, rows)]


def _table(path: Path, rows: Sequence[Reported]) -> list[str]:
    lines = []
    for (structure, finding, site, frames), group in groupby(
        rows, key=lambda row: (row.structure, row.finding, row.site, row.frames)
    ):
        said = [structure, finding if finding != structure else "", f"in {site}" if site else ""]
        on = f"frame {', '.join(map(str, frames))}" if frames else ""
        lines.append(f"{path}  {'; '.join(filter(None, (*said, on))) or 'report'}")
        for row in group:
            value = "none" if row.value is None else f"{row.value:.2f} {row.unit}"
            lines.append(f"  {row.measure:<36} {value}{f'  ({row.method})' if row.method else ''}")
    return lines
