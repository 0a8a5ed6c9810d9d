"""What a sonographer measures on one structure: area, perimeter, calipers, fitted ellipse and its
circumference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from uniultra.measure import Measurement
from uniultra.measure.outline import Part, largest_part, outline
from uniultra.text import Said

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
    """The ellipse with the structure's own first and second moments: centre (x, y) in pixels, full axes, and
    where the long axis points.

    `angle_deg` is measured from x to the right towards y down, -90 to 90, in millimetres' space.
    """

    centre_xy: Point
    long_axis: Measurement
    short_axis: Measurement
    angle_deg: float


@dataclass(frozen=True)
class Shape:
    """All measures of one structure. Area and centroid are of the whole mask; lengths are of its largest
    part, holes filled.
    """

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
"""Tracing on a grid makes discs of 15 pixels radius and more come out up to this share too long
(docs/LOG.md).
"""


def edge_uncertainty(spacing_yx: tuple[float, float]) -> float:
    """Standard uncertainty of where an edge lies: anywhere within the pixel with equal chance, so pixel /
    sqrt(12).

    It is taken to be the same all around (a mask that is a little too large is so everywhere), which bounds
    what independent errors would give: lengths carry twice it, areas the perimeter times it.
    """
    return math.hypot(*spacing_yx) / math.sqrt(24.0)


def tip_uncertainty(long_axis: float, short_axis: float, spacing_yx: tuple[float, float]) -> float:
    """How much of an ellipse's long diameter lies where it is narrower than a pixel, so that a mask may hold
    it or not.

    Near its end an ellipse of semi-axes a and b is 2 b sqrt(2 d / a) wide at the distance d from it: below a
    pixel's side p for d < p2 a / (8 b2), at both ends. Hardly anything but for what is a few pixels across.
    The short axis is taken to be off by twice its own uncertainty: one row of pixels may show as two.
    """
    least = max(short_axis - 4.0 * edge_uncertainty(spacing_yx), 0.5 * short_axis)
    return max(spacing_yx) ** 2 * long_axis / (2.0 * least**2)


def measure_shape(mask_hw: np.ndarray, spacing_mm_yx: tuple[float, float] | None) -> Shape | None:
    """Measures a bool mask (H, W), in mm where `spacing_mm_yx` is given, else in pixels. None where the mask
    is empty.
    """
    part = largest_part(mask_hw)
    if part is None:
        return None
    spacing, (one, two) = spacing_mm_yx or (1.0, 1.0), ("mm", "mm2") if spacing_mm_yx else ("px", "px2")
    scale_xy = np.array([spacing[1], spacing[0]])
    pieces = (outline(part.mask_hw, spacing) + part.origin_xy) * scale_xy
    edge = edge_uncertainty(spacing)
    perimeter = float(np.hypot(*(pieces[:, 1] - pieces[:, 0]).T).sum())
    columns, rows = _profiles(mask_hw)
    area = float(rows.sum()) * spacing[0] * spacing[1]
    long_ends = _farthest(pieces)
    short_ends = _widest_across(pieces, long_ends)
    ellipse = _ellipse(part, scale_xy, one, spacing)
    tips = tip_uncertainty(ellipse.long_axis.value, ellipse.short_axis.value, spacing)
    semi_axes = ellipse.long_axis.value / 2, ellipse.short_axis.value / 2
    diameter = 2.0 * math.sqrt(area / math.pi)
    return Shape(
        area=Measurement(area, two, perimeter * edge),
        perimeter=Measurement(
            perimeter, one, math.hypot(2.0 * math.pi * edge, TRACING_ERROR * perimeter) + tips
        ),
        long_diameter=_caliper(long_ends, scale_xy, one, 2.0 * edge + tips),
        short_diameter=_caliper(short_ends, scale_xy, one, 2.0 * edge),
        ellipse=ellipse,
        circumference=Measurement(ramanujan(*semi_axes), one, 2.0 * math.pi * edge + tips),
        equivalent_diameter=Measurement(diameter, one, perimeter * edge * 2.0 / (math.pi * diameter)),
        centroid_xy=(_mean_place(columns), _mean_place(rows)),
        centroid_uncertainty_px=1.0 / math.sqrt(12.0),
        parts=part.count,
        notes=_notes(part.count, _overlap(part, ellipse, scale_xy, mask_hw.shape)),
    )


def ramanujan(a: float, b: float) -> float:
    """Circumference of an ellipse by its semi-axes; Ramanujan's second approximation ("Modular equations",
    1914), to 1e-4 for b > 0.1 a.
    """
    h = ((a - b) / (a + b)) ** 2
    return math.pi * (a + b) * (1.0 + 3.0 * h / (10.0 + math.sqrt(4.0 - 3.0 * h)))


def extents(
    pieces: np.ndarray, origin: np.ndarray, direction: np.ndarray, positions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The outermost edges across a line: smallest and largest offset, to the line's left hand (x right, y
    down), at each position along it.

    Args:
        pieces: (N, 2, 2), as `outline` gives them.
        direction: unit vector; positions (P,) are distances from `origin` along it, ascending.

    Returns:
        Two arrays (P,); NaN where nothing is crossed.
    """
    across = np.array([-direction[1], direction[0]])
    dx, dy = pieces[..., 0] - origin[0], pieces[..., 1] - origin[1]
    along, off = (dx * x + dy * y for x, y in (direction, across))
    first = np.searchsorted(positions, np.minimum(along[:, 0], along[:, 1]), "left")
    counts = np.searchsorted(positions, np.maximum(along[:, 0], along[:, 1]), "right") - first
    piece = np.repeat(np.arange(len(pieces)), counts)
    place = np.arange(len(piece)) + np.repeat(first - np.cumsum(counts) + counts, counts)
    (s0, s1), (t0, t1) = along[piece].T, off[piece].T
    flat = s1 == s0  # lies on the position whole: both its ends count
    met = t0 + (positions[place] - s0) / np.where(flat, 1.0, s1 - s0) * (t1 - t0)
    place, met = np.concatenate([place, place[flat]]), np.concatenate([met, t1[flat]])
    low, high = np.full(len(positions), np.inf), np.full(len(positions), -np.inf)
    np.minimum.at(low, place, met)
    np.maximum.at(high, place, met)
    low[np.isinf(low)] = high[np.isinf(high)] = np.nan
    return low, high


