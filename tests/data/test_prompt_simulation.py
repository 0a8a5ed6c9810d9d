"""Simulated prompts: boxes stay boxes, clicks lie inside, corrections hit the error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from phantoms import ellipse
from uniultra.box_fit import fit_of
from uniultra.data.prompt_simulation import (
    centre_click,
    correction_click,
    exact_box,
    jitter_box,
    random_click,
    scribble,
    widen_box,
)
from uniultra.types import NEGATIVE, POSITIVE, Prompt

MASKS = arrays(np.bool_, (12, 15))
SOME = MASKS.filter(np.any)
SEEDS = st.integers(0, 2**32 - 1)


@settings(deadline=None)
@given(SOME)
def test_the_exact_box_is_tight(mask_hw: np.ndarray) -> None:
    x0, y0, x1, y1 = exact_box(mask_hw)
    ys, xs = np.nonzero(mask_hw)
    assert (x0, y0, x1, y1) == (xs.min() - 0.5, ys.min() - 0.5, xs.max() + 0.5, ys.max() + 0.5)


def test_a_box_is_tight_or_loose_by_its_own_edges() -> None:
    true = (10.0, 20.0, 110.0, 220.0)
    expected = {0.0: "tight", 0.03: "tight", -0.03: "tight", -0.05: "", 0.05: "loose", 0.4: "loose"}
    assert {margin: fit_of(widen_box(true, margin), true) for margin in expected} == expected
    assert fit_of((10.0, 20.0, 110.0, 229.0), true) == ""
    assert fit_of((5.0, 12.0, 115.0, 227.0), true) == ""
    assert fit_of((5.0, 11.0, 115.0, 229.0), true) == "loose"


def test_an_empty_mask_has_no_box() -> None:
    with pytest.raises(AssertionError, match="an empty mask has no box"):
        exact_box(np.zeros((4, 4), bool))


@settings(deadline=None)
@given(SOME, st.floats(0, 0.4), SEEDS)
def test_a_jittered_box_is_valid_and_near(mask_hw: np.ndarray, amount: float, seed: int) -> None:
    box = exact_box(mask_hw)
    moved = jitter_box(box, amount, np.random.default_rng(seed))
    Prompt(box_xyxy=moved)  # raises where it isn't a box
    sides = np.array([box[2] - box[0], box[3] - box[1]] * 2)
    assert (np.abs(np.subtract(moved, box)) <= amount * sides + 1e-9).all()
    assert moved == jitter_box(box, amount, np.random.default_rng(seed))


@settings(deadline=None)
@given(SEEDS)
def test_no_jitter_is_the_box(seed: int) -> None:
    assert jitter_box((1.0, 2.0, 5.0, 9.0), 0.0, np.random.default_rng(seed)) == (1.0, 2.0, 5.0, 9.0)


def test_jitter_has_no_direction_and_uses_its_whole_range() -> None:
    rng = np.random.default_rng(0)
    moved = np.array([jitter_box((0.0, 0.0, 10.0, 20.0), 0.2, rng) for _ in range(4000)]) - (0, 0, 10, 20)
    np.testing.assert_allclose(moved.mean(axis=0), 0, atol=0.15)
    np.testing.assert_allclose(np.abs(moved).max(axis=0), (2, 4, 2, 4), rtol=0.01)


@settings(deadline=None)
@given(SOME, SEEDS)
def test_clicks_lie_inside(mask_hw: np.ndarray, seed: int) -> None:
    for x, y in (centre_click(mask_hw), random_click(mask_hw, np.random.default_rng(seed))):
        assert mask_hw[int(y), int(x)]


def test_the_centre_click_is_the_deepest_point() -> None:
    x, y = centre_click(ellipse((60, 80), (40, 30), (21, 15)))
    assert (x, y) == (pytest.approx(40, abs=4), pytest.approx(30, abs=1))
    two = np.zeros((30, 60), bool)
    two[10:14, 5:9], two[5:25, 30:50] = True, True
    assert 38 <= centre_click(two)[0] <= 41


def test_the_border_counts_as_outside() -> None:
    assert centre_click(np.ones((9, 9), bool)) == (4.0, 4.0)


def test_random_clicks_keep_off_the_rim() -> None:
    mask_hw = ellipse((60, 60), (30, 30), (20, 20))
    rng = np.random.default_rng(0)
    clicks = np.array([random_click(mask_hw, rng) for _ in range(300)])
    assert np.hypot(*(clicks - 30).T).max() < 0.7 * 20
    assert len(np.unique(clicks, axis=0)) > 100


@settings(deadline=None)
@given(MASKS, MASKS)
def test_a_correction_hits_the_error(predicted_hw: np.ndarray, true_hw: np.ndarray) -> None:
    found = correction_click(predicted_hw, true_hw)
    if found is None:
        np.testing.assert_array_equal(predicted_hw, true_hw)
        return
    (x, y), label = found
    assert predicted_hw[int(y), int(x)] != true_hw[int(y), int(x)]
    assert label == (POSITIVE if true_hw[int(y), int(x)] else NEGATIVE)


@settings(deadline=None)
@given(MASKS)
def test_nothing_is_corrected_where_nothing_is_wrong(mask_hw: np.ndarray) -> None:
    assert correction_click(mask_hw, mask_hw) is None


def test_the_larger_error_is_corrected_first() -> None:
    true_hw, predicted_hw = np.zeros((40, 60), bool), np.zeros((40, 60), bool)
    true_hw[10:20, 5:15] = True
    predicted_hw[5:35, 30:58] = True
    assert correction_click(predicted_hw, true_hw)[1] == NEGATIVE  # type: ignore[index]
    assert correction_click(true_hw, predicted_hw)[1] == POSITIVE  # type: ignore[index]
    long_hw = predicted_hw.copy()
    long_hw[0, :] = True  # many pixels, but thin
    (_, y), label = correction_click(long_hw, np.zeros_like(long_hw))  # type: ignore[misc]
    assert (label, 15 < y < 25) == (NEGATIVE, True)


@settings(deadline=None)
@given(SOME, SEEDS)
def test_a_scribble_lies_inside_whatever_the_shape(mask_hw: np.ndarray, seed: int) -> None:
    places = scribble(mask_hw, np.random.default_rng(seed))
    assert len(places) == 5
    assert all(mask_hw[round(y), round(x)] for x, y in places)
    assert places == scribble(mask_hw, np.random.default_rng(seed))


def test_a_scribble_goes_along_a_band_and_not_to_one_place() -> None:
    band_hw = np.zeros((40, 200), bool)
    band_hw[15:25, 10:190] = True
    for seed in range(20):
        places = np.array(scribble(band_hw, np.random.default_rng(seed)))
        assert np.ptp(places[:, 0]) > 60, "half of the band or more"
        assert (np.diff(places[:, 0]) > 0).all() or (np.diff(places[:, 0]) < 0).all()
