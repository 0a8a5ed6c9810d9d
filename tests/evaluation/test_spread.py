"""How scores spread over seeds."""

from __future__ import annotations

import pytest

from uniultra.evaluation.records import Record
from uniultra.evaluation.spread import spread_of
from uniultra.evaluation.summary import ALL_ORGANS


def _record(organ: str, draw: int, dice: float, kind: str = "box10", name: str = "a") -> Record:
    return Record(name, "d", organ, name, 0, kind, draw, dice, dice, None, None, 0.0)


def test_a_spread_is_over_the_means_of_draws() -> None:
    records = [
        _record("breast", 42, 0.8), _record("breast", 42, 0.6, name="b"),
        _record("breast", 7, 0.9), _record("breast", 7, 0.7, name="b"),
        _record("ovary", 42, 0.5), _record("ovary", 7, 0.5),
    ]  # fmt: skip
    found = spread_of(records)["box10"]
    assert found["breast"].dice == pytest.approx({7: 0.8, 42: 0.7})
    assert (found["breast"].mean, found["breast"].deviation) == pytest.approx((0.75, 0.05 * 2**0.5))
    assert found["ovary"].deviation == 0.0
    assert found[ALL_ORGANS].dice == pytest.approx({7: 0.65, 42: 0.6})
    assert list(found) == ["breast", "ovary", ALL_ORGANS]


def test_what_was_asked_once_has_no_spread() -> None:
    assert spread_of([_record("breast", 0, 0.8, "box"), _record("breast", 0, 0.7, "box", "b")]) == {}
