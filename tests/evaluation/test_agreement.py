"""How far two masks of one picture agree: which structures are partners, and what is said of all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from phantom_manifest import Phantom, phantom_manifest
from phantoms import ellipse
from uniultra.data.loading import read_row
from uniultra.data.manifest import Row
from uniultra.data.same_picture import Pair
from uniultra.evaluation.agreement import Agreement, agreement_of, spreads

HW = (60, 80)


def _disc(x: int, y: int, radius: int = 10) -> np.ndarray:
    return np.asarray(ellipse(HW, (x, y), (radius, radius)))


def _ids(*discs: np.ndarray) -> np.ndarray:
    ids_hw = np.zeros(HW, np.uint8)
    for number, disc in enumerate(discs, start=1):
        ids_hw[disc] = number
    return ids_hw


@pytest.fixture
def row(tmp_path: Path) -> Row:
    return phantom_manifest(tmp_path, [Phantom("a")]).rows[0]


def _agreement(row: Row, one_hw: np.ndarray, other_hw: np.ndarray) -> Agreement:
    return agreement_of(Pair(row, row, read_row(row)[0], one_hw, other_hw))


def test_the_same_structures_under_other_ids(row: Row) -> None:
    left, right = _disc(20, 30), _disc(55, 30)
    found = _agreement(row, _ids(left, right), _ids(right, left))
    assert [(each.structure, each.dice, each.hd95_px, each.area_difference) for each in found.both] == [
        ("1", 1.0, 0.0, 0.0),
        ("2", 1.0, 0.0, 0.0),
    ]
    assert found.alone == 0
    assert not found.contradict


def test_a_smaller_outline_and_one_alone(row: Row) -> None:
    small, large = _disc(20, 30, 8), _disc(20, 30, 10)
    found = _agreement(row, _ids(large, _disc(55, 30)), _ids(small))
    [agreed] = found.both
    sizes = np.count_nonzero(large), np.count_nonzero(small)
    assert agreed.dice == pytest.approx(2 * sizes[1] / sum(sizes))
    assert agreed.areas_px == sizes
    assert agreed.area_difference == pytest.approx(2 * (sizes[0] - sizes[1]) / sum(sizes))
    assert agreed.hd95_px == pytest.approx(2.0, abs=0.3)
    assert found.alone == 1


def test_a_neighbour_that_touches_is_no_partner(row: Row) -> None:
    found = _agreement(row, _ids(_disc(20, 30)), _ids(_disc(38, 30)))
    assert (found.both, found.alone) == ((), 2)
    assert found.contradict


def test_an_empty_mask_contradicts_nothing(row: Row) -> None:
    found = _agreement(row, _ids(_disc(20, 30)), _ids())
    assert (found.both, found.alone) == ((), 1)
    assert not found.contradict


def test_the_spread_is_by_organ_in_millimetres_where_all_are_known(row: Row) -> None:
    same = _agreement(row, _ids(_disc(20, 30)), _ids(_disc(20, 30)))
    smaller = _agreement(replace(row, group="1"), _ids(_disc(20, 30)), _ids(_disc(20, 30, 8)))
    lone = _agreement(replace(row, organ="liver"), _ids(_disc(20, 30)), _ids(_disc(60, 30)))
    found = spreads([same, smaller, lone])
    assert list(found) == ["breast"]  # nothing of the liver is in both masks
    spread = found["breast"]
    assert (spread.pictures, spread.structures, spread.clusters, spread.alone) == (2, 2, 2, 0)
    assert spread.dice == pytest.approx((1 + smaller.both[0].dice) / 2)
    assert spread.interval == pytest.approx((smaller.both[0].dice, 1.0))
    assert spread.unit == "mm"
    assert spread.hd95 == pytest.approx(0.2 * smaller.both[0].hd95_px / 2)

    bare = _agreement(replace(row, group="2", pixel_mm=None), _ids(_disc(20, 30)), _ids(_disc(20, 30, 8)))
    in_px = spreads([same, bare])["breast"]
    assert (in_px.unit, in_px.hd95) == ("px", pytest.approx(bare.both[0].hd95_px / 2))
    assert spreads([same])["breast"].interval is None
