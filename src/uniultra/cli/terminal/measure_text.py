"""What `uniultra measure` prints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uniultra.measure.measured import Measured
    from uniultra.outputs.saved_masks import MaskPlace

LABELS = {"ellipse_circumference": "ellipse circumference, HC"}
"""What clinicians call a measure: HC is the head circumference."""
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
        lines.append(
            f"{name.replace('_', ' '):<18} {found['value']:.1f} ± {found['uncertainty']:.1f} {found['unit']}"
        )
        if "method" in found:
            at = f", frame {found['frame']}" if "frame" in found else ""
            lines[-1] += f"  ({found['method']}{at})"
        lines += [f"  note: {note}" for note in found.get("notes", [])]
    return lines


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
