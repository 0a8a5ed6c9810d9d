"""The paper's counts, found by building the models."""

from __future__ import annotations

import pytest

from uniultra.models.adapted import open_model
from uniultra.models.build import DecoderSize
from uniultra.models.params import count, count_still, moved_by_stills
from uniultra.registry import DEFAULT


def test_sam2_large_and_its_adapters() -> None:
    plain, adapted = count("large", None), count("large")
    assert plain.whole == 224_446_642
    assert plain.encoder == 212_703_280
    assert adapted.whole == pytest.approx(233.52e6, rel=1e-4)
    assert adapted.trainable == pytest.approx(20.81e6, rel=1e-3)
    assert round(100 * adapted.trainable_share, 2) == 8.91


def test_the_mini_and_both_denominators() -> None:
    plain, mini = count("large", None), count("mini")
    assert count("mini", None).encoder == 820_256
    assert mini.encoder == 857_608
    assert mini.encoder < 1_000_000
    assert count_still("mini") == pytest.approx(5.1e6, rel=0.01)
    model = open_model(DEFAULT)
    shipped = count_still("mini", decoder=DecoderSize(128, 128, 48), structures=model.structures)
    assert shipped == sum(p.numel() for p in model.parameters()) == 1_299_670
    assert round(100 * (1 - mini.whole / plain.encoder), 2) == 94.08
    assert round(100 * (1 - mini.whole / plain.whole), 2) == 94.39


def test_stills_move_less_than_is_trainable() -> None:
    moved = moved_by_stills("mini")
    adapters = count("mini").encoder - count("mini", None).encoder
    assert adapters < moved < count("mini").trainable


@pytest.mark.slow
def test_stills_move_five_point_seven_percent_of_large() -> None:
    assert moved_by_stills("large") / count("large").whole == pytest.approx(0.057, abs=0.0005)
