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


STANDARD = {"model": "a", "weights_sha256": "0", "split": "val", "kinds": ["box"], "draws": 3}
PAPER = {
    "protocol": "paper",
    "protocol_schema_version": 1,
    "model": "a",
    "weights_sha256": "0",
    "split": "val",
}


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        (STANDARD, {**STANDARD, "named": True}, "--named"),
        (STANDARD, {**STANDARD, "seeds": [4, 5, 6]}, "--seeds"),
        (STANDARD, {**STANDARD, "seeds": [4], "draws": 1}, "--seeds"),
        (STANDARD, PAPER, "--protocol"),
        (STANDARD, {**STANDARD, "model": "b", "weights_sha256": "1"}, "--model"),
        (STANDARD, {**STANDARD, "split": "test", "kinds": ["mask"]}, "--split, --kinds"),
        ({**STANDARD, "limit_a_dataset": 1}, {**STANDARD, "limit_a_dataset": 2}, "--robustness-limit"),
        ({**PAPER, "cines_a_set": 1}, {**PAPER, "cines_a_set": 2}, "--limit"),
    ],
)
def test_other_options_are_named_whichever_run_has_them(
    tmp_path: Path, one: dict[str, object], other: dict[str, object], differs: str
) -> None:
    """An option that one of both lacks differs, too, and answers of another protocol aren't damaged ones."""
    for number, (began, goes_on) in enumerate(((one, other), (other, one))):
        path = tmp_path / f"{number}.jsonl"
        Journal(path, began)
        with path.open("a") as file:
            file.write('{"dataset": "d", "id": "a", "of": "its own form"}\n')
        with pytest.raises(DataError, match="belongs to a run with different") as refused:
            Journal(path, goes_on)
        assert f" different {differs}; give what it began with, choose" in str(refused.value)


def test_a_journal_says_nothing_of_what_is_usual(tmp_path: Path) -> None:
    """Journals of before said less, where it was so."""
    path = tmp_path / "journal.jsonl"
    Journal(path, STANDARD)
    Journal(path, {**STANDARD, "named": False, "seeds": [], "drawn": False, "protocol": "standard"})
