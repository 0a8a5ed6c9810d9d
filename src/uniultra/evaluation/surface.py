"""How far two outlines are apart: the 95 % Hausdorff distance and the normalised surface Dice, in pixels.

The outline is the mask's own pixels that have a 4-neighbour outside it, beyond the frame included, as in
MONAI. Where one mask is empty no distance exists; so that a failure can't raise the mean by dropping out,
HD95 is then the frame's diagonal and NSD 0. Where both are empty they are 0 and 1.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

TOLERANCE_PX = 2.0
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


def surface_scores(
    predicted_hw: np.ndarray, true_hw: np.ndarray, tolerance_px: float = TOLERANCE_PX
) -> tuple[float, float]:
    """(HD95 in pixels, NSD from 0 to 1) of two bool masks (H, W).

    HD95 is the larger of the two directions' 95th percentiles; NSD (Nikolov et al. 2018, arXiv 1809.04430) is
    the share of both outlines' pixels within the tolerance of the other.
    """
    if not predicted_hw.any() or not true_hw.any():
        equal = bool(predicted_hw.any() == true_hw.any())
        return (0.0, 1.0) if equal else (math.hypot(*predicted_hw.shape), 0.0)
    forth, back = _outline_distances(predicted_hw, true_hw)
    near = np.count_nonzero(forth <= tolerance_px) + np.count_nonzero(back <= tolerance_px)
    return float(max(np.percentile(forth, 95), np.percentile(back, 95))), float(
        near / (forth.size + back.size)
    )


def hausdorff(predicted_hw: np.ndarray, true_hw: np.ndarray) -> float:
    """The maximum Hausdorff distance in pixels of two bool masks (H, W); 0 where both are empty, infinite
    where one is.
    """
    if not predicted_hw.any() or not true_hw.any():
        return 0.0 if bool(predicted_hw.any() == true_hw.any()) else math.inf
    forth, back = _outline_distances(predicted_hw, true_hw)
    return float(max(forth.max(), back.max()))


def _outline_distances(predicted_hw: np.ndarray, true_hw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances of each outline's pixels to the other outline; what lies outside both masks' common box
    changes nothing.
    """
    union_hw = predicted_hw | true_hw
    rows, columns = np.flatnonzero(union_hw.any(axis=1)), np.flatnonzero(union_hw.any(axis=0))
    view = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    predicted, true = _outline(predicted_hw[view]), _outline(true_hw[view])
    return _distance_to(true)[predicted], _distance_to(predicted)[true]


def _outline(mask_hw: np.ndarray) -> np.ndarray:
    inner = cv2.erode(mask_hw.astype(np.uint8), _CROSS, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return mask_hw & (inner == 0)


def _distance_to(outline_hw: np.ndarray) -> np.ndarray:
    """Euclidean distance to the nearest True pixel, float64; squares of distances are whole numbers, which
    undoes cv2's float32.
    """
    rough = cv2.distanceTransform((~outline_hw).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE).astype(
        np.float64
    )
    return np.asarray(np.sqrt(np.rint(rough**2)))
