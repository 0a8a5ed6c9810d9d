"""What a sonographer measures on one structure: area, perimeter, calipers, fitted ellipse and its circumference."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from uniultra.measure import Measurement
from uniultra.measure.outline import main_part, outline

_POSITIONS = 512
_AGREE = 0.97
"""An ellipse that shares less than this of its area with the structure is a poor description of it."""
Point = tuple[float, float]


@dataclass(frozen=True)
class Caliper:
    """A length and its two end points (x, y) in source pixels."""

    length: Measurement
    ends_xy: tuple[Point, Point]


@dataclass(frozen=True)
class Ellipse:
    """The ellipse with the structure's own first and second moments: centre (x, y) in pixels, full axes, and where the long axis points.

    `angle_deg` is measured from x to the right towards y down, -90 to 90, in millimetres' space.
    """

    centre_xy: Point
    long_axis: Measurement
    short_axis: Measurement
    angle_deg: float


@dataclass(frozen=True)
class Shape:
    """All measures of one structure. Area and centroid are of the whole mask; lengths are of its largest part, holes filled."""

    area: Measurement
    perimeter: Measurement
    long_diameter: Caliper
    short_diameter: Caliper
    ellipse: Ellipse
    circumference: Measurement
    equivalent_diameter: Measurement
    centroid_xy: Point
    centroid_uncertainty_px: float
    parts: int
    notes: tuple[str, ...] = ()


TRACING_ERROR = 0.005
"""Tracing on a grid makes discs of 15 pixels radius and more come out up to this share too long (docs/LOG.md)."""


def edge_uncertainty(spacing_yx: tuple[float, float]) -> float:
    """Standard uncertainty of where an edge lies: anywhere within the pixel with equal chance, so pixel / sqrt(12).

    It is taken to be the same all around (a mask that is a little too large is so everywhere), which bounds what independent
    errors would give: lengths carry twice it, areas the perimeter times it.
    """
    return math.hypot(*spacing_yx) / math.sqrt(24.0)


def measure_shape(mask_hw: np.ndarray, spacing_mm_yx: tuple[float, float] | None) -> Shape | None:
    """Measures a bool mask (H, W), in mm where `spacing_mm_yx` is given, else in pixels. None where the mask is empty."""
    part, parts = main_part(mask_hw)
    if not parts:
        return None
    spacing, (one, two) = spacing_mm_yx or (1.0, 1.0), ("mm", "mm2") if spacing_mm_yx else ("px", "px2")
    scale_xy = np.array([spacing[1], spacing[0]])
    pieces = outline(part, spacing) * scale_xy
    edge = edge_uncertainty(spacing)
    perimeter = float(np.hypot(*(pieces[:, 1] - pieces[:, 0]).T).sum())
    area = float(np.count_nonzero(mask_hw)) * spacing[0] * spacing[1]
    long_ends = _farthest(pieces)
    short_ends = _widest_across(pieces, long_ends)
    ellipse = _ellipse(part, scale_xy, one, edge)
    diameter = 2.0 * math.sqrt(area / math.pi)
    rows, columns = np.nonzero(mask_hw)
    return Shape(
        area=Measurement(area, two, perimeter * edge),
        perimeter=Measurement(perimeter, one, math.hypot(2.0 * math.pi * edge, TRACING_ERROR * perimeter)),
        long_diameter=_caliper(long_ends, scale_xy, one, edge),
        short_diameter=_caliper(short_ends, scale_xy, one, edge),
        ellipse=ellipse,
        circumference=Measurement(ramanujan(ellipse.long_axis.value / 2, ellipse.short_axis.value / 2), one, 2.0 * math.pi * edge),
        equivalent_diameter=Measurement(diameter, one, perimeter * edge * 2.0 / (math.pi * diameter)),
        centroid_xy=(float(columns.mean()), float(rows.mean())),
        centroid_uncertainty_px=1.0 / math.sqrt(12.0),
        parts=parts,
        notes=_notes(parts, part, ellipse, scale_xy),
    )


def ramanujan(a: float, b: float) -> float:
    """Circumference of an ellipse by its semi-axes; Ramanujan's second approximation ("Modular equations", 1914), to 1e-4 for b > 0.1 a."""
    h = ((a - b) / (a + b)) ** 2
    return math.pi * (a + b) * (1.0 + 3.0 * h / (10.0 + math.sqrt(4.0 - 3.0 * h)))


