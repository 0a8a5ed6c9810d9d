"""The tables and the JSON file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from uniultra.errors import DataError, OutputError
from uniultra.evaluation import summary
from uniultra.evaluation.metrics import bootstrap_means
from uniultra.evaluation.protocol import Evaluation
from uniultra.evaluation.records import Record, Skipped
from uniultra.evaluation.report.html import to_html
from uniultra.evaluation.report.provenance import Provenance
from uniultra.evaluation.report.run_report import (
    build_report,
    read_report,
    tables_of,
    to_markdown,
    to_overview,
    write_report,
)
from uniultra.evaluation.settings import EvaluationSettings
from uniultra.evaluation.summary import summarise


def _record(id: str, organ: str, kind: str, dice: float) -> Record:
    box = kind.startswith("box")
    return Record(
        id,
        "d",
        organ,
        f"d/{id}",
        0,
        kind,
        0,
        dice,
        dice / 3,
        dice / 3 if box else None,
        0.8 if box else None,
        0.25,
    )


RECORDS = (
    _record("a", "breast", "box", 0.9),
    _record("b", "breast", "box", 0.7),
    _record("c", "ovary", "box", 0.9),
    _record("a", "breast", "click1", 0.6),
)
EVALUATION = Evaluation(
    "val", EvaluationSettings(("box", "click1"), draws=2), RECORDS, images=3, images_without_objects=1
)


def test_overview_has_a_row_an_organ_and_a_column_a_prompt() -> None:
    assert to_overview(summarise(RECORDS)) == (
        "| organ | box | click1 |\n| --- | ---: | ---: |\n| breast | 0.800 (+0.00) | 0.600 |\n"
        "| ovary | 0.900 (+0.50) | n/a |\n| mean over organs | 0.850 (+0.25) | 0.600 |\n"
    )


@pytest.mark.parametrize(
    ("calibrated", "said"),
    [
        (True, "The quality is calibrated (export --calibration)"),
        (False, "The quality is not calibrated"),
        (None, ""),
    ],
)
def test_reports_say_whether_the_quality_was_calibrated(calibrated: bool | None, said: str) -> None:
    provenance = Provenance("mine", "0" * 64, quality_calibrated=calibrated)
    report = build_report(EVALUATION, provenance)
    assert report["quality_calibrated"] is calibrated
    assert "quality_calibrated" not in provenance.stated, "journals of earlier versions can be resumed"
    for text in ("\n".join(tables_of(EVALUATION, provenance)), to_html(report)):
        assert ("The quality is" in text) is (calibrated is not None)
        assert said in text


def test_reports_name_intervals_over_few_clusters() -> None:
    provenance = Provenance("mine", "0" * 64)
    many = tuple(_record(f"m{i}", "ovary", "box", 0.8) for i in range(6))
    evaluation = replace(EVALUATION, records=(*RECORDS[:2], *many))
    for text in ("\n".join(tables_of(evaluation, provenance)), to_html(build_report(evaluation, provenance))):
        assert "Intervals over fewer than 6 clusters are too narrow: breast (2)." in text
    evaluation = replace(EVALUATION, records=many)
    for text in ("\n".join(tables_of(evaluation, provenance)), to_html(build_report(evaluation, provenance))):
        assert "too narrow" not in text


def test_details_have_a_row_a_prompt_and_organ() -> None:
    lines = to_markdown(summarise(RECORDS)).splitlines()
    assert (
        lines[0]
        == "| prompt | organ | objects | clusters | Dice [95 %] | ellipse | skill | ECE | HD95 px | NSD | "
        "clicks (failed) |"
    )
    assert len({line.count("|") for line in lines}) == 1
    assert (
        lines[2]
        == "| box | breast | 2 | 2 | 0.800 [0.700, 0.900] | 0.800 | +0.00 | 0.000 | n/a | n/a | n/a |"
    )
    assert lines[3] == "| box | ovary | 1 | 1 | 0.900 | 0.800 | +0.50 | 0.000 | n/a | n/a | n/a |"
    assert lines[5] == "| click1 | breast | 1 | 1 | 0.600 | n/a | n/a | n/a | n/a | n/a | n/a |"


def test_the_file_holds_what_was_run_and_every_record(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    write_report(
        path,
        build_report(
            EVALUATION,
            Provenance("mini", "ab" * 32, limit=5, model_version="0.1.0", weights_sha256="cd" * 32),
        ),
    )
    content = json.loads(path.read_text(encoding="utf-8"))
    summary, records = content.pop("summary"), content.pop("records")
    assert content.pop("reliability") == {"box": [
        {"quality": 0.23333, "iou": 0.23333, "count": 1}, {"quality": 0.3, "iou": 0.3, "count": 2}],
        "click1": []}  # fmt: skip
    assert content.pop("empty_images") == {}
    content.pop("uniultra_version")
    assert content == {
        "schema_version": 4, "model": "mini", "manifest_sha256": "ab" * 32, "limit": 5, "bootstrap_seed": 0,
        "bootstrap_samples": 1000,
        "model_version": "0.1.0", "weights_sha256": "cd" * 32, "skipped": [],
        "quality_calibrated": None,
        "split": "val", "kinds": ["box", "click1"], "draws": 2, "images": 3, "images_without_objects": 1,
        "objects": 3,
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


BAD = (
    Skipped(9, "d", "x|y", ("image: 'x.png': no such file", "mask: bad\nworse")),
    Skipped(3, "d", "z", ("mask: coloured",)),
)


def test_what_was_left_out_stands_in_the_file_and_below_the_tables(tmp_path: Path) -> None:
    evaluation, provenance = replace(EVALUATION, skipped=BAD[1:]), Provenance("mini", "", skipped=BAD[:1])
    report = build_report(evaluation, provenance)
    assert report["skipped"][0] == {"row": 3, "dataset": "d", "id": "z", "problems": ["mask: coloured"]}
    assert [each["row"] for each in report["skipped"]] == [3, 9]
    assert tables_of(evaluation, provenance)[-1] == (
        "Left out (2):\n\n| row | image | problem |\n| --- | --- | --- |\n"
        "| 3 | d/z | mask: coloured |\n| 9 | d/x\\|y | image: 'x.png': no such file; mask: bad worse |\n"
    )
    assert "Left out" not in "".join(tables_of(EVALUATION, Provenance("mini", "")))


# Earlier shapes: 1 without surface distances, clicks and given masks; 2 with them, but without the weights'
# hash and skipped rows.
CELL_1 = {
    "objects": 1, "clusters": 1, "dice": 0.8, "dice_interval": None, "iou": 0.66667, "ellipse_dice": 0.7,
    "skill": 0.33333,
    "quality": 0.7, "ece": 0.03333, "seconds": 0.01,
}  # fmt: skip
RECORD_1 = {
    "id": "a", "dataset": "d", "organ": "breast", "group": "d/a", "object_index": 0, "kind": "box", "draw": 0,
    "dice": 0.8, "iou": 0.66667, "quality": 0.7, "ellipse_dice": 0.7, "seconds": 0.01,
}  # fmt: skip
HEAD = {
    "uniultra_version": "0.1.0", "model": "mini", "manifest_sha256": "ab" * 32, "limit": None,
    "bootstrap_seed": 0, "bootstrap_samples": 1000, "split": "val",
    "kinds": ["box"], "draws": 3, "images": 1, "images_without_objects": 0, "objects": 1,
}  # fmt: skip
CELL_2 = {
    **CELL_1,
    "hd95_px": 2.0,
    "hd95_mm": 0.4,
    "nsd": 0.9,
    "start_dice": None,
    "clicks": None,
    "failures": None,
}
RECORD_2 = {key: value for key, value in RECORD_1.items() if key != "seconds"} | {
    "hd95_px": 2.0, "hd95_mm": 0.4, "nsd": 0.9, "start_dice": None, "curve": [0.5, 0.8],
}  # fmt: skip
OLD = {
    1: {"schema_version": 1, **HEAD, "summary": {"box": {"breast": CELL_1, "mean over organs": CELL_1}},
        "records": [RECORD_1]},
    2: {"schema_version": 2, **HEAD, "summary": {"box": {"breast": CELL_2, "mean over organs": CELL_2}},
        "reliability": {"box": [{"quality": 0.7, "iou": 0.66667, "count": 1}]}, "empty_images": {},
        "records": [RECORD_2]},
}  # fmt: skip


@pytest.mark.parametrize("version", [1, 2])
def test_files_of_earlier_versions_are_read(tmp_path: Path, version: int) -> None:
    (tmp_path / "old.json").write_text(json.dumps(OLD[version]), encoding="utf-8")
    stored = read_report(tmp_path / "old.json")
    assert (stored.model, stored.manifest_sha256, stored.split) == ("mini", "ab" * 32, "val")
    [record] = stored.records
    assert (record.id, record.dice, record.quality) == ("a", 0.8, 0.7)
    assert (record.seconds, record.nsd, record.curve) == ((0.01, None, None), (0.0, 0.9, (0.5, 0.8)))[
        version - 1
    ]


def test_a_file_of_this_version_is_read_and_a_later_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    report = build_report(EVALUATION, Provenance("mini", "ab" * 32))
    write_report(path, report)
    assert read_report(path).records == tuple(
        replace(r, iou=round(r.iou, 5), quality=None if r.quality is None else round(r.quality, 5))
        for r in RECORDS
    )
    write_report(path, {**report, "schema_version": 5}, force=True)
    with pytest.raises(DataError, match="has schema version 5; this version reads 1 to 4; evaluate again"):
        read_report(path)


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text("mine", encoding="utf-8")
    report = build_report(EVALUATION, Provenance("mini", ""))
    with pytest.raises(OutputError, match="exists; pass --force"):
        write_report(path, report)
    assert path.read_text(encoding="utf-8") == "mine"
    write_report(path, report, force=True)
    assert json.loads(path.read_text(encoding="utf-8"))["model"] == "mini"


def test_each_interval_is_drawn_once_for_tables_and_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Organs and structures: what the tables took is not drawn again for the file."""
    records = tuple(
        replace(record, structure=name)
        for record, name in zip(RECORDS, ("wall", "lumen", "", "wall"), strict=True)
    )
    evaluation = replace(EVALUATION, records=records)
    drawn: list[int] = []

    def counted(*arguments: Any) -> np.ndarray:
        drawn.append(1)
        return bootstrap_means(*arguments)

    monkeypatch.setattr(summary, "bootstrap_means", counted)
    tables = tables_of(evaluation, Provenance("mini", "ab" * 32))
    once = len(drawn)
    report = build_report(evaluation, Provenance("mini", "ab" * 32))
    assert list(report["structures"]["box"]) == ["breast: lumen", "breast: wall"]
    assert "breast: lumen" in tables[1]
    assert len(drawn) == once == 6, "two organs with a box, one with a click, and three structures so"
