"""The edge of a mask between its pixels: short straight pieces, from which lengths are taken."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

SMOOTHING = (1.0, 0.7, 0.5)
"""Sigmas in (the larger side of) pixels; the first that leaves the enclosed area alone is used.

With 1 a circle is measured 0.5 % too long from a radius of 15 pixels on; without any, a small or thin
structure is up to a fifth too long, as stairs are (docs/LOG.md).
"""
_MOVED = 0.045
"""Smoothing that changes the area by a larger share is too strong for the structure. Chosen on 3,000 ellipses
down to a pixel across: docs/LOG.md.
"""
_CORNERS_XY = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
"""The corners of a cell of 2 x 2 pixels, clockwise on the screen. Side i runs from corner i to the next one.
"""
_STEPS_XY = np.roll(_CORNERS_XY, -1, axis=0) - _CORNERS_XY
"""From the first to the second end of each side."""
_FROM = (0, 0, 1, 1, 2, 0, 2, 2, 3, 0, 3, 1, 3, 0, 3, 0)
_TO = (0, 3, 0, 3, 1, 1, 0, 3, 2, 2, 0, 2, 1, 1, 0, 0)
_SIDES = np.array([_FROM, _TO]).T
"""The sides between which the edge crosses a cell, by which corners are inside (1, 2, 4 and 8, added).

It begins on the side whose first corner is inside.
"""
_SADDLES = {5: (2, 3), 10: (1, 2)}
"""A second piece, where opposite corners are inside: the inside is taken as connected, so its two corners
aren't cut off.
"""


@dataclass(frozen=True)
class Part:
    """The largest connected part of a mask, its holes filled, cut to its tight box.

    Attributes:
        mask_hw: bool (H, W) of the box.
        origin_xy: where the box's first pixel lies in the whole mask.
        count: connected parts in the whole mask.
    """

    mask_hw: np.ndarray
    origin_xy: tuple[int, int]
    count: int


def largest_part(mask_hw: np.ndarray) -> Part | None:
    """What lengths are measured on; None for an empty mask."""
    inside, (left, top) = _cut_out(mask_hw)
    if not inside.size:
        return None
    part, count = main_part(inside)
    if count == 1:
        return Part(part, (left, top), count)
    part, (x, y) = _cut_out(part)
    return Part(part, (left + x, top + y), count)


def _cut_out(mask_hw: np.ndarray) -> tuple[np.ndarray, tuple[int, int]]:
    """A bool mask (H, W) cut to its tight box, and the (x, y) of that box's first pixel."""
    x, y, width, height = cv2.boundingRect(np.ascontiguousarray(mask_hw).view(np.uint8))
    return np.ascontiguousarray(mask_hw[y : y + height, x : x + width]), (x, y)


def main_part(mask_hw: np.ndarray) -> tuple[np.ndarray, int]:
    """The largest connected part with its holes filled, bool (H, W), and how many parts there are
    (8-connected).
    """
    one = np.ascontiguousarray(mask_hw).view(np.uint8)
    filled, outlines = _filled(one)
    if outlines < 2 and np.array_equal(filled, one):
        return filled.view(np.bool_), outlines
    count, parts, stats, _ = cv2.connectedComponentsWithStats(one, connectivity=8)
    if count > 2:
        areas, tops, lefts = stats[1:, [cv2.CC_STAT_AREA, cv2.CC_STAT_TOP, cv2.CC_STAT_LEFT]].T
        largest = 1 + int(
            np.lexsort((lefts, tops, -areas))[0]
        )  # of equal ones the uppermost, wherever they lie
        filled, _ = _filled((parts == largest).astype(np.uint8))
    return filled.view(np.bool_), count - 1


def _filled(mask_hw: np.ndarray) -> tuple[np.ndarray, int]:
    """A uint8 mask with its holes filled, 0 and 1, and how many outer edges it has."""
    contours, _ = cv2.findContours(mask_hw, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return np.asarray(cv2.drawContours(np.zeros_like(mask_hw), contours, -1, 1, cv2.FILLED)), len(contours)


def outline(mask_hw: np.ndarray, spacing_yx: tuple[float, float] = (1.0, 1.0)) -> np.ndarray:
    """The edge as pieces (N, 2, 2): N times two ends (x, y) in source pixels, unordered; (0, 2, 2) for an
    empty mask.

    Each piece begins where another ends, with the inside on the same hand, so the first ends are all points
    of the edge, once each.
    Marching squares on the mask, smoothed equally far in both directions, whose pixels may have different
    sizes; halfway between pixels where the structure is too small or thin for any smoothing.
    """
    one, pixels = mask_hw.astype(np.float32), np.count_nonzero(mask_hw)
    for sigma in SMOOTHING:
        sigma_yx = [sigma * max(spacing_yx) / side for side in spacing_yx]
        pad_y, pad_x = (int(np.ceil(4 * each)) for each in sigma_yx)
        inside = cv2.copyMakeBorder(one, pad_y, pad_y, pad_x, pad_x, cv2.BORDER_CONSTANT, value=0)
        level = cv2.GaussianBlur(inside, (0, 0), sigmaX=sigma_yx[1], sigmaY=sigma_yx[0])
        pieces = _pieces(level, level > 0.5)
        if abs(_enclosed(pieces) - pixels) <= _MOVED * pixels:
            return pieces - (pad_x, pad_y)
    return _pieces(inside, inside > 0.5) - (pad_x, pad_y)


def _enclosed(pieces: np.ndarray) -> float:
    """The area within, by Gauss's formula: each piece has the inside on the same hand."""
    (x0, y0), (x1, y1) = pieces[:, 0].T, pieces[:, 1].T
    return float(x0 @ y1 - x1 @ y0) / 2.0


def _pieces(level_hw: np.ndarray, inside_hw: np.ndarray) -> np.ndarray:
    """The lines on which `level_hw` is 0.5, (N, 2, 2); it is above inside."""
    cells, corners = _cells(inside_hw)
    more = [(cells[corners == saddle], sides) for saddle, sides in _SADDLES.items()]
    sides = [_SIDES[corners], *(np.tile(second, (len(at), 1)) for at, second in more)]
    return _crossings(level_hw, np.concatenate([cells, *(at for at, _ in more)]), np.concatenate(sides))


def _cells(inside_hw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 2 x 2 cells that the edge runs through: the flat index of each one's first pixel, and its corners
    as `_SIDES` counts them.

    The outermost pixels must be outside, so that no cell that wraps from one row's end to the next row
    counts.
    """
    one, width = inside_hw.view(np.uint8).ravel(), inside_hw.shape[1]
    corners = one[: -width - 1] + 2 * one[1:-width] + 4 * one[width + 1 :] + 8 * one[width:-1]
    cells = np.flatnonzero(corners - np.uint8(1) < 14)  # neither 0 nor 15: 0 - 1 is 255
    return cells, corners[cells]


def _crossings(level_hw: np.ndarray, cells: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """Where the level is 0.5 on two sides, (N, 2), of the cells (N,): points (N, 2, 2). A side's ends have
    different signs.
    """
    width = level_hw.shape[1]
    flat, corners = level_hw.ravel(), _CORNERS_XY @ (1, width)
    first = cells[:, None] + corners[sides]
    last = first + (_STEPS_XY @ (1, width))[sides]
    start, end = (flat[at].astype(np.float64) - 0.5 for at in (first, last))
    y, x = np.divmod(first, width)
    share = start / (start - end)
    return np.stack([x + share * _STEPS_XY[:, 0][sides], y + share * _STEPS_XY[:, 1][sides]], axis=2)
