"""The ejection fraction of an archive's clips: what a record says of one, and the table of all."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import Any

from uniultra.batch.rows import blank
from uniultra.outputs.course import Course

EF = "ef.csv"
NUMBER = (int, float, NoneType)
_SIZES = ("edv_ml", "esv_ml", "ef_percent", "fac_percent")
EF_COLUMNS = (
    *("input", "object", "name", "ed_frame", "es_frame"),
    *(column for size in _SIZES for column in (size, f"{size.split('_')[0]}_uncertainty")),
    *("sure_frames", "frames", "model", "version", "note"),
)
HEART_FORM: dict[str, Any] = {
    **dict.fromkeys(("object", "sure_frames", "frames"), int),
    **dict.fromkeys(("ed_frame", "es_frame"), (int, NoneType)),
    **dict.fromkeys(EF_COLUMNS[5:13], NUMBER),
    "name": str,
    "notes": [str],
}
"""What a record says of a clip's ventricle, as `records._FORMS` writes forms."""


def heart_record(course: Course, report: Mapping[str, Any]) -> dict[str, Any]:
    """Of what a track found, and what `ejection_json` says of it; numbers that aren't known are None."""
    number = course.ventricle
    points = course.points.get(number, [])
    ends = [report.get(key, {}) for key in ("end_diastole", "end_systole")]
    ratios = [report.get(key) for key in ("ejection_fraction", "fractional_area_change")]
    sizes: dict[str, float | None] = {}
    for column, found in zip(_SIZES, [*(end.get("volume") for end in ends), *ratios], strict=True):
        sizes[column], sizes[f"{column.split('_')[0]}_uncertainty"] = _value(found)
    missing = [] if points else [f"structure {number} isn't prompted in this clip"]
    reasons = missing or [report[key] for key in ("reason", "volume_reason") if key in report]
    return {
        "object": number,
        "name": course.names.get(number, ""),
        **dict(zip(("ed_frame", "es_frame"), (end.get("frame") for end in ends), strict=True)),
        **sizes,
        "sure_frames": sum(point.status == "sure" for point in points),
        "frames": len(points),
        "notes": [*map(str, (*reasons, *report.get("notes", ())))],
    }


def heart_row(record: Mapping[str, Any]) -> list[Any]:
    """The line of `EF_COLUMNS` of a record that has a ventricle."""
    heart = record["heart"]
    said = {**record, **heart, "note": "; ".join(heart["notes"])}
    return [blank(said[column]) for column in EF_COLUMNS]


def _value(found: Mapping[str, Any] | None) -> tuple[float | None, float | None]:
    return (None, None) if found is None else (found["value"], found["uncertainty"])
