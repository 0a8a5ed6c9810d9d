"""A distance that a person measured between two points of a frame."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from uniultra.measure import Measurement
from uniultra.measure.measured import DIGITS, number, remarks, scale_json
from uniultra.pixel_scale import Scale


@dataclass(frozen=True)
class DrawnCaliper:
    """One caliper: its number in its file, from 1, its ends (x, y) in source pixels, and the scale that holds
    between them.
    """

    number: int
    ends_xy: tuple[tuple[float, float], tuple[float, float]]
    scale: Scale

    @property
    def label(self) -> str:
        return f"Caliper {self.number}"

    @property
    def length(self) -> Measurement:
        """In mm, or in px where the scale is unknown."""
        (ax, ay), (bx, by) = self.ends_xy
        spacing = self.scale.spacing_mm_yx
        down, right = spacing or (1.0, 1.0)
        length = math.hypot((bx - ax) * right, (by - ay) * down)
        return Measurement(length, "px" if spacing is None else "mm")


def caliper_json(caliper: DrawnCaliper) -> dict[str, Any]:
    """A caliper as the JSON of a frame lists it."""
    ends = [[round(value, 2) for value in end] for end in caliper.ends_xy]
    length = number(caliper.length) | {"ends_xy": ends}
    return {"id": caliper.number, "length": length, "scale": scale_json(caliper.scale)}


def caliper_row(image: str, frame: int, caliper: DrawnCaliper) -> list[Any]:
    """A caliper as a line of `measured.CSV_COLUMNS`: it has a name and no id, and is called a length."""
    length, scale = caliper.length, caliper.scale
    about = image, frame, "", caliper.label, "length"
    ends = (round(value, 2) for end in caliper.ends_xy for value in end)
    return [
        *about,
        round(length.value, DIGITS),
        length.unit,
        "",
        *ends,
        scale.source or "none",
        remarks(scale),
    ]
