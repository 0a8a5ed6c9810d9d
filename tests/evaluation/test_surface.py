"""HD95 and NSD: equal to MONAI's, and defined where a mask is empty."""

from __future__ import annotations

import math

import numpy as np
import pytest

from phantoms import ellipse
from uniultra.evaluation.metrics import expected_calibration_error, reliability_curve
from uniultra.evaluation.surface import hausdorff, surface_scores


def test_equal_to_monai() -> None:
    torch, metrics = pytest.importorskip("torch"), pytest.importorskip("monai.metrics")
    rng = np.random.default_rng(0)
    for _ in range(6):
        pair = [
            ellipse((90, 120), tuple(rng.uniform(10, 80, 2)), tuple(rng.uniform(5, 40, 2))) for _ in range(2)
        ]
        first, second = (torch.from_numpy(hw)[None, None].float() for hw in pair)
        hd95 = metrics.compute_hausdorff_distance(
            first, second, include_background=True, percentile=95
        ).item()
        nsd = metrics.compute_surface_dice(first, second, [2.0], include_background=True).item()
        assert surface_scores(pair[0], pair[1]) == pytest.approx((hd95, nsd), rel=1e-6, abs=1e-6)


def test_a_shift_is_its_length() -> None:
    one, other = np.zeros((60, 60), bool), np.zeros((60, 60), bool)
    one[10:30, 10:30], other[10:30, 15:35] = True, True
    hd95, nsd = surface_scores(one, other)
    assert hd95 == 5.0
    assert surface_scores(other, one) == (hd95, nsd)
    assert surface_scores(one, one) == (0.0, 1.0)


def test_empty_masks_are_defined() -> None:
    empty, full = np.zeros((30, 40), bool), np.ones((30, 40), bool)
    assert surface_scores(empty, empty) == (0.0, 1.0)
    assert surface_scores(empty, full) == (50.0, 0.0)
    assert surface_scores(full, empty) == (50.0, 0.0)


def test_the_reliability_curve_adds_up_to_the_calibration_error() -> None:
    rng = np.random.default_rng(1)
    quality, iou = np.append(rng.uniform(0, 1, 200), math.nan), rng.uniform(0, 1, 201)
    curve = reliability_curve(quality, iou)
    assert sum(each.count for each in curve) == 200
    error = sum(each.count * abs(each.quality - each.iou) for each in curve) / 200
    assert error == pytest.approx(expected_calibration_error(quality, iou))


def test_hausdorff_equals_scipy_and_monai() -> None:
    distance = pytest.importorskip("scipy.spatial.distance")
    torch, metrics = pytest.importorskip("torch"), pytest.importorskip("monai.metrics")
    rng = np.random.default_rng(1)
    for _ in range(6):
        one, other = (
            ellipse((90, 120), tuple(rng.uniform(10, 80, 2)), tuple(rng.uniform(5, 40, 2))) for _ in range(2)
        )
        first, second = (torch.from_numpy(hw)[None, None].float() for hw in (one, other))
        assert hausdorff(one, other) == pytest.approx(
            metrics.compute_hausdorff_distance(first, second, include_background=True).item(), rel=1e-6
        )
        outlines = [np.argwhere(hw & ~_inner(hw)) for hw in (one, other)]
        both = (distance.directed_hausdorff(*outlines)[0], distance.directed_hausdorff(*outlines[::-1])[0])
        assert hausdorff(one, other) == pytest.approx(max(both), rel=1e-9)


def _inner(mask_hw: np.ndarray) -> np.ndarray:
    padded = np.pad(mask_hw, 1)
    return padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]


def test_hausdorff_of_empty_masks() -> None:
    empty, full = np.zeros((30, 40), bool), np.ones((30, 40), bool)
    assert hausdorff(empty, empty) == 0
    assert hausdorff(empty, full) == hausdorff(full, empty) == math.inf
