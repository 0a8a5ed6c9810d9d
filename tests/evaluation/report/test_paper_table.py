"""The tables for a manuscript say what the report says, in LaTeX that holds whatever an organ is called."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from uniultra.evaluation.protocol import Evaluation
from uniultra.evaluation.records import Record
from uniultra.evaluation.report.compare import compare
from uniultra.evaluation.report.provenance import Provenance
from uniultra.evaluation.report.run_report import Against, tables_of
from uniultra.evaluation.run_folder import write_folder
from uniultra.evaluation.settings import EvaluationSettings

ODD = "50 % a_b & {c} #1"


def _record(number: int, organ: str, dice: float) -> Record:
    return Record(str(number), "d", organ, f"d/{number}", 0, "box", 0, dice, dice / 2, 0.5, 0.8, 0.25)


def _written(folder: Path, organs: tuple[str, ...]) -> tuple[list[dict[str, str]], str, str, str]:
    """report.csv, report.tex, report.md and report.html of two models on eight images of each organ."""
    records = [_record(n, organ, 0.6 + n / 50) for organ in organs for n in range(8)]
    others = [_record(n, organ, 0.5 + n / 60) for organ in organs for n in range(8)]
    evaluation = Evaluation("val", EvaluationSettings(("box",)), tuple(records), 8, 0)
    provenance = Provenance("my_model", "0" * 64)
    against = Against("base_1", compare(records, others))
    write_folder(folder, evaluation, provenance, against)
    texts = [(folder / f"report.{kind}").read_text(encoding="utf-8") for kind in ("tex", "md", "html")]
    assert tables_of(evaluation, provenance, against)[0] in texts[1]
    with (folder / "report.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file)), texts[0], texts[1], texts[2]


def test_all_four_say_the_same(tmp_path: Path) -> None:
    rows, latex, markdown, page = _written(tmp_path / "run", ("breast", "ovary"))
    assert [row["organ"] for row in rows] == ["breast", "ovary", "mean over organs"]
    body = [line for line in latex.splitlines() if line.startswith("  box &")]
    for row, line in zip(rows, body, strict=True):
        low, high = (f"{float(row[end]):.3f}" for end in ("dice_low", "dice_high"))
        said = f"{float(row['dice']):.3f} [{low}, {high}]"
        gain = f"{float(row['difference']):+.3f} [{float(row['difference_low']):+.3f}, "
        assert said in line
        assert gain in line
        for text in (markdown, page):
            assert said in text
            assert gain in text
        assert row["verdict"] == "better"


@pytest.mark.parametrize("organ", ["heart", ODD])
def test_one_organ_has_one_row(tmp_path: Path, organ: str) -> None:
    rows, latex, markdown, page = _written(tmp_path / "run", (organ,))
    assert [(row["organ"], row["model"], row["other_model"]) for row in rows] == [
        (organ, "my_model", "base_1")
    ]
    assert not any("mean over organs" in text for text in (latex, markdown, page))


def test_latex_is_balanced_whatever_an_organ_is_called(tmp_path: Path) -> None:
    _, latex, _, _ = _written(tmp_path / "run", (ODD, "b\\c~^"))
    table = latex[latex.index("\\begin{tabular}") :]
    columns = re.search(r"tabular}{(\w+)}", table)
    assert columns is not None
    for line in (line for line in table.splitlines() if line.endswith("\\\\")):
        bare = re.sub(r"\\([&%$#_{}])", "", line)  # what is escaped
        assert bare.count("&") == len(columns.group(1)) - 1
        assert not set(bare) & set("%#_~^")
    assert r"50 \% a\_b \& \{c\} \#1" in table
    assert r"b\textbackslash{}c\textasciitilde{}\textasciicircum{}" in table
