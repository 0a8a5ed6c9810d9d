"""Volumes from masks: an ellipsoid from two planes; the left ventricle by Simpson's discs; the ejection
fraction.

Simpson's method as in Lang et al., "Recommendations for cardiac chamber quantification", JASE 28 (2015), with
20 discs. The long axis is the mask's own principal axis, from the top of the picture (where the probe, and in
apical views the apex, is) downwards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from uniultra.errors import DataError
from uniultra.measure import Measurement
from uniultra.measure.measured import Measured
from uniultra.measure.outline import largest_part, outline
from uniultra.measure.shape import Caliper, Shape, edge_uncertainty, extents, principal_axes
from uniultra.pixel_scale import Scale
from uniultra.scale_reasons import ONE_SCALE, is_unset
from uniultra.text import Said

DISCS = 20
DISAGREE = 0.1
"""Relative difference between two views of one length above which an answer carries a note."""
SHORTEST_SYSTOLE_S = 0.1
"""Ejection alone takes 0.2 s and more at rest, and no less than this at 200 beats a minute."""
TURNED_DEGREES = 30
"""Between the axes of end-diastole and end-systole, from which on an answer carries a note: 15 ventricles of
CAMUS, as experts drew them, are at most 11 degrees apart.
"""
CUBE = Said("cube", "a factor by which millimetres are wrong makes a volume wrong by its cube")
ELLIPSOID = Said("ellipsoid", "ellipsoid from two planes")
SINGLE_PLANE = Said("single-plane-simpson", f"single-plane Simpson, {DISCS} discs", discs=DISCS)
BIPLANE = Said("biplane-simpson", f"biplane Simpson, {DISCS} discs", discs=DISCS)
ML = 1e-3
"""Millilitres a cubic millimetre."""


@dataclass(frozen=True)
class Diameter:
    """One of an ellipsoid's: the plane that it was measured in, 0 or 1, whether the other shares it, and
    where.
    """

    plane: int
    shared: bool
    caliper: Caliper


@dataclass(frozen=True)
class Volume:
    """A volume, its method, and notes that qualify it."""

    volume: Measurement
    method: str
    notes: tuple[str, ...] = ()
    axes_xy: tuple[tuple[float, float], ...] = ()
    """Of a ventricle the direction of the long axis in each view, of length 1 in millimetres."""
    diameters: tuple[Diameter, ...] = ()
    """Of an ellipsoid what it was made of: that which the planes share, in each of them, then each one's
    other.
    """


@dataclass(frozen=True)
class View:
    """One plane of a ventricle: its mask, bool (H, W), and its scale, in millimetres."""

    mask_hw: np.ndarray
    scale: Scale

    @property
    def spacing_mm_yx(self) -> tuple[float, float]:
        """Millimetres per pixel (down, right). Raises DataError where the scale has none."""
        if self.scale.spacing_mm_yx is None:
            reason = self.scale.reason
            text = f"a volume needs millimetres, but {reason}; "
            if is_unset(reason):
                text += "give --spacing, or an image with calibration"
                raise DataError(Said("volume-needs-mm", text, reason=reason))
            raise DataError(Said("volume-needs-region", text + ONE_SCALE, reason=reason))
        return self.scale.spacing_mm_yx


@dataclass(frozen=True)
class _Discs:
    length: float
    widths: np.ndarray
    edge: float
    axis_xy: tuple[float, float]


def ellipsoid(plane: Measured, other: Measured) -> Volume:
    """pi/6 times three diameters, in ml, from two planes that cross along one axis: the one on which their
    diameters agree best.

    Raises:
        DataError: a plane that is empty, or measured in pixels.
    """
    if plane.shape is None or other.shape is None:
        text = "a plane's mask is empty; at least 1 pixel must be set; segment it first"
        raise DataError(Said("plane-empty", text))
    pairs, others = _both(plane.shape), _both(other.shape)
    if any(one.length.unit != "mm" for one in (pairs[0][0], others[0][0])):
        text = "a volume needs millimetres in both planes; give --spacing, or images with calibration"
        raise DataError(Said("planes-need-mm", text))
    four = min(
        ((a, b, p, q) for a, p in pairs for b, q in others),
        key=lambda four: _apart(four[0].length, four[1].length),
    )
    shared, second, first, third = (one.length for one in four)
    common = (shared.value + second.value) / 2
    value = math.pi / 6 * common * first.value * third.value * ML
    relative = sum((length.uncertainty or 0.0) / length.value for length in (shared, first, third))
    apart = _apart(shared, second)
    notes = volume_notes((plane.scale, other.scale))
    if apart > DISAGREE:
        one, two, percent = f"{shared.value:.1f}", f"{second.value:.1f}", f"{100 * apart:.0f}"
        text = f"the planes' common diameters are {one} and {two} mm: {percent} % apart"
        notes = (Said("planes-apart", text, one=one, two=two, percent=percent), *notes)
    diameters = tuple(Diameter(place % 2, place < 2, one) for place, one in enumerate(four))
    return Volume(Measurement(value, "ml", value * relative), ELLIPSOID, notes, diameters=diameters)


def simpson(views: tuple[View, ...]) -> Volume:
    """Volume in ml of the ventricle in one view (discs are circles) or two (ellipses; the longer of the two
    lengths).

    Raises:
        DataError: an empty mask, or not one or two views.
    """
    if len(views) not in (1, 2):
        raise DataError(f"{len(views)} views; Simpson's method takes 1 (single-plane) or 2 (biplane)")
    planes = [_discs(view) for view in views]
    value = _stacked(planes, 0.0)
    uncertainty = _stacked(planes, max(plane.edge for plane in planes)) - value
    notes: list[str] = []
    if len(planes) == 2:
        lengths = [plane.length for plane in planes]
        apart = (max(lengths) - min(lengths)) / max(lengths)
        if apart > DISAGREE:
            one, two, percent = f"{lengths[0]:.1f}", f"{lengths[1]:.1f}", f"{100 * apart:.0f}"
            text = f"the two views are {one} and {two} mm long, {percent} % apart: one is foreshortened"
            notes.append(Said("foreshortened", text, one=one, two=two, percent=percent))
    method = BIPLANE if len(planes) == 2 else SINGLE_PLANE
    notes += volume_notes([view.scale for view in views])
    axes = tuple(plane.axis_xy for plane in planes)
    return Volume(Measurement(value, "ml", uncertainty), method, tuple(notes), axes)


def volume_notes(scales: Sequence[Scale]) -> tuple[str, ...]:
    """Notes on the scales of a volume's planes, and what they mean for the volume."""
    notes = tuple(dict.fromkeys(note for scale in scales for note in scale.notes))
    return (*notes, CUBE) if notes else ()


