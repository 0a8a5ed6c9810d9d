"""Sizes of a mask: in millimetres where the frame's calibration is known, in pixels where it is not; the
answer says which.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from uniultra.types import Mask


@dataclass(frozen=True)
class Measurement:
    """A value, its unit, such as 132.5 "mm2" or 4021.0 "px2", and its standard uncertainty in that unit.

    The uncertainty is what follows from the size of a pixel alone (see `shape.edge_uncertainty`); None where
    it wasn't requested.
    """

    value: float
    unit: str
    uncertainty: float | None = None


def area_px(mask: Mask) -> int:
    """Number of pixels inside."""
    return int(np.count_nonzero(mask.mask_hw))


def area(mask: Mask) -> Measurement:
    """Area in mm2, or in px2 (pixels) where the spacing is unknown."""
    pixels = area_px(mask)
    if mask.spacing_mm_yx is None:
        return Measurement(float(pixels), "px2")
    down, right = mask.spacing_mm_yx
    return Measurement(pixels * down * right, "mm2")
