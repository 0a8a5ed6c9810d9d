"""A picture of two masks laid over one image, close to what they outline."""

from __future__ import annotations

import cv2
import numpy as np

from uniultra.io.overlay import PALETTE

TILE_HW = (216, 288)
COLUMNS = 5
"""Tiles in a row of a sheet."""
_MARGIN = 0.15
"""Around the outlines, of their longer side."""


def two_outlines(pixels_hw: np.ndarray, mask_hw: np.ndarray, other_hw: np.ndarray) -> np.ndarray:
    """uint8 RGB, as large as fits into TILE_HW: the outline of a mask in blue, of the other in orange.

    Args:
        pixels_hw: uint8 (H, W).
        mask_hw, other_hw: bool (H, W); not both empty.
    """
    view = _view(mask_hw | other_hw)
    height, width = pixels_hw[view].shape
    zoom = min(TILE_HW[0] / height, TILE_HW[1] / width)
    size_wh = max(round(width * zoom), 1), max(round(height * zoom), 1)
    way = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    grey = cv2.resize(np.ascontiguousarray(pixels_hw[view]), size_wh, interpolation=way)
    picture = cv2.cvtColor(np.asarray(grey), cv2.COLOR_GRAY2RGB)
    for mask, colour in zip((mask_hw, other_hw), PALETTE, strict=False):
        inside = cv2.resize(mask[view].astype(np.uint8), size_wh, interpolation=cv2.INTER_NEAREST)
        outlines, _ = cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, outlines, -1, colour, 1, cv2.LINE_AA)
    return np.asarray(picture)


def _view(mask_hw: np.ndarray) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask_hw.any(axis=1)), np.flatnonzero(mask_hw.any(axis=0))
    margin = round(_MARGIN * max(rows[-1] - rows[0], columns[-1] - columns[0])) + 4
    return (
        slice(max(int(rows[0]) - margin, 0), int(rows[-1]) + 1 + margin),
        slice(max(int(columns[0]) - margin, 0), int(columns[-1]) + 1 + margin),
    )
