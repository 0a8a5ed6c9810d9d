"""What `uniultra measure` prints, of masks and of a DICOM SR."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uniultra.cli.terminal.text import printable
from uniultra.errors import PromptError

if TYPE_CHECKING:
    from uniultra.io.dicom.sr_reader import Reported
    from uniultra.measure.measured import Measured
    from uniultra.outputs.saved_masks import MaskPlace


LABELS = {"ellipse_circumference": "ellipse circumference, HC"}
"""What clinicians call a measure: HC is the head circumference."""
SMALL_ML = 10.0
"""Volumes below are said to a hundredth: a nodule has a few."""
PLUS_MINUS = "± reflects the pixel size alone, not the model's error, for which see docs/models.md"


def volume_lines(method: str, report: dict[str, Any], as_json: bool) -> list[str]:
    """Of what `volume_json` gives."""
    if as_json:
        return [
            json.dumps(
                {"schema": "uniultra.measure/1", "method": method, **report, "notice": "not a medical device"}
            )
        ]
    lines = []
    for name, found in report.items():
        size = "none"
        if found["value"] is not None:
            digits = 2 if found["unit"] == "ml" and found["value"] < SMALL_ML else 1
            size = f"{found['value']:.{digits}f} ± {found['uncertainty']:.{digits}f} {found['unit']}"
        lines.append(f"{name.replace('_', ' '):<22} {size}")
        if "method" in found:
            at = f", frame {found['frame']}" if "frame" in found else ""
            lines[-1] += f"  ({found['method']}{at})"
        lines += [_diameter_line(one) for one in found.get("diameters", [])]
        lines += [f"  note: {note}" for note in found.get("notes", [])]
    reasons = dict.fromkeys(found["reason"] for found in report.values() if "reason" in found)
    return [*lines, *(f"note: {reason}" for reason in reasons)]


def _diameter_line(one: dict[str, Any]) -> str:
    """`  mask 1, shared   41.20 ± 0.30 mm   from x,y to x,y`."""
    (x0, y0), (x1, y1) = one["ends_xy"]
    where = f"mask {one['mask']}{', in both' if one['shared'] else ''}"
    size = f"{one['value']:.2f} ± {one['uncertainty']:.2f} {one['unit']}"
    return f"  diameter in {where:<16} {size}   from {x0:.1f},{y0:.1f} to {x1:.1f},{y1:.1f}"


def as_json_text(measured: Sequence[tuple[MaskPlace, int, Measured, str]]) -> str:
    from uniultra.measure.measured import as_json

    items = [
        {
            "mask": one.path.name,
            **({"frame": one.frame} if one.of_cine else {}),
            "id": identity,
            **({"name": name} if name else {}),
            **as_json(result),
        }
        for one, identity, result, name in measured
    ]
    return json.dumps({"schema": "uniultra.measure/1", "objects": items, "notice": "not a medical device"})


def as_lines(measured: Sequence[tuple[MaskPlace, int, Measured, str]]) -> list[str]:
    from uniultra.measure.measured import named

    lines = []
    for one, identity, result, name in measured:
        called = f", {name}" if name else ""
        scale = result.scale.source or f"in pixels: {result.scale.reason}"
        lines.append(f"{one}  structure {identity}{called}  ({scale})")
        assert result.shape is not None, "a chosen structure has pixels"
        for item in named(result.shape):
            found = item.measurement
            measure = LABELS.get(item.name, item.name.replace("_", " "))
            ends = ""
            if item.ends_xy is not None:
                ends = "   from {:.1f},{:.1f} to {:.1f},{:.1f}".format(*item.ends_xy[0], *item.ends_xy[1])
            lines.append(
                f"  {measure:<26}{found.value:>10.2f} ± {found.uncertainty or 0:.2f} {found.unit}{ends}"
            )
        lines += [f"  note: {note}" for note in (*result.scale.notes, *result.shape.notes)]
    return [*lines, PLUS_MINUS]


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
        reports = [{"report": path.name, "measures": list(map(_row_json, rows))} for path, rows in found]
        return [json.dumps({"schema": "uniultra.report/1", "reports": reports})]
    return [printable(line) for path, rows in found for line in _table(path, rows)]


def _row_json(row: Reported) -> dict[str, Any]:
    from uniultra.io.dicom.sr_reader import doubt

    note = doubt(row)
    said = {"qualifiers": dict(row.qualifiers)}
    return {**asdict(row), **said, **({"note": note} if note else {})}


def _table(path: Path, rows: Sequence[Reported]) -> list[str]:
    from uniultra.io.dicom.sr_reader import doubt

    lines = []
    for (subject, structure, finding, site, frames), group in groupby(
        rows, key=lambda row: (row.subject, row.structure, row.finding, row.site, row.frames)
    ):
        said = [subject, structure, finding if finding != structure else "", f"in {site}" if site else ""]
        on = f"frame {', '.join(map(str, frames))}" if frames else ""
        lines.append(f"{path}  {'; '.join(filter(None, (*said, on))) or 'report'}")
        for row in group:
            value = "none" if row.value is None else f"{row.value:.2f} {row.unit}"
            how = "; ".join(filter(None, (row.method, *map(": ".join, row.qualifiers))))
            lines.append(f"  {row.measure:<36} {value}{f'  ({how})' if how else ''}")
    lines += [f"  note: {note}" for note in dict.fromkeys(map(doubt, rows)) if note]
    return lines
