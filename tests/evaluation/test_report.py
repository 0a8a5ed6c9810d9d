"""The tables and the JSON file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from uniultra.errors import OutputError
from uniultra.evaluation.protocol import Evaluation
from uniultra.evaluation.records import Record
from uniultra.evaluation.report import Provenance, build_report, to_markdown, to_overview, write_report
from uniultra.evaluation.settings import EvaluationSettings
from uniultra.evaluation.summary import summarise


def _record(id: str, organ: str, kind: str, dice: float) -> Record:
    box = kind.startswith("box")
    return Record(id, "d", organ, f"d/{id}", 0, kind, 0, dice, dice / 3, dice / 3 if box else None, 0.8 if box else None, 0.25)


RECORDS = (
    _record("a", "breast", "box", 0.9),
    _record("b", "breast", "box", 0.7),
    _record("c", "ovary", "box", 0.9),
    _record("a", "breast", "click1", 0.6),
)
EVALUATION = Evaluation("val", EvaluationSettings(("box", "click1"), draws=2), RECORDS, images=3, images_without_objects=1)


def test_overview_has_a_row_an_organ_and_a_column_a_prompt() -> None:
    assert to_overview(summarise(RECORDS)) == (
        "| organ | box | click1 |\n| --- | ---: | ---: |\n| breast | 0.800 (+0.00) | 0.600 |\n"
        "| ovary | 0.900 (+0.50) | n/a |\n| mean over organs | 0.850 (+0.25) | 0.600 |\n"
    )


def test_details_have_a_row_a_prompt_and_organ() -> None:
    lines = to_markdown(summarise(RECORDS)).splitlines()
    assert lines[0] == "| prompt | organ | objects | clusters | Dice [95 %] | ellipse | skill | ECE | HD95 px | NSD | clicks (failed) |"
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2] == "| box | breast | 2 | 2 | 0.800 [0.700, 0.900] | 0.800 | +0.00 | 0.000 | n/a | n/a | n/a |"
    assert lines[3] == "| box | ovary | 1 | 1 | 0.900 | 0.800 | +0.50 | 0.000 | n/a | n/a | n/a |"
    assert lines[5] == "| click1 | breast | 1 | 1 | 0.600 | n/a | n/a | n/a | n/a | n/a | n/a |"


def test_the_file_holds_what_was_run_and_every_record(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    write_report(path, build_report(EVALUATION, Provenance("mini", "ab" * 32, limit=5)))
    content = json.loads(path.read_text(encoding="utf-8"))
    summary, records = content.pop("summary"), content.pop("records")
    assert content.pop("reliability") == {"box": [
        {"quality": 0.23333, "iou": 0.23333, "count": 1}, {"quality": 0.3, "iou": 0.3, "count": 2}], "click1": []}  # fmt: skip
    assert content.pop("empty_images") == {}
    content.pop("uniultra_version")
    assert content == {
        "schema_version": 2, "model": "mini", "manifest_sha256": "ab" * 32, "limit": 5, "bootstrap_seed": 0, "bootstrap_samples": 1000,
        "split": "val", "kinds": ["box", "click1"], "draws": 2, "images": 3, "images_without_objects": 1, "objects": 3,
    }  # fmt: skip
    assert summary["box"]["breast"]["dice"] == 0.8
    assert summary["box"]["breast"]["dice_interval"] == [0.7, 0.9]
    assert summary["click1"]["breast"]["skill"] is None
    assert [Record(**record).id for record in records] == ["a", "b", "c", "a"]
    assert Record(**records[0]).iou == 0.3


def test_the_file_has_a_line_a_record_and_rounded_numbers(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    write_report(path, build_report(EVALUATION, Provenance("mini", "")))
    lines = path.read_text(encoding="utf-8").splitlines()
    assert sum(line.startswith('    {"id": ') for line in lines) == len(RECORDS)
    assert '"iou": 0.23333,' in lines[-5]


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text("mine", encoding="utf-8")
    report = build_report(EVALUATION, Provenance("mini", ""))
    with pytest.raises(OutputError, match="exists; pass --force"):
        write_report(path, report)
    assert path.read_text(encoding="utf-8") == "mine"
    write_report(path, report, force=True)
    assert json.loads(path.read_text(encoding="utf-8"))["model"] == "mini"
