"""Measures of one structure in the terms of JSON, CSV and DICOM SR: named numbers with unit, uncertainty and
end points.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from uniultra.measure import Measurement
from uniultra.measure.shape import Shape, measure_shape
from uniultra.pixel_scale import Scale

DIGITS = 4


@dataclass(frozen=True)
class Measured:
    """One structure: its scale, and its shape in that scale (None for an empty mask)."""

    scale: Scale
    shape: Shape | None


@dataclass(frozen=True)
class Named:
    """One measure, and where its calipers stand (x, y in source pixels), if it has any."""

    name: str
    measurement: Measurement
    ends_xy: tuple[tuple[float, float], tuple[float, float]] | None = None


def measure_mask(mask_hw: np.ndarray, scale: Scale) -> Measured:
    """Measures a mask, bool (H, W), in mm where its scale is known, else in pixels."""
    return Measured(scale, measure_shape(mask_hw, scale.spacing_mm_yx))


def named(shape: Shape) -> tuple[Named, ...]:
    """The measures of a shape, in the order of reports."""
    long, short = shape.long_diameter, shape.short_diameter
    return (
        Named("area", shape.area),
        Named("perimeter", shape.perimeter),
        Named("long_diameter", long.length, long.ends_xy),
        Named("short_diameter", short.length, short.ends_xy),
        Named("ellipse_long_axis", shape.ellipse.long_axis),
        Named("ellipse_short_axis", shape.ellipse.short_axis),
        Named("ellipse_circumference", shape.circumference),
        Named("equivalent_diameter", shape.equivalent_diameter),
    )


def as_json(measured: Measured) -> dict[str, Any]:
    """What the JSON of a structure says of its size."""
    shape = measured.shape
    report: dict[str, Any] = {"scale": scale_json(measured.scale)}
    if shape is None:
        return report
    for item in named(shape):
        report[item.name] = number(item.measurement) | (
            {"ends_xy": _rounded(item.ends_xy)} if item.ends_xy else {}
        )
    return report | {
        "ellipse_centre_xy": [round(v, 2) for v in shape.ellipse.centre_xy],
        "ellipse_angle_deg": round(shape.ellipse.angle_deg, 2),
        "centroid_xy": [round(v, 2) for v in shape.centroid_xy],
        "centroid_uncertainty_px": round(shape.centroid_uncertainty_px, 2),
        "parts": shape.parts,
        "notes": list(shape.notes),
    }


def scale_json(scale: Scale) -> dict[str, Any]:
    """What holds for a size: mm a pixel, what says so, and why nothing does or what speaks against it."""
    aspect = {} if scale.pixel_aspect == 1.0 else {"pixel_aspect": scale.pixel_aspect}
    return {
        "spacing_mm_yx": scale.spacing_mm_yx,
        "source": scale.source or None,
        "reason": scale.reason or None,
        "notes": list(scale.notes),
        **aspect,
    }


def number(measurement: Measurement) -> dict[str, Any]:
    """A measurement with its unit, rounded."""
    uncertainty = measurement.uncertainty
    rounded = None if uncertainty is None else round(uncertainty, DIGITS)
    return {"value": round(measurement.value, DIGITS), "unit": measurement.unit, "uncertainty": rounded}


def remarks(scale: Scale, notes: Iterable[str] = ()) -> str:
    """Why there are no millimetres, what makes them doubtful, and `notes` on the mask, for a table."""
    return "; ".join(dict.fromkeys(filter(None, (scale.reason, *scale.notes, *notes))))


def rows(
    image: str, frame: int, identity: int, measured: Measured, name: str = "", notes: Iterable[str] = ()
) -> list[list[Any]]:
    """The lines of a CSV, as `CSV_COLUMNS` names them; one line that says why where there is nothing to
    measure. `name` is what the structure is called, and `notes` are those on its mask.
    """
    about = [measured.scale.source or "none", remarks(measured.scale, notes)]
    if measured.shape is None:
        return [[image, frame, identity, name, "none", "", "", "", "", "", "", "", *about]]
    lines = []
    for item in named(measured.shape):
        found = number(item.measurement)
        ends = [v for end in _rounded(item.ends_xy) for v in end] if item.ends_xy else [""] * 4
        lines.append(
            [
                image,
                frame,
                identity,
                name,
                item.name,
                found["value"],
                found["unit"],
                found["uncertainty"],
                *ends,
                *about,
            ]
        )
    return lines


CSV_COLUMNS = (
    "image",
    "frame",
    "id",
    "name",
    "measure",
    "value",
    "unit",
    "uncertainty",
    "x0",
    "y0",
    "x1",
    "y1",
    "scale",
    "note",
)


MEASURES = (
    "area",
    "perimeter",
    "long_diameter",
    "short_diameter",
    "ellipse_long_axis",
    "ellipse_short_axis",
    "ellipse_circumference",
    "equivalent_diameter",
)
"""Names of `named`, in its order."""
FRAME_COLUMNS = (
    *("image", "frame", "time_s", "id", "name", "quality", "area_px", "unit"),
    *(column for name in MEASURES for column in (name, f"{name}_uncertainty")),
    *("centroid_x", "centroid_y", "scale", "note"),
)
MEASURES_COLUMNS = (*FRAME_COLUMNS, "status", "model", "version", "by_hand")
"""Of a table over several files: also what a tracker said, what made a mask, and what a person did to it."""


def frame_row(about: list[Any], pixels: int, measured: Measured, notes: Iterable[str] = ()) -> list[Any]:
    """One structure on one frame as one line, as `FRAME_COLUMNS` names it: after `about`, image to quality;
    the measures of an empty mask are left open. `unit` is that of lengths; areas have its square. `notes` are
    those on its mask.
    """
    scale, shape = measured.scale, measured.shape
    why = [scale.source or "none", remarks(scale, notes)]
    if shape is None:
        return [*about, pixels, "", *[""] * (2 * len(MEASURES) + 2), *why]
    found = [number(item.measurement) for item in named(shape)]
    centroid = [round(v, 2) for v in shape.centroid_xy]
    return [
        *about,
        pixels,
        shape.perimeter.unit,
        *(v for one in found for v in (one["value"], one["uncertainty"])),
        *centroid,
        *why,
    ]


def _rounded(ends_xy: tuple[tuple[float, float], tuple[float, float]]) -> list[list[float]]:
    return [[round(v, 2) for v in end] for end in ends_xy]
