"""Volumes that a page asks for: of one structure's masks on two frames in time, or on two planes in space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from uniultra.errors import DataError
from uniultra.measure.measured import number
from uniultra.measure.volume import View, Volume, apart_notes, ejection_fraction, ellipsoid, simpson
from uniultra.results import ObjectResult


def ejection(
    diastole: ObjectResult,
    systole: ObjectResult,
    frames: tuple[int, int],
    times_s: tuple[float, float] | tuple[None, None],
) -> dict[str, Any]:
    """Single-plane Simpson's volumes and the ejection fraction, of two frames of a cine. Raises DataError."""
    end, start = (simpson((View(one.mask.mask_hw, one.scale),)) for one in (diastole, systole))
    return {
        "diastole": number(end.volume),
        "systole": number(start.volume),
        "fraction": number(ejection_fraction(end, start)),
        "method": end.method,
        "notes": list(dict.fromkeys((*end.notes, *start.notes, *apart_notes(*frames, *times_s)))),
    }


def two_planes(first: ObjectResult, second: ObjectResult) -> dict[str, Any]:
    """The volume by both methods for two planes that cross along the long axis: each number, method and
    notes, or the reason why there is none, `problem`.
    """
    views = tuple(View(one.mask.mask_hw, one.scale) for one in (first, second))
    return {
        "ellipsoid": _or_reason(lambda: ellipsoid(first.measured, second.measured)),
        "simpson": _or_reason(lambda: simpson(views)),
    }


def _or_reason(volume: Callable[[], Volume]) -> dict[str, Any]:
    try:
        found = volume()
    except DataError as error:
        return {"problem": str(error)}
    return {"volume": number(found.volume), "method": found.method, "notes": list(found.notes)}
