"""What callers give: sequences as tuples of Python's numbers, and what a wrong value is called in a
message.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from uniultra.errors import PromptError


def prompt_sequences(box: Any, points: Any, labels: Any) -> tuple[Any, Any, Any]:
    """A prompt's lists and arrays as tuples, with labels 1 (positive) where there are none.

    Raises PromptError for what is no sequence of numbers.
    """
    try:
        box = None if box is None else tuple_of(box)
        points = tuple(tuple_of(point) for point in points)
        return box, points, tuple_of(labels) or (1,) * len(points)
    except TypeError as error:
        raise PromptError(
            f"box {box!r:.60}, points {points!r:.60}, labels {labels!r:.60} are not sequences of numbers; "
            "give (x0, y0, x1, y1), ((x, y), ...) and (1 or 0, ...)"
        ) from error


def tuple_of(values: Sequence[float]) -> tuple[Any, ...]:
    """Numbers as a tuple, those of numpy as Python's. Raises TypeError for anything else."""
    found = tuple(value.item() if isinstance(value, np.generic) else value for value in values)
    if not all(isinstance(value, int | float) for value in found):
        raise TypeError("not numbers")
    return found


def is_size(spacing_mm_yx: object) -> bool:
    if not isinstance(spacing_mm_yx, Sequence | np.ndarray) or len(spacing_mm_yx) != 2:
        return False
    return all(isinstance(side, int | float | np.number) and 0 < side < math.inf for side in spacing_mm_yx)


def described(value: object) -> str:
    """An array's type and shape, or a value's class, for messages."""
    return (
        f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else f"of type {type(value).__name__}"
    )


def check_previous(mask: object) -> None:
    """Raises PromptError for a previous mask that isn't a bool array (height, width), or None."""
    if mask is None or (isinstance(mask, np.ndarray) and mask.ndim == 2 and mask.dtype == np.bool_):
        return
    raise PromptError(
        f"the previous mask is {described(mask)}; it must be a bool array (height, width), as in mask > 0"
    )


def check_box(box_xyxy: tuple[float, ...] | None) -> None:
    """Raises PromptError for a box that isn't four finite numbers, or is empty or inverted."""
    if box_xyxy is None:
        return
    if len(box_xyxy) != 4 or not all(math.isfinite(v) for v in box_xyxy):
        raise PromptError(f"box {numbers(box_xyxy)} is not four finite numbers; give x0,y0,x1,y1 in pixels")
    x0, y0, x1, y1 = box_xyxy
    if x1 <= x0 or y1 <= y0:
        raise PromptError(
            f"box {numbers(box_xyxy)} is empty or inverted; give x0,y0,x1,y1 with x0 < x1 and y0 < y1"
        )


def check_points(points_xy: tuple[tuple[float, float], ...], labels: tuple[int, ...]) -> None:
    """Raises PromptError for points that aren't two finite numbers each, with one label each, 1 or 0."""
    if len(points_xy) != len(labels):
        raise PromptError(
            f"{len(points_xy)} points but {len(labels)} labels; give one label (1 or 0) per point"
        )
    for point in points_xy:
        if len(point) != 2 or not all(math.isfinite(v) for v in point):
            raise PromptError(f"point {numbers(point)} is not two finite numbers; give x,y in pixels")
    for label in labels:
        if label not in (1, 0):
            raise PromptError(
                f"point label {label:g} is unknown; use 1 (inside the structure) or 0 (outside)"
            )


def numbers(values: tuple[float, ...]) -> str:
    return ",".join(f"{v:g}" for v in values)
