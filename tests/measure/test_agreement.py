"""Agreement of two readers."""

from __future__ import annotations

import numpy as np
import pytest

from uniultra.measure.agreement import bland_altman, dice


def test_limits_of_agreement_of_a_worked_example() -> None:
    """Differences 1, 2, 3, 4, 5: bias 3, deviation sqrt(2.5)."""
    found = bland_altman([10, 20, 30, 40, 50], [11, 22, 33, 44, 55])
    assert found is not None
    assert (found.pairs, found.bias) == (5, 3.0)
    assert found.deviation == pytest.approx(2.5**0.5)
    assert (found.low, found.high) == pytest.approx((3 - 1.96 * 2.5**0.5, 3 + 1.96 * 2.5**0.5))


def test_one_pair_has_no_deviation() -> None:
    assert bland_altman([1.0], [2.0]) is None
    assert bland_altman([], []) is None


def test_normal_differences_lie_within_the_limits_95_times_of_100() -> None:
    random = np.random.default_rng(1)
    first = random.uniform(20, 90, 4000)
    second = first + random.normal(-0.7, 2.0, 4000)
    found = bland_altman(first.tolist(), second.tolist())
    assert found is not None
    inside = (second - first > found.low) & (second - first < found.high)
    assert inside.mean() == pytest.approx(0.95, abs=0.01)
    assert found.bias == pytest.approx(-0.7, abs=0.1)


def test_dice_of_masks() -> None:
    a = np.zeros((8, 8), bool)
    b = a.copy()
    assert dice(a, b) == 1.0
    a[:4], b[2:6] = True, True
    assert dice(a, b) == 0.5
    assert dice(a, ~a) == 0.0
