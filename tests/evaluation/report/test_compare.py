"""Paired differences: the same clusters for both, and a verdict that follows the interval."""

from __future__ import annotations

import numpy as np
import pytest

from uniultra.errors import DataError
from uniultra.evaluation.records import Record
from uniultra.evaluation.report.compare import (
    BETTER,
    NOT_JUDGED,
    UNDECIDED,
    WORSE,
    compare,
    pairs_of,
    verdict_of,
)
from uniultra.evaluation.settings import stable_seed
from uniultra.evaluation.summary import ALL_ORGANS, summarise


def record(id: str, dice: float, organ: str = "breast", **more: object) -> Record:
    values: dict[str, object] = {
        "id": id, "dataset": "d", "organ": organ, "group": f"d/{id}", "object_index": 0, "kind": "box",
        "draw": 0,
        "dice": dice, "iou": dice / 2, "quality": None, "ellipse_dice": 0.8, "seconds": 0.5, **more,
    }  # fmt: skip
    return Record(**values)  # type: ignore[arg-type]


def two_runs(gain: float, noise: float, objects: int = 60) -> tuple[list[Record], list[Record]]:
    """Two segmenters on the same objects of very different difficulty; the first is better by `gain` on
    average.
    """
    rng = np.random.default_rng(3)
    hard = rng.uniform(0.3, 0.9, objects)
    ours = hard + gain + rng.normal(0.0, noise, objects)
    return ([record(f"i{i}", v, group=f"d/{i // 2}") for i, v in enumerate(ours)],
            [record(f"i{i}", v, group=f"d/{i // 2}") for i, v in enumerate(hard)])  # fmt: skip


def test_a_small_but_steady_gain_is_found_where_the_two_intervals_overlap() -> None:
    ours, theirs = two_runs(gain=0.03, noise=0.02)
    found = compare(ours, theirs)["box"]["breast"]
    assert found.verdict == BETTER
    assert found.difference == pytest.approx(0.03, abs=0.01)
    mine, other = (
        summarise(ours)["box"]["breast"].dice_interval,
        summarise(theirs)["box"]["breast"].dice_interval,
    )
    assert mine is not None
    assert other is not None
    assert mine[0] < other[1]
    assert compare(theirs, ours)["box"]["breast"].verdict == WORSE


def test_noise_shows_no_difference() -> None:
    found = compare(*two_runs(gain=0.0, noise=0.1))["box"]["breast"]
    assert found.verdict == UNDECIDED
    assert found.interval is not None
    assert found.interval[0] < 0 < found.interval[1]


def test_the_interval_is_that_of_brute_force() -> None:
    ours, theirs = two_runs(gain=0.01, noise=0.05, objects=24)
    found = compare(ours, theirs, seed=5, samples=300)["box"]["breast"]
    groups = sorted({r.group for r in ours})
    drawn = np.random.default_rng(stable_seed(5, "breast")).integers(len(groups), size=(300, len(groups)))
    gaps = []
    for world in drawn:
        chosen = [groups[k] for k in world]
        mine = [r.dice for g in chosen for r in ours if r.group == g]
        other = [r.dice for g in chosen for r in theirs if r.group == g]
        gaps.append(np.mean(mine) - np.mean(other))
    assert found.interval == pytest.approx(tuple(np.percentile(gaps, (2.5, 97.5))), abs=1e-12)
    assert found.clusters == 12


def test_organs_count_the_same() -> None:
    ours = [record("a", 0.9), *(record(f"o{i}", 0.5, "ovary") for i in range(9))]
    theirs = [record("a", 0.7), *(record(f"o{i}", 0.5, "ovary") for i in range(9))]
    cells = compare(ours, theirs)["box"]
    assert cells[ALL_ORGANS].difference == pytest.approx(0.1)
    assert (cells[ALL_ORGANS].objects, cells[ALL_ORGANS].clusters) == (10, 10)
    assert (cells["breast"].interval, cells["breast"].verdict) == (None, NOT_JUDGED)
    assert cells["ovary"].interval == (0.0, 0.0)
    assert cells["ovary"].verdict == UNDECIDED


def test_only_what_both_were_asked_counts() -> None:
    ours = [record("a", 0.9), record("b", 0.9), record("a", 0.9, kind="click1")]
    theirs = [record("b", 0.8), record("c", 0.1), record("a", 0.5)]
    assert [(m.id, o.dice) for m, o in pairs_of(ours, theirs)] == [("a", 0.5), ("b", 0.8)]
    assert list(compare(ours, theirs)) == ["box"]
    with pytest.raises(DataError, match="no prompt in common"):
        compare(ours, [record("z", 1.0)])


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [((0.1, 0.2), BETTER), ((-0.2, -0.1), WORSE), ((0.0, 0.2), UNDECIDED), (None, NOT_JUDGED)],
)
def test_the_verdict_follows_the_interval(interval: tuple[float, float] | None, verdict: str) -> None:
    assert verdict_of(interval, 6) == verdict
    assert verdict_of(interval, 5) == NOT_JUDGED


@pytest.mark.parametrize(("patients", "wrong_at_most"), [(2, 0), (5, 0), (6, 0.25), (12, 0.15)])
def test_equal_segmenters_on_few_patients_are_rarely_told_apart(patients: int, wrong_at_most: float) -> None:
    rng, told = np.random.default_rng(7), 0
    for _ in range(200):
        ours = [record(f"i{i}", 0.8 + gap) for i, gap in enumerate(rng.normal(0.0, 0.05, patients))]
        theirs = [record(f"i{i}", 0.8) for i in range(patients)]
        told += compare(ours, theirs, samples=200)["box"][ALL_ORGANS].verdict in (BETTER, WORSE)
    assert told / 200 <= wrong_at_most


def test_organs_of_one_patient_each_are_no_six_patients() -> None:
    organs = [f"organ {i}" for i in range(5)]
    ours = [*(record("a", 0.9, organ) for organ in organs), record("b", 0.9, organs[0])]
    theirs = [*(record("a", 0.8, organ) for organ in organs), record("b", 0.7, organs[0])]
    found = compare(ours, theirs)["box"][ALL_ORGANS]
    assert (found.clusters, found.verdict) == (6, NOT_JUDGED)
