"""Means over objects, then organs; skill of means; intervals over clusters."""

from __future__ import annotations

import numpy as np
import pytest

from intervals import bootstrap_interval
from uniultra.evaluation.records import Record
from uniultra.evaluation.settings import stable_seed
from uniultra.evaluation.summary import ALL_ORGANS, summarise


def record(id: str, dice: float, organ: str = "breast", **more: object) -> Record:
    values: dict[str, object] = {
        "id": id, "dataset": "d", "organ": organ, "group": f"d/{id}", "object_index": 0, "kind": "box",
        "draw": 0,
        "dice": dice, "iou": dice / 2, "quality": dice / 2, "ellipse_dice": 0.8, "seconds": 0.5, **more,
    }  # fmt: skip
    return Record(**values)  # type: ignore[arg-type]


def test_organs_count_the_same_whatever_their_size() -> None:
    records = [record("a", 0.5), *(record(f"o{i}", 0.9, "ovary") for i in range(9))]
    cells = summarise(records)["box"]
    assert list(cells) == ["breast", "ovary", ALL_ORGANS]
    assert cells["ovary"].dice == pytest.approx(0.9)
    assert cells[ALL_ORGANS].dice == pytest.approx(0.7)
    assert cells[ALL_ORGANS].iou == pytest.approx(0.35)
    assert (cells["ovary"].objects, cells[ALL_ORGANS].objects, cells[ALL_ORGANS].clusters) == (9, 10, 10)


def test_kinds_come_in_the_order_of_the_table() -> None:
    assert list(summarise([record("a", 1.0, kind=kind) for kind in ("click1", "box20", "box")])) == [
        "box",
        "box20",
        "click1",
    ]


def test_draws_of_one_object_are_one_object() -> None:
    records = [record("a", dice, draw=draw, kind="box10") for draw, dice in enumerate((0.6, 0.7, 0.8))]
    cell = summarise(records)["box10"]["breast"]
    assert (cell.objects, cell.clusters, cell.dice) == (1, 1, pytest.approx(0.7))


def test_skill_is_of_the_means() -> None:
    records = [record("a", 0.9, ellipse_dice=0.8), record("b", 0.9, ellipse_dice=0.999999)]
    assert summarise(records)["box"]["breast"].skill == pytest.approx((0.9 - 0.8999995) / (1 - 0.8999995))


def test_what_is_not_defined_is_none() -> None:
    silent = record("a", 0.9, kind="click1", ellipse_dice=None, quality=None)
    clicks = summarise([silent, record("b", 1.0, "ovary", kind="click1", quality=0.5)])
    cell = clicks["click1"]["breast"]
    assert (cell.ellipse_dice, cell.skill, cell.quality, cell.ece, cell.dice_interval) == (None,) * 5
    assert clicks["click1"][ALL_ORGANS].dice_interval is None
    assert summarise([record("a", 1.0, ellipse_dice=1.0)])["box"]["breast"].skill is None


def test_calibration_is_measured_an_organ() -> None:
    records = [record("a", 0.8, iou=0.5, quality=0.9), record("b", 0.8, "ovary", iou=0.7, quality=0.7)]
    cells = summarise(records)["box"]
    assert cells["breast"].ece == pytest.approx(0.4)
    assert cells["ovary"].ece == pytest.approx(0.0)
    assert cells[ALL_ORGANS].ece == pytest.approx(0.2)


def test_intervals_are_over_clusters() -> None:
    rng = np.random.default_rng(0)
    records = [record(f"i{i}", float(rng.uniform(0.5, 1)), group=f"d/{i // 3}") for i in range(30)]
    cell = summarise(records, seed=7, samples=200)["box"]["breast"]
    assert cell.clusters == 10
    expected = bootstrap_interval(
        [r.dice for r in records], [r.group for r in records], stable_seed(7, "breast"), 200
    )
    assert cell.dice_interval == expected


def test_the_interval_over_organs_is_narrower_than_theirs() -> None:
    rng = np.random.default_rng(1)
    records = [
        record(f"{organ}{i}", float(rng.uniform(0.5, 1)), organ)
        for organ in ("breast", "ovary", "muscle")
        for i in range(40)
    ]
    cells = summarise(records)["box"]
    widths = {
        organ: cell.dice_interval[1] - cell.dice_interval[0]
        for organ, cell in cells.items()
        if cell.dice_interval
    }
    assert widths.pop(ALL_ORGANS) < min(widths.values())


def test_summary_does_not_depend_on_the_order_of_records() -> None:
    records = [record(f"{organ}{i}", i / 10, organ) for organ in ("breast", "ovary") for i in range(5)]
    forth, back = summarise(records)["box"], summarise(records[::-1])["box"]
    for organ, cell in forth.items():
        assert back[organ].dice == pytest.approx(cell.dice)
        assert back[organ].dice_interval == pytest.approx(cell.dice_interval)