def _farthest(pieces: np.ndarray) -> np.ndarray:
    """The two points of an outline that are farthest apart, (2, 2), the lower one first."""
    points = pieces[:, 0]
    by_rows = points[:, ::-1].astype(np.float32)  # as they come from `outline`: half sorted already
    hull = points[cv2.convexHull(by_rows, returnPoints=False)[:, 0]]
    across, down = (values[:, None] - values for values in np.ascontiguousarray(hull.T))
    squared = np.square(across, out=across)
    squared += np.square(down, out=down)
    ends = hull[list(divmod(int(np.argmax(squared)), len(hull)))]
    return ends if ends[0, 1] >= ends[1, 1] else ends[::-1]


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


def _caliper(ends: np.ndarray, scale_xy: np.ndarray, unit: str, uncertainty: float) -> Caliper:
    (ax, ay), (bx, by) = ends / scale_xy
    return Caliper(
        Measurement(float(np.hypot(*(ends[1] - ends[0]))), unit, uncertainty),
        ((float(ax), float(ay)), (float(bx), float(by))),
    )


def principal_axes(part_hw: np.ndarray, scale_xy: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centre (2,), variances (2,) largest first and unit vectors (2, 2) as rows, in scaled units; a pixel
    counts as a little square.
    """
    columns, rows = _profiles(part_hw)
    x, y = (np.arange(len(counts)) - len(counts) // 2 for counts in (columns, rows))
    pixels = int(rows.sum())
    cx, cy = x @ columns / pixels, y @ rows / pixels
    along = part_hw.astype(np.float32) @ x.astype(np.float32)  # whole numbers: exact to 8,192 pixels across
    xx, xy, yy = (value / pixels for value in (x * x @ columns, y @ along, y * y @ rows))
    spread = np.array([[xx - cx * cx + 1.0 / 12.0, xy - cx * cy], [xy - cx * cy, yy - cy * cy + 1.0 / 12.0]])
    variances, vectors = np.linalg.eigh(spread * np.outer(scale_xy, scale_xy))
    centre = np.array([cx + len(columns) // 2, cy + len(rows) // 2])
    return centre * scale_xy, variances[::-1], vectors.T[::-1]


def _profiles(mask_hw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many pixels each column and each row of a mask has, int64 (W,) and (H,)."""
    one = np.ascontiguousarray(mask_hw).view(np.uint8)
    columns, rows = (cv2.reduce(one, side, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel() for side in (0, 1))
    return columns.astype(np.int64), rows.astype(np.int64)


def _mean_place(counts: np.ndarray) -> float:
    return float(np.arange(len(counts)) @ counts / counts.sum())


def _ellipse(part: Part, scale_xy: np.ndarray, unit: str, spacing: tuple[float, float]) -> Ellipse:
    """A filled ellipse of semi-axes a and b has variances a2/4 and b2/4."""
    centre, variances, vectors = principal_axes(part.mask_hw, scale_xy)
    x, y = vectors[0] if vectors[0][0] >= 0 else -vectors[0]
    long, short = (4.0 * math.sqrt(variance) for variance in variances)
    edges = 2.0 * edge_uncertainty(spacing)
    axes = (
        Measurement(long, unit, edges + tip_uncertainty(long, short, spacing)),
        Measurement(short, unit, edges),
    )
    cx, cy = centre / scale_xy + part.origin_xy
    return Ellipse((float(cx), float(cy)), *axes, math.degrees(math.atan2(y, x)))


def _notes(parts: int, share: float) -> tuple[str, ...]:
    notes = []
    if parts > 1:
        text = f"{parts} separate parts: lengths and ellipse are of the largest, area and centroid of all"
        notes.append(Said("parts", text, count=parts))
    if share < _AGREE:
        text = f"the ellipse fits badly (Dice {share:.2f}), so its circumference describes another shape"
        notes.append(Said("ellipse-fits-badly", text, dice=f"{share:.2f}"))
    return tuple(notes)


def _overlap(part: Part, ellipse: Ellipse, scale_xy: np.ndarray, frame_hw: tuple[int, ...]) -> float:
    """Dice of the structure and of what the frame shows of its ellipse."""
    first, last = _chords(ellipse, scale_xy, frame_hw)
    pixels = int(np.maximum(last - first + 1, 0).sum(dtype=np.int64))
    left, top = part.origin_xy
    height, width = part.mask_hw.shape
    columns = np.arange(left, left + width, dtype=np.int32)
    rows = slice(top, top + height)
    both = (columns >= first[rows, None]) & (columns <= last[rows, None]) & part.mask_hw
    return 2.0 * np.count_nonzero(both) / (pixels + np.count_nonzero(part.mask_hw))


def _chords(
    ellipse: Ellipse, scale_xy: np.ndarray, frame_hw: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """First and last column whose pixel's centre is in the ellipse, int32 (H,), for each row; the last below
    the first where none is.
    """
    cos, sin = math.cos(math.radians(ellipse.angle_deg)), math.sin(math.radians(ellipse.angle_deg))
    long, short = (2.0 / axis.value for axis in (ellipse.long_axis, ellipse.short_axis))
    y = (np.arange(frame_hw[0]) - ellipse.centre_xy[1]) * scale_xy[1]
    # (x cos + y sin)^2 long^2 + (y cos - x sin)^2 short^2 = 1, as a x^2 + 2 b x + c = 0
    a = (cos * long) ** 2 + (sin * short) ** 2
    b = y * cos * sin * (long**2 - short**2)
    c = y * y * ((sin * long) ** 2 + (cos * short) ** 2) - 1.0
    root = np.sqrt(np.maximum(b * b - a * c, 0.0))
    near, far = ((sign * root - b) / a / scale_xy[0] + ellipse.centre_xy[0] for sign in (-1.0, 1.0))
    first, last = np.maximum(np.ceil(near), 0), np.minimum(np.floor(far), frame_hw[1] - 1)
    return first.astype(np.int32), np.where(b * b >= a * c, last, first - 1).astype(np.int32)
