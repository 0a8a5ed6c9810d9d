"""Simulated cines: the still first, exact truth on every frame, the same cine for a seed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from phantoms import ellipse, speckled
from uniultra.data.simulation.cines import EVENTS, CineFrame, Event, simulate_cine
from uniultra.errors import DataError

INSIDE = ellipse((160, 200), (100, 80), (40, 30))
STILL = speckled(INSIDE, 1).pixels_hw


def cine(event: Event = "none", seed: int = 3) -> list[CineFrame]:
    return list(simulate_cine(STILL, INSIDE.astype(np.uint8), 40, seed, event))


def test_the_first_frame_is_the_still_and_later_ones_move() -> None:
    frames = cine()
    assert np.array_equal(frames[0].ids_hw > 0, INSIDE)
    moved = [np.count_nonzero((frame.ids_hw > 0) ^ INSIDE) for frame in frames]
    assert max(moved) > 200


@pytest.mark.parametrize("event", EVENTS)
def test_the_truth_is_where_it_is_dark(event: Event) -> None:
    for frame in cine(event):
        inside = frame.ids_hw > 0
        assert inside.any() != frame.out_of_view
        if inside.any():
            shade = 0.8 if event == "fades" else 0.5
            assert frame.pixels_hw[inside].mean() < shade * frame.pixels_hw[~inside].mean()


def test_a_seed_gives_one_cine_and_another_seed_another() -> None:
    pairs = zip(cine(), cine(), strict=True)
    assert all(np.array_equal(a.pixels_hw, b.pixels_hw) for a, b in pairs)
    assert not np.array_equal(cine()[-1].ids_hw, cine(seed=4)[-1].ids_hw)


@pytest.mark.parametrize("event", ["leaves", "cut", "fades"])
def test_what_leaves_returns(event: Event) -> None:
    gone = [frame.out_of_view for frame in cine(event)]
    assert any(gone)
    assert not gone[0]
    assert not gone[-1]


def test_a_frozen_picture_stands_still_and_a_slip_jumps() -> None:
    def steps(frames: list[CineFrame]) -> list[int]:
        return [np.count_nonzero((a.ids_hw > 0) ^ (b.ids_hw > 0)) for a, b in pairwise(frames)]

    frozen = cine("freeze")
    equal = [np.array_equal(a.pixels_hw, b.pixels_hw) for a, b in pairwise(frozen)]
    assert sum(equal) >= 3
    assert max(steps(cine("slip"))) > 2 * max(steps(cine()))


def test_turned_knobs_change_the_picture_and_not_the_target() -> None:
    plain, gain, zoom = cine(), cine("gain"), cine("zoom")
    for one, other in zip(plain, gain, strict=True):
        assert np.array_equal(one.ids_hw, other.ids_hw)
    assert np.array_equal(plain[0].pixels_hw, gain[0].pixels_hw)
    assert np.abs(plain[-1].pixels_hw.astype(int) - gain[-1].pixels_hw).mean() > 10
    assert np.array_equal(plain[0].ids_hw, zoom[0].ids_hw)
    sizes = [np.count_nonzero(made[-1].ids_hw) for made in (plain, zoom)]
    assert max(sizes) > 1.15 * min(sizes)


@pytest.mark.parametrize("count", [1, 10_001])
def test_too_few_or_many_frames(count: int) -> None:
    with pytest.raises(DataError, match="2 to 10000"):
        next(simulate_cine(STILL, INSIDE.astype(np.uint8), count, 0))


def test_an_unknown_event() -> None:
    with pytest.raises(DataError, match="event 'falls' is unknown; use one of none, leaves"):
        next(simulate_cine(STILL, INSIDE.astype(np.uint8), 9, 0, "falls"))  # type: ignore[arg-type]
