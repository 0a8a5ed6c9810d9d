"""Calipers and text burned into the views that a model learns from."""

from __future__ import annotations

import numpy as np
import pytest

from uniultra.data.marks import marked

SIDE = 128


def _disc() -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE]
    return (((x - 64) ** 2 + (y - 64) ** 2) < 30**2).astype(np.float32)


@pytest.mark.parametrize("seed", range(12))
def test_marks_are_brighter_than_what_they_cover_and_cover_little(seed: int) -> None:
    view = np.full((SIDE, SIDE), 40, np.uint8)
    seen = marked(view, _disc(), np.random.default_rng(seed))
    assert seen.shape == view.shape
    assert seen.dtype == np.uint8
    assert (seen >= view).all()
    assert (seen > view).any()
    assert np.mean(seen > view + 20) < 0.4
    assert (view == 40).all()  # drawn on a copy


def test_the_same_generator_draws_the_same_marks() -> None:
    view = np.full((SIDE, SIDE), 40, np.uint8)
    first, again, other = (marked(view, _disc(), np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_calipers_stand_on_the_outline_more_often_than_elsewhere() -> None:
    view = np.zeros((SIDE, SIDE), np.uint8)
    seen = sum(marked(view, _disc(), np.random.default_rng(seed)) > 60 for seed in range(200))
    y, x = np.mgrid[:SIDE, :SIDE]
    distance = np.hypot(x - 64, y - 64)
    assert seen[np.abs(distance - 30) < 3].mean() > 1.5 * seen[distance > 45].mean()


def test_a_view_without_a_structure_has_marks_as_well() -> None:
    view = np.full((SIDE, SIDE), 40, np.uint8)
    assert (marked(view, np.zeros((SIDE, SIDE), np.float32), np.random.default_rng(0)) != view).any()
