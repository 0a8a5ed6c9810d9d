"""Means that can be reckoned by hand."""

from __future__ import annotations

import pytest

from uniultra.evaluation.robustness.corruptions import CORRUPTIONS
from uniultra.evaluation.robustness.robustness_protocol import (
    UNDAMAGED,
    DamagedRecord,
    Robustness,
    RobustnessSettings,
)
from uniultra.evaluation.robustness.robustness_summary import build_section, summarise_damage
from uniultra.evaluation.summary import ALL_ORGANS


def record(
    id: str, dice: float, corruption: str = UNDAMAGED, severity: int = 0, organ: str = "breast"
) -> DamagedRecord:
    return DamagedRecord(
        id, "d", organ, f"d/{id}", 0, corruption, severity, dice, dice - 0.1, dice - 0.05, 0.5
    )


RECORDS = [
    record("a", 0.9),
    record("b", 0.8),
    record("c", 0.6, organ="ovary"),
    record("a", 0.7, "blur", 1),
    record("b", 0.7, "blur", 1),
    record("c", 0.5, "blur", 1, "ovary"),
    record("a", 0.5, "blur", 2),
]


def test_means_drops_and_over_confidence() -> None:
    blur = summarise_damage(RECORDS)["blur"]
    assert len(blur) == 1 + len(CORRUPTIONS["blur"].levels)
    assert (blur[0]["breast"].dice, blur[0]["breast"].drop, blur[0]["breast"].objects) == pytest.approx(
        (0.85, 0.0, 2)
    )
    first = blur[1]
    assert (first["breast"].dice, first["breast"].drop, first["breast"].iou) == pytest.approx(
        (0.7, 0.15, 0.6)
    )
    assert first["breast"].over_confidence == pytest.approx(0.05)
    assert first["breast"].drop_interval == pytest.approx(
        (0.1, 0.2)
    )  # two clusters: a world holds one or both
    assert first["ovary"].dice_interval is None
    assert first[ALL_ORGANS].dice == pytest.approx((0.7 + 0.5) / 2)
    assert first[ALL_ORGANS].drop == pytest.approx((0.15 + 0.1) / 2)
    assert (first[ALL_ORGANS].objects, first[ALL_ORGANS].clusters) == (3, 3)


def test_a_drop_is_against_the_same_objects() -> None:
    second = summarise_damage(RECORDS)["blur"][2]
    assert list(second) == ["breast", ALL_ORGANS]
    assert (second["breast"].objects, second["breast"].drop) == pytest.approx((1, 0.4))
    assert summarise_damage(RECORDS)["blur"][3] == {}


def test_no_quality_stays_unknown() -> None:
    silent = [DamagedRecord(**{**vars(each), "quality": None}) for each in RECORDS]
    for cells in summarise_damage(silent)["blur"]:
        assert all(cell.quality is None and cell.over_confidence is None for cell in cells.values())


def test_the_section_says_what_was_asked() -> None:
    section = build_section(Robustness(RobustnessSettings(3), tuple(RECORDS), 3))
    assert (section["schema_version"], section["kind"], section["limit_a_dataset"]) == (1, "box10", 3)
    assert (section["images"], section["objects"]) == (3, 3)
    assert list(section["corruptions"]) == list(CORRUPTIONS)
    blur = section["corruptions"]["blur"]
    assert [step["level"] for step in blur["severities"]] == [None, *CORRUPTIONS["blur"].levels]
    assert [step["severity"] for step in blur["severities"]] == list(range(6))
    assert blur["severities"][1]["cells"]["ovary"]["dice"] == 0.5
    assert section["corruptions"]["flip"]["ordered"] is False
