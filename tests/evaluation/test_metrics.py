"""Overlap, skill, calibration and bootstrap, against their definitions and against brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from intervals import bootstrap_interval
from phantoms import ellipse
from uniultra.evaluation.metrics import (
    bootstrap_means,
    dice,
    expected_calibration_error,
    hausdorff,
    iou,
    reliability_curve,
    skill,
    surface_scores,
)

MASK = arrays(np.bool_, (5, 7))


@settings(deadline=None)
@given(MASK, MASK)
def test_overlap_is_symmetric_and_bounded(a: np.ndarray, b: np.ndarray) -> None:
    assert dice(a, b) == dice(b, a)
    assert iou(a, b) == iou(b, a)
    assert 0 <= iou(a, b) <= dice(a, b) <= 1


@settings(deadline=None)
@given(MASK, MASK)
def test_dice_and_iou_tell_the_same(a: np.ndarray, b: np.ndarray) -> None:
    assert dice(a, b) == pytest.approx(2 * iou(a, b) / (1 + iou(a, b)))


@settings(deadline=None)
@given(MASK)
def test_a_mask_is_itself(a: np.ndarray) -> None:
    assert dice(a, a) == iou(a, a) == 1


def test_overlap_of_a_known_pair() -> None:
    a, b = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    a[:2], b[1:3] = True, True
    assert (dice(a, b), iou(a, b)) == (0.5, pytest.approx(1 / 3))
    assert dice(a, np.zeros_like(a)) == 0
    assert dice(np.zeros_like(a), np.zeros_like(a)) == iou(np.zeros_like(a), np.zeros_like(a)) == 1


def test_masks_of_another_shape_or_type_are_refused() -> None:
    with pytest.raises(AssertionError, match=r"\(2, 2\) and \(2, 3\)"):
        dice(np.zeros((2, 2), bool), np.zeros((2, 3), bool))
    with pytest.raises(AssertionError, match="must be bool"):
        iou(np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.uint8))


def test_skill_counts_from_the_ellipse_to_perfect() -> None:
    assert skill(1.0, 0.8) == pytest.approx(1.0)
    assert skill(0.9, 0.8) == pytest.approx(0.5)
    assert skill(0.8, 0.8) == 0.0
    assert skill(0.7, 0.8) == pytest.approx(-0.5)


def test_skill_is_undefined_where_nothing_is_left_to_win() -> None:
    assert math.isnan(skill(1.0, 1.0))
    assert math.isnan(skill(0.9, math.nan))


def test_calibration_of_known_qualities() -> None:
    assert expected_calibration_error([0.7, 0.7, 0.2], [0.6, 0.8, 0.2]) == pytest.approx(0.0)
    assert expected_calibration_error([0.95] * 4, [0.5] * 4) == pytest.approx(0.45)
    assert expected_calibration_error([0.15, 0.95, 0.95, 1.0], [0.25, 0.95, 0.95, 1.0]) == pytest.approx(
        0.1 / 4
    )


def test_calibration_is_that_of_the_textbook() -> None:
    rng = np.random.default_rng(3)
    quality, true = rng.random(500), rng.random(500)
    expected = 0.0
    for low in np.arange(10) / 10:
        inside = (quality >= low) & (quality < low + 0.1)
        expected += inside.mean() * abs(quality[inside].mean() - true[inside].mean())
    assert expected_calibration_error(quality, true) == pytest.approx(expected)


def test_unknown_qualities_are_left_out() -> None:
    assert expected_calibration_error([math.nan, 0.9], [0.1, 0.8]) == pytest.approx(0.1)
    assert math.isnan(expected_calibration_error([math.nan], [0.5]))
    assert math.isnan(expected_calibration_error([], []))


def _brute_force(values: list[float], groups: list[str], seed: int, samples: int) -> list[float]:
    """The bootstrap as one would write it down: draw groups, pour out all their members, take the mean."""
    names = sorted(set(groups))
    drawn = np.random.default_rng(seed).integers(len(names), size=(samples, len(names)))
    means = []
    for world in drawn:
        members = [
            value
            for pick in world
            for value, group in zip(values, groups, strict=True)
            if group == names[pick]
        ]
        means.append(float(np.mean(members)))
    return means


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from("abcde")), min_size=2, max_size=20),
    st.integers(0, 99),
)
def test_bootstrap_is_the_brute_force_one(members: list[tuple[float, str]], seed: int) -> None:
    values, groups = [value for value, _ in members], [group for _, group in members]
    means = bootstrap_means(values, groups, seed, samples=20)
    np.testing.assert_allclose(means, _brute_force(values, groups, seed, 20))
    if len(set(groups)) > 1:
        np.testing.assert_allclose(
            bootstrap_interval(values, groups, seed, 20), np.percentile(means, (2.5, 97.5))
        )


def test_interval_holds_the_mean_and_shrinks_with_more_groups() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0.8, 0.1, 400)
    few, many = (
        bootstrap_interval(values, [str(i % count) for i in range(400)], seed=1) for count in (400, 4)
    )
    low, high = few
    assert low < values.mean() < high
    assert high - low == pytest.approx(4 * 0.1 / 20, rel=0.15)
    alike = bootstrap_interval(
        np.repeat(values[:40], 10), np.repeat([str(i) for i in range(40)], 10).tolist(), seed=1
    )
    assert alike[1] - alike[0] > 2 * (high - low)
    assert many[0] < many[1]


def test_interval_does_not_depend_on_the_order_of_records() -> None:
    values, groups = [0.1, 0.9, 0.5, 0.7, 0.3], ["a", "b", "a", "c", "c"]
    order = [3, 0, 4, 2, 1]
    shuffled = bootstrap_interval([values[i] for i in order], [groups[i] for i in order], seed=5)
    assert shuffled == pytest.approx(bootstrap_interval(values, groups, seed=5))


def test_one_group_has_no_interval() -> None:
    assert all(math.isnan(edge) for edge in bootstrap_interval([0.5, 0.6], ["a", "a"], seed=0))


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