def ejection_fraction(diastole: Volume, systole: Volume) -> Measurement:
    """(EDV - ESV) / EDV in percent; the volumes' uncertainties are taken as independent.

    Raises:
        DataError: a systolic volume above the diastolic one.
    """
    end, start = diastole.volume, systole.volume
    if start.value > end.value:
        unit = end.unit
        raise DataError(
            f"the systolic volume, {start.value:.1f} {unit}, is above the diastolic one, {end.value:.1f} "
            f"{unit}; swap the masks, or correct them"
        )
    return share_lost(end, start)


def share_lost(before: Measurement, after: Measurement) -> Measurement:
    """(before - after) / before in percent; their uncertainties are taken as independent."""
    ratio = after.value / before.value
    relative = math.hypot(
        (after.uncertainty or 0.0) / after.value, (before.uncertainty or 0.0) / before.value
    )
    return Measurement(100.0 * (1.0 - ratio), "%", 100.0 * ratio * relative)


def apart_notes(
    diastole: int, systole: int, diastole_s: float | None = None, systole_s: float | None = None
) -> list[str]:
    """A note where two frames of a cine lie too close in time to be end-diastole and end-systole: by their
    times, or where these are unknown, next to each other.
    """
    if diastole_s is None or systole_s is None:
        apart, close = "are next to each other", abs(diastole - systole) == 1
    else:
        seconds = round(abs(diastole_s - systole_s), 3)
        apart, close = f"are {seconds:.3f} s apart", seconds < SHORTEST_SYSTOLE_S
    return [f"frames {diastole} and {systole} {apart}: one of the two masks is probably wrong"] * close


def turned_notes(diastole: Volume, systole: Volume) -> list[str]:
    """A note where the long axes of a view's two masks point in different directions: discs are then stacked
    along the one of a ventricle and across the other.
    """
    pairs = zip(diastole.axes_xy, systole.axes_xy, strict=True)
    aligned = min((abs(ax * bx + ay * by) for (ax, ay), (bx, by) in pairs), default=1.0)
    degrees = math.degrees(math.acos(min(aligned, 1.0)))
    text = (
        f"the masks' long axes are {degrees:.0f} degrees apart: one of the two masks is wrong, or too "
        "round to have one"
    )
    return [text] * (degrees > TURNED_DEGREES)


def _both(plane: Shape) -> list[tuple[Caliper, Caliper]]:
    return [(plane.long_diameter, plane.short_diameter), (plane.short_diameter, plane.long_diameter)]


def _apart(a: Measurement, b: Measurement) -> float:
    return abs(a.value - b.value) / max(a.value, b.value)


def _discs(view: View) -> _Discs:
    part = largest_part(view.mask_hw)
    if part is None:
        raise DataError("a ventricle's mask is empty; at least 1 pixel must be set; segment it first")
    scale_xy = np.array([view.spacing_mm_yx[1], view.spacing_mm_yx[0]])
    centre, _, vectors = principal_axes(part.mask_hw, scale_xy)
    direction = vectors[0] if vectors[0][1] >= 0 else -vectors[0]
    pieces = outline(part.mask_hw, view.spacing_mm_yx) * scale_xy
    along = (pieces - centre) @ direction
    top, length = float(along.min()), float(np.ptp(along))
    low, high = extents(pieces, centre, direction, top + (np.arange(DISCS) + 0.5) / DISCS * length)
    axis = float(direction[0]), float(direction[1])
    return _Discs(length, np.nan_to_num(high - low), edge_uncertainty(view.spacing_mm_yx), axis)


def _stacked(planes: list[_Discs], edge: float) -> float:
    """Sum of the discs in ml, every edge moved outwards by `edge` mm."""
    first, last = planes[0].widths + 2 * edge, planes[-1].widths + 2 * edge
    length = max(plane.length for plane in planes) + 2 * edge
    return float(math.pi / 4 * np.sum(first * last) * length / DISCS * ML)
