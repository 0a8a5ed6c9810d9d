"""Planes of a volume in memory: its greys, the axis of its frames, places on a plane, and the box that
changed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from uniultra.errors import PromptError

Span = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
"""First and one past the last index along each axis."""
SCRIBBLE_POINTS = 5


def grey(values: np.ndarray) -> np.ndarray:
    """uint8: as it is where all values are whole numbers from 0 to 255, else spread from the smallest to the
    largest.
    """
    if values.dtype == np.uint8:
        return values.copy()
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 255 and (values == np.rint(values)).all():
        return values.astype(np.uint8)
    share = (values.astype(np.float64) - low) / (high - low) if high > low else np.zeros(values.shape)
    return np.asarray(np.rint(255 * share).astype(np.uint8))


def frame_axis(shape: Sequence[int]) -> int:
    """Of a volume that isn't said to be a cine."""
    return list(shape).index(1) if 1 in shape else 0


def plane(volume: np.ndarray, axis: int, number: int) -> np.ndarray:
    """One frame (H, W), a view."""
    found = volume[(slice(None),) * axis + (number,)]
    return found.T if axis == 2 else found


def xy(index: Sequence[float], axis: int) -> tuple[float, float]:
    """A place on a plane, of an index into the volume."""
    first, second = (float(value) for other, value in enumerate(index) if other != axis)
    return (first, second) if axis == 2 else (second, first)


def indices(index: Sequence[float], shape: Sequence[int]) -> list[int]:
    """Whole numbers within the volume. Raises PromptError."""
    if len(index) != 3 or not np.isfinite(np.asarray(index, np.float64)).all():
        raise PromptError("a position has 3 finite numbers; send an index along each axis")
    at = [round(float(value)) for value in index]
    if any(not 0 <= value < side for value, side in zip(at, shape, strict=True)):
        raise PromptError(
            f"place {at} is outside the image of {tuple(shape)}; legal are 0 to one less a side"
        )
    return at


def spread(plane_hw: np.ndarray) -> list[tuple[float, float]]:
    """Some marked pixels, each as far from those before it as can be; the first is the nearest to the
    middle.
    """
    places = np.argwhere(plane_hw)[:, ::-1].astype(np.float64)
    chosen = [int(np.square(places - places.mean(axis=0)).sum(axis=1).argmin())]
    while len(chosen) < min(SCRIBBLE_POINTS, len(places)):
        far = np.square(places[:, None] - places[chosen]).sum(axis=2).min(axis=1)
        chosen.append(int(far.argmax()))
    return [(float(x), float(y)) for x, y in places[chosen]]


def changed(before: np.ndarray, after: np.ndarray) -> Span | None:
    """The box around what differs; None where nothing does."""
    differs = before != after
    if not differs.any():
        return None
    others = ((1, 2), (0, 2), (0, 1))
    hits = [np.flatnonzero(differs.any(axis=other)) for other in others]
    a, b, c = ((int(hit[0]), int(hit[-1]) + 1) for hit in hits)
    return a, b, c
