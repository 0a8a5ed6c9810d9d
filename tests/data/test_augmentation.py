"""Augmentation: the defaults change nothing, each parameter does what it says, and drawing can be
repeated.
"""

from __future__ import annotations

import numpy as np
import pytest

from uniultra.data.augmentation import Appearance, Placement, draw_appearance, draw_placement

RAMP = np.tile(np.arange(256, dtype=np.uint8), (64, 1))
FLAT = np.full((60, 80), 100, np.uint8)


def test_the_defaults_change_nothing() -> None:
    np.testing.assert_array_equal(Appearance().apply(RAMP), RAMP)
    np.testing.assert_allclose(Placement().matrix((3.0, 4.0)), [[1, 0, 0], [0, 1, 0]])


def test_an_image_is_not_written_to() -> None:
    before = RAMP.copy()
    Appearance(gain=2.0, gamma=0.5, speckle=0.3, blur=1.0, shadow_depth=0.5).apply(RAMP)
    np.testing.assert_array_equal(RAMP, before)


def test_gain_is_a_factor_and_stops_at_white() -> None:
    np.testing.assert_array_equal(Appearance(gain=1.5).apply(FLAT), 150)
    np.testing.assert_array_equal(Appearance(gain=3.0).apply(FLAT), 255)


def test_gamma_keeps_black_and_white() -> None:
    bent = Appearance(gamma=2.0).apply(RAMP)[0]
    assert (bent[0], bent[255]) == (0, 255)
    assert bent[128] == round(255 * (128 / 255) ** 2)


def test_time_gain_goes_with_depth_alone() -> None:
    found = Appearance(time_gain=(0.5, 1.0, 2.0)).apply(FLAT)
    assert (np.ptp(found, axis=1) == 0).all()
    assert (found[0, 0], found[-1, 0]) == (50, 200)
    assert (np.diff(found[:, 0].astype(int)) >= 0).all()


def test_a_shadow_falls_below_its_top_and_is_darkest_in_its_middle() -> None:
    found = Appearance(shadow_depth=0.8, shadow_x=0.5, shadow_width=0.05, shadow_top=0.5).apply(FLAT)
    np.testing.assert_array_equal(found[:29], 100)
    assert int(found[-1, 40]) == pytest.approx(20, abs=1)
    assert found[-1, 0] == 100


def test_speckle_repeats_with_its_seed_and_keeps_the_mean() -> None:
    one, same, other = (Appearance(speckle=0.2, seed=seed).apply(FLAT) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    assert one.mean() == pytest.approx(100, abs=5)
    assert one.std() == pytest.approx(20, abs=2)


def test_blur_spreads_an_edge() -> None:
    edge = np.zeros((40, 40), np.uint8)
    edge[:, 20:] = 200
    row = Appearance(blur=1.4).apply(edge)[20]
    assert ((row > 10) & (row < 190)).sum() >= 4


@pytest.mark.parametrize(
    "placement", [Placement(True, 20.0, 1.2), Placement(False, -75.0, 0.8), Placement(degrees=90.0)]
)
def test_a_placement_keeps_its_centre_and_every_area(placement: Placement) -> None:
    matrix = placement.matrix((30.0, 12.0))
    np.testing.assert_allclose(matrix @ [30.0, 12.0, 1.0], [30.0, 12.0], atol=1e-9)
    assert np.linalg.det(matrix[:, :2]) == pytest.approx(-1.0 if placement.mirror else 1.0)


def test_a_placement_mirrors_turns_and_stretches() -> None:
    np.testing.assert_allclose(Placement(mirror=True).matrix((10.0, 5.0)) @ [12.0, 7.0, 1.0], [8.0, 7.0])
    np.testing.assert_allclose(
        Placement(degrees=90.0).matrix((0.0, 0.0)) @ [1.0, 0.0, 1.0], [0.0, 1.0], atol=1e-9
    )
    wide, tall = (
        Placement(stretch=4.0).matrix((0.0, 0.0)) @ [x, y, 1.0] for x, y in ((1.0, 0.0), (0.0, 1.0))
    )
    np.testing.assert_allclose([wide, tall], [[2.0, 0.0], [0.0, 0.5]])


def test_drawing_repeats_with_its_generator_and_stays_in_range() -> None:
    first, second = (np.random.default_rng(3) for _ in range(2))
    for _ in range(300):
        look, place = draw_appearance(first), draw_placement(first, 25.0)
        assert (look, place) == (draw_appearance(second), draw_placement(second, 25.0))
        assert 0.65 <= look.gain <= 1.5
        assert 0.65 <= look.gamma <= 1.5
        assert 0.0 <= look.speckle <= 0.35
        assert 0.0 <= look.blur <= 1.4
        assert 0.0 <= look.shadow_depth <= 0.8
        assert abs(place.degrees) <= 25.0
        assert np.exp(-0.2) <= place.stretch <= np.exp(0.2)


def test_some_draws_change_nothing_of_the_geometry() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_placement(rng) for _ in range(300)]
    assert sum(place == Placement() for place in drawn) == pytest.approx(300 * 0.5 * 0.4 * 0.5, abs=20)