def extents(pieces: np.ndarray, origin: np.ndarray, direction: np.ndarray, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The outermost edges across a line: smallest and largest offset, to the line's left hand (x right, y down), at each position along it.

    Args:
        pieces: (N, 2, 2), as `outline` gives them.
        direction: unit vector; positions (P,) are distances from `origin` along it, away from the pieces' own ends.

    Returns:
        Two arrays (P,); NaN where nothing is crossed.
    """
    across = np.array([-direction[1], direction[0]])
    along, off = (pieces - origin) @ direction, (pieces - origin) @ across
    low, high = np.full(len(positions), np.inf), np.full(len(positions), -np.inf)
    for i, position in enumerate(positions):
        hit = (along[:, 0] - position) * (along[:, 1] - position) <= 0
        (s0, s1), (t0, t1) = along[hit].T, off[hit].T
        span = np.where(s1 == s0, 1.0, s1 - s0)
        found = np.concatenate([t0 + (position - s0) / span * (t1 - t0), np.where(s1 == s0, t1, np.nan)])
        found = found[np.isfinite(found)]
        if found.size:
            low[i], high[i] = found.min(), found.max()
    low[np.isinf(low)] = high[np.isinf(high)] = np.nan
    return low, high


def _farthest(pieces: np.ndarray) -> np.ndarray:
    """The two points of an outline that are farthest apart, (2, 2)."""
    points = pieces.reshape(-1, 2)
    hull = points[cv2.convexHull(points.astype(np.float32), returnPoints=False)[:, 0]]
    distances = np.hypot(*(hull[:, None] - hull[None]).transpose(2, 0, 1))
    i, j = np.unravel_index(int(np.argmax(distances)), distances.shape)
    return hull[[i, j]]


def _widest_across(pieces: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The widest crossing at a right angle to the line between `ends`, outer edge to outer edge, (2, 2)."""
    length = float(np.hypot(*(ends[1] - ends[0])))
    direction = (ends[1] - ends[0]) / length
    positions = (np.arange(_POSITIONS) + 0.5) / _POSITIONS * length
    low, high = extents(pieces, ends[0], direction, positions)
    best = int(np.nanargmax(high - low))
    across = np.array([-direction[1], direction[0]])
    foot = ends[0] + positions[best] * direction
    return np.stack([foot + low[best] * across, foot + high[best] * across])


def _caliper(ends: np.ndarray, scale_xy: np.ndarray, unit: str, edge: float) -> Caliper:
    (ax, ay), (bx, by) = ends / scale_xy
    return Caliper(Measurement(float(np.hypot(*(ends[1] - ends[0]))), unit, 2.0 * edge), ((float(ax), float(ay)), (float(bx), float(by))))


def principal_axes(part_hw: np.ndarray, scale_xy: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centre (2,), variances (2,) largest first and unit vectors (2, 2) as rows, in scaled units; a pixel counts as a little square."""
    rows, columns = np.nonzero(part_hw)
    points = np.stack([columns, rows], axis=1) * scale_xy
    centre = points.mean(axis=0)
    covariance = (points - centre).T @ (points - centre) / len(points) + np.diag(scale_xy**2) / 12.0
    variances, vectors = np.linalg.eigh(covariance)
    return centre, variances[::-1], vectors.T[::-1]


def _ellipse(part_hw: np.ndarray, scale_xy: np.ndarray, unit: str, edge: float) -> Ellipse:
    """A filled ellipse of semi-axes a and b has variances a2/4 and b2/4."""
    centre, variances, vectors = principal_axes(part_hw, scale_xy)
    x, y = vectors[0] if vectors[0][0] >= 0 else -vectors[0]
    long, short = (Measurement(4.0 * math.sqrt(variance), unit, 2.0 * edge) for variance in variances)
    (cx, cy) = centre / scale_xy
    return Ellipse((float(cx), float(cy)), long, short, math.degrees(math.atan2(y, x)))


def _notes(parts: int, part_hw: np.ndarray, ellipse: Ellipse, scale_xy: np.ndarray) -> tuple[str, ...]:
    notes = []
    if parts > 1:
        notes.append(f"{parts} separate parts: lengths and ellipse are of the largest, area and centroid of all")
    share = _overlap(part_hw, ellipse, scale_xy)
    if share < _AGREE:
        notes.append(f"the ellipse fits badly (Dice {share:.2f}), so its circumference describes another shape")
    return tuple(notes)


def _overlap(part_hw: np.ndarray, ellipse: Ellipse, scale_xy: np.ndarray) -> float:
    """Dice of the structure and its ellipse."""
    rows, columns = np.ogrid[: part_hw.shape[0], : part_hw.shape[1]]
    x, y = (columns - ellipse.centre_xy[0]) * scale_xy[0], (rows - ellipse.centre_xy[1]) * scale_xy[1]
    cos, sin = math.cos(math.radians(ellipse.angle_deg)), math.sin(math.radians(ellipse.angle_deg))
    long, short = ellipse.long_axis.value / 2, ellipse.short_axis.value / 2
    inside = ((x * cos + y * sin) / long) ** 2 + ((y * cos - x * sin) / short) ** 2 <= 1.0
    return float(2 * np.count_nonzero(inside & part_hw) / (np.count_nonzero(inside) + np.count_nonzero(part_hw)))
