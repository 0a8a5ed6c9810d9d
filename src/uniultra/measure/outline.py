"""The edge of a mask between its pixels: short straight pieces, from which lengths are taken."""

from __future__ import annotations

import itertools

import cv2
import numpy as np

SMOOTHING = 1.0
"""Sigma in (the larger side of) pixels. A circle is then measured 0.5 % too long from a radius of 15 pixels on (docs/LOG.md)."""
_MOVED = 0.03
"""Where smoothing changes the area by a larger share, the structure is too small or thin for it: its edge runs halfway between pixels."""


def main_part(mask_hw: np.ndarray) -> tuple[np.ndarray, int]:
    """The largest connected part with its holes filled, bool (H, W), and how many parts there are (8-connected)."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask_hw.astype(np.uint8), connectivity=8)
    if count < 2:
        return np.zeros_like(mask_hw), 0
    part = (parts == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))).astype(np.uint8)
    contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return cv2.drawContours(np.zeros_like(part), contours, -1, 1, cv2.FILLED).astype(bool), count - 1


def outline(mask_hw: np.ndarray, spacing_yx: tuple[float, float] = (1.0, 1.0)) -> np.ndarray:
    """The edge as pieces (N, 2, 2): N times two ends (x, y) in source pixels, unordered; (0, 2, 2) for an empty mask.

    Marching squares on the mask smoothed by SMOOTHING, equally far in both directions, whose pixels may have different sizes.
    """
    sigma_yx = [SMOOTHING * max(spacing_yx) / side for side in spacing_yx]
    pad_y, pad_x = (int(np.ceil(4 * sigma)) for sigma in sigma_yx)
    inside = np.pad(mask_hw, ((pad_y, pad_y), (pad_x, pad_x)))
    level = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), sigmaX=sigma_yx[1], sigmaY=sigma_yx[0])
    pixels = np.count_nonzero(inside)
    if abs(np.count_nonzero(level > 0.5) - pixels) > _MOVED * pixels:
        level = inside.astype(np.float32)
    return _pieces(level - 0.5) - (pad_x, pad_y)


def _pieces(level: np.ndarray) -> np.ndarray:
    """The lines on which `level` is 0, (N, 2, 2)."""
    rows, columns = _cells(level > 0)
    corners = [level[rows + dy, columns + dx].astype(np.float64) for dy, dx in ((0, 0), (0, 1), (1, 1), (1, 0))]
    edges = [_crossing(corners[i], corners[(i + 1) % 4], i) for i in range(4)]
    origin = np.stack([columns, rows], axis=1)
    crossed = np.stack([(corners[i] > 0) != (corners[(i + 1) % 4] > 0) for i in range(4)])
    two, four = crossed.sum(axis=0) == 2, crossed.all(axis=0)
    first_in = corners[0] > 0
    pieces = []
    for i, j in itertools.combinations(range(4), 2):
        # Where all four edges are crossed, the inside is taken as connected: its two corners aren't cut off.
        saddle = four & (first_in if (i, j) in ((0, 1), (2, 3)) else ~first_in) if (i, j) in ((0, 1), (2, 3), (0, 3), (1, 2)) else False
        chosen = (two & crossed[i] & crossed[j]) | saddle
        pieces.append(np.stack([edges[i][chosen] + origin[chosen], edges[j][chosen] + origin[chosen]], axis=1))
    return np.concatenate(pieces)


def _cells(inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the top-left corners of the 2 x 2 cells that the edge runs through."""
    total = inside[:-1, :-1].astype(np.uint8) + inside[1:, :-1] + inside[:-1, 1:] + inside[1:, 1:]
    rows, columns = np.nonzero((total > 0) & (total < 4))
    return rows, columns


def _crossing(start: np.ndarray, end: np.ndarray, side: int) -> np.ndarray:
    """Where the level is 0 on a cell's side (0 top, 1 right, 2 bottom, 3 left, clockwise), (N, 2) from the cell's first corner."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(start == end, 0.5, start / (start - end))
    one, none = np.ones_like(share), np.zeros_like(share)
    x, y = ((share, none), (one, share), (1 - share, one), (none, 1 - share))[side]
    return np.stack([x, y], axis=1)
