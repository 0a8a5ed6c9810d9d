"""Beam space: the way there and back, and which way beams run."""

from __future__ import annotations

import numpy as np
import pytest

from uniultra.data.simulation.beams import Beams, draw_beams

LINEAR = Beams((90, 120), samples=108, lines=140)
SECTOR = Beams((200, 220), samples=240, lines=200, half_angle=0.6, apex=40.0)


@pytest.mark.parametrize("beams", [LINEAR, SECTOR])
def test_scan_conversion_is_the_way_back(beams: Beams) -> None:
    height, width = beams.frame_hw
    y, x = np.mgrid[:height, :width].astype(np.float32)
    seen_hw = beams.seen()
    for values in (x, y):
        back = beams.to_frame(beams.to_beams(values))
        inner = seen_hw & (y > 3) & (y < height - 4) & (x > 3) & (x < width - 4)
        np.testing.assert_allclose(back[inner], values[inner], atol=0.05)
    assert not beams.to_frame(np.ones((beams.samples, beams.lines), np.float32))[~seen_hw].any()


def test_a_linear_array_sees_all_and_a_sector_does_not() -> None:
    assert LINEAR.seen().all()
    seen_hw = SECTOR.seen()
    assert 0.3 < seen_hw.mean() < 0.9
    assert not seen_hw[0, 0]
    assert not seen_hw[-1, 0]  # the arc at the bottom
    assert seen_hw[100, 110]
    np.testing.assert_array_equal(seen_hw, seen_hw[:, ::-1])


def test_beams_run_down_or_away_from_the_apex() -> None:
    assert {
        (float(x), float(y)) for x, y in zip(*(part[::30, 0] for part in LINEAR.directions()), strict=True)
    } == {(0.0, 1.0)}
    x, y = SECTOR.directions()
    np.testing.assert_allclose(np.hypot(x, y), 1.0, atol=1e-5)
    assert x[50, 20] < -0.3 < 0.3 < x[50, 199]
    assert y[150, 110] == pytest.approx(1.0, abs=1e-3)


def test_probes_are_drawn_of_every_kind() -> None:
    drawn = [draw_beams(np.random.default_rng(seed)) for seed in range(60)]
    linear = [beams for beams in drawn if not beams.half_angle]
    assert 12 < len(linear) < 36
    assert all(300 <= side <= 512 for beams in drawn for side in beams.frame_hw)
