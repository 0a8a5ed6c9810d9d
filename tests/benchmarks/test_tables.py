"""Reports side by side: joined where they asked the same, refused in one line where they didn't."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from commands import script

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "tables.py"
CELL = {"objects": 4, "dice": 0.81, "dice_interval": [0.7, 0.9], "hd95_px": 12.34}
REPORT: dict[str, Any] = {
    "manifest_sha256": "ab" * 32, "split": "test", "limit": None, "draws": 3,
    "summary": {"box": {"breast": CELL}},
}  # fmt: skip


def _join(
    folder: Path, *reports: dict[str, Any], before: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    arguments = [*before]
    for name, report in zip("abc", reports, strict=False):
        (folder / f"{name}.json").write_text(json.dumps(report), encoding="utf-8")
        arguments.append(f"{name}={folder / name}.json")
    return script(SCRIPT, *arguments)


def scored(*dices: float, kind: str = "box") -> dict[str, Any]:
    """A report of one object an image, each its own cluster."""
    same = {
        "dataset": "d",
        "organ": "breast",
        "object_index": 0,
        "kind": kind,
        "draw": 0,
        "iou": 0.5,
        "seconds": 0.0,
    }
    same |= {"quality": None, "ellipse_dice": None}
    return {
        **REPORT,
        "records": [{**same, "id": str(i), "group": str(i), "dice": dice} for i, dice in enumerate(dices)],
    }


def test_reports_of_the_same_are_joined(tmp_path: Path) -> None:
    other = {**REPORT, "summary": {"box": {"breast": {**CELL, "dice": 0.7}}}, "skipped": []}
    joined = _join(tmp_path, REPORT, other, {**REPORT, "summary": {}})
    assert joined.stdout.splitlines() == [
        "| prompt | organ | objects | a | b | c |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
        "| box | breast | 4 | 0.810 [0.700, 0.900] | 0.700 |  |",
    ]


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ({"split": "val"}, "'a' has split \"test\", 'b' has \"val\""),
        ({"limit": 5}, "'a' has limit null, 'b' has 5"),
        ({"draws": 1}, "'a' has draws 3, 'b' has 1"),
        ({"seeds": [42, 7]}, "'a' has seeds [], 'b' has [42, 7]"),
        ({"manifest_sha256": "cd" * 32}, "'a' has manifest_sha256 \"abab"),
        ({"skipped": [{"dataset": "d", "id": "x"}]}, "'a' has skipped [], 'b' has [\"d/x\"]"),
    ],
)
def test_reports_of_different_runs_are_refused_in_one_line(
    tmp_path: Path, change: dict[str, Any], reported: str
) -> None:
    refused = _join(tmp_path, REPORT, {**REPORT, **change})
    assert refused.returncode == 2
    assert refused.stdout == ""
    [line] = refused.stderr.splitlines()
    assert line.startswith(f"tables: {reported}")
    assert line.endswith("give reports that agree in it")


def test_masks_corrected_in_between_are_refused_and_names_told(tmp_path: Path) -> None:
    def with_truth(truth: str) -> dict[str, Any]:
        report = scored(0.9, 0.5, kind="click1")
        return {**report, "records": [{**one, "truth": truth} for one in report["records"]]}

    refused = _join(tmp_path, with_truth("0a"), with_truth("0b"))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "'a' and 'b' have other masks on 2 images, corrected in between" in refused.stderr
    told = _join(tmp_path, {**with_truth("0a"), "named": True}, with_truth("0a"))
    assert (told.returncode, told.stderr) == (
        0, "tables: the prompts of 'a' alone say what the objects are called\n",
    )  # fmt: skip


def test_a_run_is_given_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(json.dumps(REPORT), encoding="utf-8")
    assert "| box | breast | 4 | 0.810" in script(SCRIPT, f"a={tmp_path}").stdout


def test_another_metric_by_name(tmp_path: Path) -> None:
    assert "| box | breast | 4 | 12.3 |" in _join(tmp_path, REPORT, before=("--metric", "hd95_px")).stdout
    refused = _join(tmp_path, REPORT, before=("--metric", "hd96"))
    assert (refused.returncode, refused.stderr) == (
        2, "tables: metric 'hd96' is unknown; use one of dice, dice_interval, hd95_px, objects\n",
    )  # fmt: skip


def test_differences_are_paired_by_prompt_and_resampled_by_cluster(tmp_path: Path) -> None:
    shown = _join(
        tmp_path,
        scored(0.9, 0.5, 0.7),
        scored(0.8, 0.4, 0.6),
        scored(0.9, 0.4, 0.8),
        before=("--differences",),
    ).stdout
    assert shown.splitlines() == [
        "| prompt | organ | objects | a | above b | above c |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
        "| box | breast | 4 | 0.810 | **+10.0** [+10.0, +10.0] | +0.0 [-10.0, +10.0] |",
    ]
    alone = _join(tmp_path, scored(0.9), before=("--differences",))
    assert (alone.returncode, alone.stderr) == (
        2,
        "tables: --differences compares with others; give two reports or more\n",
    )


def test_an_overview_has_a_row_an_organ(tmp_path: Path) -> None:
    first = {
        **REPORT,
        "summary": {
            kind: {"breast": {**CELL, "dice": dice}}
            for kind, dice in (("box", 0.9), ("box10", 0.81), ("click1", 0.7))
        },
    }
    assert _join(
        tmp_path, first, {**REPORT, "summary": {"box": {"breast": CELL}}}, before=("--overview",)
    ).stdout.splitlines() == [
        "| organ | objects | box ±10 %: a | b | exact box: a | b | click1 |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        "| breast | 4 | 0.810 [0.700, 0.900] |  | 0.900 | 0.810 | 0.700 |",
    ]


def test_rows_are_reports(tmp_path: Path) -> None:
    cell = {"breast": CELL, "mean over organs": {**CELL, "skill": 0.4}}
    first, other = (
        {**scored(*dices, kind="box10"), "summary": {"box10": cell}} for dices in ((0.9, 0.5), (0.88, 0.48))
    )
    assert _join(tmp_path, first, other, before=("--rows",)).stdout.splitlines() == [
        "| | breast | mean over organs | skill | box10, points above a |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| a | 0.810 | 0.810 | 0.400 |  |",
        "| b | 0.810 | 0.810 | 0.400 | **-2.0** [-2.0, -2.0] |",
    ]


def test_wide_tables_have_a_row_an_organ_and_a_column_a_kind(tmp_path: Path) -> None:
    first, other = scored(0.9, 0.5, 0.8), scored(0.8, 0.4, 0.7)
    first["summary"] = {kind: {"breast": CELL} for kind in ("click3", "box")}
    assert _join(tmp_path, first, other, before=("--wide",)).stdout.splitlines() == [
        "| organ | objects | exact box: Dice, points above b | three: Dice, points above b |",
        "| --- | ---: | ---: | ---: |",
        "| breast | 4 | 0.810: **+10.0** [+10.0, +10.0] | 0.810 |",
    ]
    assert _join(tmp_path, first, other, before=("--beside",)).stdout.splitlines() == [
        "| organ | objects | exact box | b | three |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| breast | 4 | **0.810** [0.700, 0.900] | 0.810 | **0.810** [0.700, 0.900] |",
    ]
    first["summary"] = {"mask": {"breast": CELL}}  # of which no column is named
    assert _join(tmp_path, first, other, before=("--wide",)).stdout.splitlines()[::2] == [
        "| organ | objects | mask: Dice, points above b |",
        "| breast | 4 | 0.810 |",
    ]
    refused = _join(tmp_path, first, before=("--wide",)).stderr
    assert refused == "tables: --wide takes two reports, 1 given; give name=file.json twice\n"


def test_what_is_said_of_boxes_is_set_against_the_same_boxes_untold(tmp_path: Path) -> None:
    untold, told = scored(0.5, 0.6), scored(0.6, 0.7, kind="saidloose15")
    untold["records"] = [{**record, "kind": "loose15"} for record in untold["records"]]
    both = {**untold, "records": untold["records"] + told["records"]}
    both["summary"] = {kind: {"breast": CELL} for kind in ("loose15", "saidloose15")}
    assert _join(tmp_path, both, before=("--said",)).stdout.splitlines() == [
        "| organ | objects | 15 % too wide, said to be loose: Dice, points above untold |",
        "| --- | ---: | ---: |",
        "| breast | 4 | 0.650: **+10.0** [+10.0, +10.0] |",
    ]
    refused = [_join(tmp_path, *given, before=("--said",)).stderr for given in ((REPORT,), (both, both))]
    assert refused[0] == "tables: 'a' was told of no boxes; evaluate it with --kinds box,saidtight or more\n"
    assert refused[1] == "tables: --said takes one report, 2 given; give name=file.json once\n"


def test_names_are_set_against_the_same_prompts_without(tmp_path: Path) -> None:
    told, untold = ({**scored(*dices), "named": True} for dices in ((0.6, 0.7), (0.5, 0.6)))
    del untold["named"]
    for report in (told, untold):
        report["records"] = [{**record, "structure": "cyst"} for record in report["records"]]
    lines = _join(tmp_path, told, untold, before=("--named",)).stdout.splitlines()
    assert lines[0].startswith("| structure | objects | ")
    assert lines[2] == "| cyst | 2 | 0.650: **+10.0** [+10.0, +10.0] |"
    assert lines[3] == "| mean over structures | 2 | 0.650: **+10.0** [+10.0, +10.0] |"
    for wrong in ((untold, told), (told, told)):
        refused = _join(tmp_path, *wrong, before=("--named",)).stderr
        assert refused.endswith("is to have names and the other report none: uniultra evaluate --named\n")


def test_what_is_no_report_is_named(tmp_path: Path) -> None:
    [line] = _join(tmp_path, REPORT, {"x": 1}).stderr.splitlines()
    assert "is not a report of `uniultra evaluate --out` (keys are missing)" in line
    assert "give reports as name=file.json" in _join(tmp_path).stderr
