"""Where a frame of a volume lies in space: kept by labels that belong to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LPS, RAS = "left-posterior-superior", "right-anterior-superior"
"""NRRD's names: the axes of ITK and DICOM, and those of NIfTI."""


@dataclass(frozen=True)
class Place:
    """Of one frame.

    Attributes:
        space: which way the axes of space go, by NRRD's names.
        axes: (3, 3), a row an axis of the picture: the steps in space, in mm, of a pixel to the right, of one
            down, and of a slice.
        origin: (3,), mm: the centre of the first pixel.
    """

    space: str
    axes: np.ndarray
    origin: np.ndarray

    def of_slice(self, number: int) -> Place:
        """The place of a later slice."""
        return Place(self.space, self.axes, self.origin + number * self.axes[2])

    def turned(self, flips: tuple[bool, bool], size: tuple[int, int]) -> Place:
        """That of the picture turned over left to right, and top to bottom; `size` is (width, height)."""
        axes, origin = self.axes.copy(), self.origin.copy()
        for axis, (flip, side) in enumerate(zip(flips, size, strict=True)):
            if flip:
                origin = origin + (side - 1) * axes[axis]
                axes[axis] = -axes[axis]
        return Place(self.space, axes, origin)


def place(space: str, axes: object, origin: object) -> Place | None:
    """A place of what a header says; None unless that is three axes, apart from each other, and an origin."""
    try:
        steps, start = np.asarray(axes, np.float64), np.asarray(origin, np.float64)
    except (TypeError, ValueError):
        return None
    if steps.shape != (3, 3) or start.shape != (3,) or not np.isfinite([*steps.ravel(), *start]).all():
        return None
    lengths = np.linalg.norm(steps, axis=1)
    if lengths.min() <= 0 or abs(np.linalg.det(steps / lengths[:, None])) < 1e-3:
        return None
    return Place(space, steps, start)
