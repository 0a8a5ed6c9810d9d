"""Rows in their order, each asked once, whatever the number of workers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from phantom_manifest import Phantom, phantom_manifest
from uniultra.data.manifest import Row
from uniultra.errors import DataError
from uniultra.evaluation.journal import Journal, score_rows


@dataclass(frozen=True)
class Name:
    name: str


@pytest.mark.parametrize("workers", [1, 3])
def test_order_journal_and_ticks(tmp_path: Path, workers: int) -> None:
    rows = phantom_manifest(tmp_path, [Phantom(f"p{i}", group=str(i)) for i in range(6)]).rows
    requested: list[str] = []
    ticks: list[int] = []

    def score(row: Row) -> Name:
        time.sleep(0.02 if row.id == "p0" else 0.0)
        requested.append(row.id)
        return Name(row.id)

    def journal() -> Journal:
        return Journal(tmp_path / "j.jsonl", {"what": "names"}, lambda line: Name(line["name"]))

    names = [row.id for row in rows]
    first = list(score_rows(score, rows[:4], workers, journal(), lambda: ticks.append(1)))
    assert [each.name for each in first] == names[:4]
    assert [each.name for each in score_rows(score, rows, workers, journal())] == names
    assert sorted(requested) == names
    assert len(ticks) == 4


def test_what_stops_it_stops_the_rest(tmp_path: Path) -> None:
    rows = phantom_manifest(tmp_path, [Phantom(f"p{i}", group=str(i)) for i in range(20)]).rows
    requested: list[str] = []

    def score(row: Row) -> Name:
        time.sleep(0.01)
        requested.append(row.id)
        return Name(row.id)

    def tick() -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        list(score_rows(score, rows, 2, None, tick))
    assert len(requested) < 10


@pytest.mark.parametrize(
    ("began", "goes_on"),
    [({}, {"limit": 3, "drawn": True}), ({"limit": 3, "drawn": True}, {"limit": 3}), ({"limit": 3}, {})],
)
def test_a_run_of_other_images_is_another(
    tmp_path: Path, began: dict[str, object], goes_on: dict[str, object]
) -> None:
    path = tmp_path / "journal.jsonl"
    Journal(path, {"limit": None, **began})
    with pytest.raises(DataError, match="belongs to a run with different") as refused:
        Journal(path, {"limit": None, **goes_on})
    assert "not recorded" not in str(refused.value)
    Journal(path, {"limit": None, **began})
