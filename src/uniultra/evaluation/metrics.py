"""The numbers: overlap of two masks, distances between their contours, skill over the ellipse, calibration of
the quality, and intervals by the bootstrap.

NaN stands for "not defined here"; the report prints it as n/a.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

BOOTSTRAP_SAMPLES = 1000


def dice(predicted_hw: np.ndarray, true_hw: np.ndarray) -> float:
    """2 |A and B| / (|A| + |B|) of two bool masks (H, W), 0 to 1; 1 where both are empty."""
    common, sizes = _overlap(predicted_hw, true_hw)
    return 2.0 * common / sizes if sizes else 1.0


def iou(predicted_hw: np.ndarray, true_hw: np.ndarray) -> float:
    """|A and B| / |A or B| of two bool masks (H, W), 0 to 1; 1 where both are empty."""
    common, sizes = _overlap(predicted_hw, true_hw)
    return common / (sizes - common) if sizes else 1.0


def skill(dice: float, ellipse_dice: float) -> float:
    """The share gained of what the ellipse in the box leaves to gain: (dice - ellipse) / (1 - ellipse), at
    most 1.

    0 is no better than the ellipse, negative is worse. NaN where the ellipse is perfect: nothing is left to
    win. The closer the ellipse comes to 1 the wilder this gets, so take it of MEAN Dices over many objects
    and never average it over objects.
    """
    if math.isnan(ellipse_dice) or ellipse_dice >= 1.0:
        return math.nan
    return (dice - ellipse_dice) / (1.0 - ellipse_dice)


def expected_calibration_error(
    quality: Sequence[float] | np.ndarray, iou: Sequence[float] | np.ndarray, bins: int = 10
) -> float:
    """Mean distance between predicted and true IoU over `bins` equal bins of the predicted one, weighted by
    their counts; 0 is best.

    A quality of NaN (the segmenter gives none) is left out; NaN where none is left. As Guo et al. 2017, arXiv
    1706.04599, eq. 5.
    """
    curve = reliability_curve(quality, iou, bins)
    count = sum(each.count for each in curve)
    return sum(each.count * abs(each.quality - each.iou) for each in curve) / count if count else math.nan


@dataclass(frozen=True)
class ReliabilityBin:
    """Answers whose predicted IoU lies in one of the equal bins: their mean predicted and true IoU, and how
    many.
    """

    quality: float
    iou: float
    count: int


def reliability_curve(
    quality: Sequence[float] | np.ndarray, iou: Sequence[float] | np.ndarray, bins: int = 10
) -> tuple[ReliabilityBin, ...]:
    """The bins of `expected_calibration_error` that hold answers, lowest first; on the diagonal the quality
    is calibrated.
    """
    predicted, true = np.asarray(quality, dtype=np.float64), np.asarray(iou, dtype=np.float64)
    which = np.where(
        np.isnan(predicted), -1, np.clip(np.nan_to_num(predicted) * bins, 0, bins - 1).astype(int)
    )
    filled = [which == number for number in range(bins) if (which == number).any()]
    return tuple(
        ReliabilityBin(float(predicted[own].mean()), float(true[own].mean()), int(own.sum()))
        for own in filled
    )


def mean(values: Iterable[float]) -> float:
    """Of at least one value."""
    return float(np.mean(list(values)))


def bootstrap_means(
    values: Sequence[float] | np.ndarray, groups: Sequence[str], seed: int, samples: int = BOOTSTRAP_SAMPLES
) -> np.ndarray:
    """The mean of `values` in each of `samples` worlds, shape (samples,), where whole groups are drawn with
    replacement.

    Groups of the same names are drawn alike for the same seed, so two segmenters on the same data can be
    compared pair by pair.
    """
    names, member_of = np.unique(np.asarray(groups), return_inverse=True)
    sums = np.bincount(member_of, weights=np.asarray(values, dtype=np.float64))
    counts = np.bincount(member_of)
    drawn = np.random.default_rng(seed).integers(len(names), size=(samples, len(names)))
    return np.asarray(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1))


def percentile_interval(means: np.ndarray) -> tuple[float, float]:
    """The middle 95 % of bootstrap means (samples,)."""
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)


def _overlap(predicted_hw: np.ndarray, true_hw: np.ndarray) -> tuple[int, int]:
    """(pixels in both, sum of the two sizes)."""
    assert predicted_hw.shape == true_hw.shape, f"masks of {predicted_hw.shape} and {true_hw.shape}"
    assert predicted_hw.dtype == true_hw.dtype == np.bool_, "masks must be bool"
    common = int(np.count_nonzero(predicted_hw & true_hw))
    return common, int(np.count_nonzero(predicted_hw)) + int(np.count_nonzero(true_hw))


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
        alike = predicted_hw.any() == true_hw.any()
        return (0.0, 1.0) if alike else (math.hypot(*predicted_hw.shape), 0.0)
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
