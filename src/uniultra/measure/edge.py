"""The edge of a mask as one closed line along the outer edges of its pixels: what fills it is the mask."""

from __future__ import annotations

import cv2
import numpy as np

from uniultra.measure.outline import main_part

THINNING = (0.75, 0.5, 0.35)
"""Pixels by which the line may leave the exact edge, best first. Steps along a slant are 0.71 apart."""
MOST_CHANGE = 0.003
"""Share of the area by which thinning may change it; else the next of THINNING is taken, or the exact
edge.
"""


def edge_line(mask_hw: np.ndarray, most_points: int) -> np.ndarray:
    """The outer edge of the largest part of a mask, bool (H, W), holes filled: x, y of corners (N, 2), first
    = last.

    Coordinates count from the outer CORNER of the first pixel, so that a pixel's centre is at 0.5. Corners
    are left out by distance (Douglas and Peucker) while that keeps the area; more than `most_points` are
    thinned further. The mask isn't empty.
    """
    part, _ = main_part(mask_hw)
    exact = _corners(part)
    area = np.count_nonzero(part)
    for distance in THINNING:
        line = _thinned(exact, distance)
        if (
            len(line) > 3
            and len(line) < most_points
            and abs(cv2.contourArea(line.astype(np.float32)) - area) <= MOST_CHANGE * area
        ):
            return _closed(line)
    line, distance = exact, 1.0
    while len(line) >= most_points:
        line, distance = _thinned(exact, distance), 2 * distance
    return _closed(line)


def _corners(part_hw: np.ndarray) -> np.ndarray:
    """The corners of the outer edge in their order, (N, 2) float, clockwise on the screen."""
    after = _steps(part_hw)
    start = min(
        after, key=lambda corner: (corner[1], corner[0])
    )  # top left: surely of the outer edge, and a corner
    line, at, going = [start], start, (1, 0)
    while True:
        ways = after[at]
        # Where two pixels meet at their corners, the turn to the left keeps them in one line.
        turned = (going[1], -going[0])
        step = ways[0] if len(ways) == 1 or ways[0] == turned else ways[1]
        if step != going and at != start:
            line.append(at)
        at, going = (at[0] + step[0], at[1] + step[1]), step
        if at == start:
            return np.array(line, dtype=np.float64)


def _steps(part_hw: np.ndarray) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """From each corner of a pixel, the steps along the edge that have the mask on their right."""
    inside = np.pad(part_hw, 1)
    sides = (
        ((1, 0), inside[1:-1, 1:-1] & ~inside[:-2, 1:-1], (0, 0)),  # top, to the right
        ((0, 1), inside[1:-1, 1:-1] & ~inside[1:-1, 2:], (1, 0)),  # right, down
        ((-1, 0), inside[1:-1, 1:-1] & ~inside[2:, 1:-1], (1, 1)),  # bottom, to the left
        ((0, -1), inside[1:-1, 1:-1] & ~inside[1:-1, :-2], (0, 1)),  # left, up
    )
    after: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for step, edge, (dx, dy) in sides:
        for y, x in np.argwhere(edge).tolist():
            after.setdefault((x + dx, y + dy), []).append(step)
    return after


def _thinned(line: np.ndarray, distance: float) -> np.ndarray:
    return cv2.approxPolyDP(line.astype(np.float32)[:, None], distance, True)[:, 0].astype(np.float64)


def _closed(line: np.ndarray) -> np.ndarray:
    return np.concatenate([line, line[:1]])
