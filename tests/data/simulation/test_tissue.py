"""What is painted, and what the scanner shows of it: shadows, enhancement, walls, haze, speckle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from phantoms import ellipse
from uniultra.data.simulation.acoustics import Scanner, draw_scanner, scan
from uniultra.data.simulation.beams import Beams
from uniultra.data.simulation.tissue import Look, Tissue, painted

HW = (240, 240)
BEAMS = Beams(HW, samples=288, lines=240)
PLAIN = Tissue(np.zeros(HW, np.float32), np.zeros(HW, np.float32), np.zeros(HW, np.uint8))
DISC = ellipse(HW, (120, 80), (40, 30))
SCANNER = Scanner(
    density=1.0, axial=1.0, lateral=0.8, spread=1.0, focus=0.4, loss_db=0.0, noise_db=-45.0,
    noise_rise_db=0.0, haze_db=None,
    range_db=60.0, headroom_db=0.0, gamma=1.0, compounded=False, smoothing=0.0,
)  # fmt: skip


def _picture(look: Look, scanner: Scanner = SCANNER) -> np.ndarray:
    rng = np.random.default_rng(3)
    return scan(painted(PLAIN, DISC, look, BEAMS, rng), BEAMS, scanner, rng).astype(float)


def test_structures_are_numbered_in_their_order_unless_unlabelled() -> None:
    rng = np.random.default_rng(0)
    first = painted(PLAIN, DISC, Look(level_db=-20.0), BEAMS, rng)
    second = painted(first, ellipse(HW, (120, 80), (10, 10)), Look(level_db=5.0), BEAMS, rng)
    none = painted(second, ellipse(HW, (120, 200), (10, 10)), Look(level_db=5.0, labelled=False), BEAMS, rng)
    assert (first.objects, second.objects, none.objects) == (1, 2, 2)
    assert second.ids[80, 120] == 2
    assert second.ids[80, 150] == 1
    np.testing.assert_array_equal(none.ids, second.ids)
    assert PLAIN.objects == 0  # what was given stays as it was


@pytest.mark.parametrize(("loss", "brighter"), [(-6.0, True), (20.0, False)])
def test_behind_fluid_it_is_brighter_and_behind_stones_dark(loss: float, brighter: bool) -> None:
    picture = _picture(Look(level_db=-30.0, loss_db=loss))
    behind, beside, above = (
        picture[140:220, 110:130].mean(),
        picture[140:220, 10:50].mean(),
        picture[5:40, 110:130].mean(),
    )
    assert (behind > beside + 10) if brighter else (behind < beside - 40)
    assert above == pytest.approx(beside, abs=15)


def test_a_wall_is_bright_where_the_beam_meets_it_squarely() -> None:
    rng = np.random.default_rng(0)
    level = painted(PLAIN, DISC, Look(wall_db=20.0, wall_fade=1.0), BEAMS, rng).echo_db
    top, side = level[50, 120], level[80, 80]
    assert top > 10
    assert side < 2
    steady = painted(PLAIN, DISC, Look(wall_db=20.0, wall_fade=0.0), BEAMS, rng).echo_db
    assert steady[80, 80] == pytest.approx(steady[50, 120], abs=4)


def test_fluid_is_dark_and_haze_fills_it() -> None:
    clear, hazy = (
        _picture(Look(level_db=-36.0), replace(SCANNER, haze_db=haze))[DISC].mean() for haze in (None, -14.0)
    )
    assert clear + 40 < hazy


def test_speckle_is_as_long_as_the_pulse_and_as_wide_as_the_beam() -> None:
    rng = np.random.default_rng(1)
    wide = scan(PLAIN, BEAMS, replace(SCANNER, lateral=4.0, spread=0.0), rng).astype(float)
    fine = scan(PLAIN, BEAMS, replace(SCANNER, lateral=0.5, spread=0.0), rng).astype(float)
    assert _likeness(wide) > _likeness(fine) + 0.3


def _likeness(picture: np.ndarray) -> float:
    """Correlation of a picture with itself three pixels to the right."""
    return float(np.corrcoef(picture[:, :-3].ravel(), picture[:, 3:].ravel())[0, 1])


def test_the_beam_widens_away_from_the_focus() -> None:
    picture = scan(
        PLAIN, BEAMS, replace(SCANNER, lateral=0.5, spread=6.0, focus=0.0), np.random.default_rng(2)
    ).astype(float)
    assert _likeness(picture[200:]) > _likeness(picture[:40]) + 0.2


def test_drawn_scanners_differ() -> None:
    assert len({draw_scanner(np.random.default_rng(seed)) for seed in range(20)}) == 20
