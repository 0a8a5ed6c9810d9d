"""COCO polygons in, as pycocotools fills them: coordinates count from the corner of the first pixel, not from
its centre.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from uniultra.errors import PromptError

_FINER = 5
"""Edges are followed on a grid this much finer than pixels."""
_MAX_SIDE = 10**5
"""Legal size of a coordinate in pixels: beyond every image, and small enough to follow."""


def filled(corners: Sequence[float], frame_hw: tuple[int, int]) -> np.ndarray:
    """The bool mask (H, W) of one polygon x0, y0, x1, y1, ..., the same as `frPyObjects` and `decode` of
    pycocotools 2.0 give.

    Where an edge crosses a column's middle, everything below changes between inside and outside (even-odd).

    Raises:
        PromptError: not three points or more, or a coordinate that is not finite or beyond 100,000.
    """
    points_xy = np.asarray(corners, np.float64)
    if points_xy.ndim != 1 or points_xy.size < 6 or points_xy.size % 2:
        raise PromptError(f"{points_xy.size} numbers are not a polygon; give x and y of 3 or more points")
    if not (np.abs(points_xy) <= _MAX_SIDE).all():
        raise PromptError(
            f"a polygon's coordinates are finite numbers within +-{_MAX_SIDE}, in pixels; correct it"
        )
    height, width = frame_hw
    fine_xy = np.trunc(_FINER * points_xy.reshape(-1, 2) + 0.5).astype(np.int64)
    changes = np.zeros(width * height + 1, np.uint8)
    for start, end in zip(fine_xy, np.roll(fine_xy, -1, axis=0), strict=True):
        np.add.at(changes, _crossings(_line(start, end), frame_hw), np.uint8(1))
    return np.asarray((np.cumsum(changes[:-1], dtype=np.uint8) & 1).reshape(width, height).T == 1)


def _line(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The points of an edge on the fine grid, int64 (N, 2), a step of 1 apart along its longer side.

    They are worked out from its lower to its higher end, whichever it begins with.
    """
    longer = int(np.argmax(np.abs(end - start)))
    low, high = (start, end) if start[longer] <= end[longer] else (end, start)
    steps = np.arange(high[longer] - low[longer] + 1)
    slope = (high[1 - longer] - low[1 - longer]) / max(int(steps[-1]), 1)
    points = np.empty((len(steps), 2), np.int64)
    points[:, longer] = low[longer] + steps
    points[:, 1 - longer] = np.trunc(low[1 - longer] + slope * steps + 0.5)
    return points if low is start else points[::-1]


def _crossings(points: np.ndarray, frame_hw: tuple[int, int]) -> np.ndarray:
    """The indices, by columns, below which an edge that crosses the middle of a column changes inside to
    outside.
    """
    height, width = frame_hw
    (u0, v0), (u1, v1) = points[:-1].T, points[1:].T
    crossed = np.minimum(u0, u1)  # the fine column left of the step, where there is one
    middle = (u0 != u1) & (crossed % _FINER == _FINER // 2) & (crossed >= 0) & (crossed // _FINER < width)
    rows = np.ceil((np.minimum(v0, v1)[middle] + 0.5) / _FINER - 0.5).clip(0, height).astype(np.int64)
    return crossed[middle] // _FINER * height + rows
