"""Tables and charts of damaged images: in the Markdown, the page and the JSON alike."""

from __future__ import annotations

import json
from pathlib import Path

from phantom_manifest import Phantom, phantom_manifest
from uniultra.data.splits import selection_split
from uniultra.evaluation.baselines import EllipseBaseline
from uniultra.evaluation.protocol import evaluate
from uniultra.evaluation.report.provenance import Provenance
from uniultra.evaluation.report.run_report import read_report
from uniultra.evaluation.robustness.corruptions import CORRUPTIONS
from uniultra.evaluation.robustness.robustness_protocol import (
    UNDAMAGED,
    DamagedRecord,
    Robustness,
    RobustnessSettings,
    evaluate_robustness,
)
from uniultra.evaluation.robustness.robustness_report import robustness_html, robustness_markdown
from uniultra.evaluation.robustness.robustness_summary import build_section
from uniultra.evaluation.run_folder import write_folder
from uniultra.evaluation.settings import EvaluationSettings

HOSTILE = "<script>"
RECORDS = tuple(
    DamagedRecord(id, "d", HOSTILE, f"d/{id}", 0, corruption, severity, dice, dice - 0.1, quality, 0.5)
    for id, corruption, severity, dice, quality in (
        ("a", UNDAMAGED, 0, 0.9, 0.81),
        ("b", UNDAMAGED, 0, 0.8, 0.81),
        ("a", "blur", 1, 0.76, 0.81),
        ("b", "blur", 1, 0.66, 0.81),
    )
)
SECTION = build_section(Robustness(RobustnessSettings(7), RECORDS, 2))


def test_markdown_tells_dice_drop_and_over_confidence() -> None:
    text = robustness_markdown(SECTION)
    assert "2 objects on 2 images, at most 7 a data set" in text
    assert (
        "| undamaged |  | 2 | 0.850 [0.800, 0.900] | +0.000 [+0.000, +0.000] | 0.750 | 0.810 | +0.060 | "
        "0.500 |" in text
    )
    assert (
        "| blur | 0.7 | 2 | 0.710 [0.660, 0.760] | +0.140 [+0.140, +0.140] | 0.610 | 0.810 | +0.200 | 0.500 |"
        in text
    )
    assert text.count("| undamaged |") == 2
    assert "| blur | 1.5 | n/a | n/a |" in text


def test_the_page_has_a_chart_a_corruption_and_escapes() -> None:
    page = "".join(robustness_html(SECTION))
    assert page.count("<svg") == len(CORRUPTIONS)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert page.count("predicted quality (IoU)") == 1
    assert 'text-anchor="end">0.6</text>' in page  # the lowest share is 0.61, so the axes begin there
    assert 'text-anchor="end">0.4</text>' not in page


def test_a_folder_holds_the_section(tmp_path: Path) -> None:
    split = selection_split(
        phantom_manifest(tmp_path / "data", [Phantom("a"), Phantom("b", organ="ovary", group="1")])
    )
    evaluation = evaluate(EllipseBaseline(), split, EvaluationSettings(("box",)))
    section = build_section(evaluate_robustness(EllipseBaseline(), split.rows, RobustnessSettings()))
    write_folder(tmp_path / "run", evaluation, Provenance("ellipse", "ab" * 32), robustness=section)
    report = json.loads((tmp_path / "run" / "report.json").read_text(encoding="utf-8"))
    assert list(report)[-2:] == ["robustness", "records"]
    gain = report["robustness"]["corruptions"]["gain down"]
    assert gain["unit"] == "dB"
    assert [step["cells"]["breast"]["drop"] for step in gain["severities"]] == [
        0.0
    ] * 6  # the ellipse sees no picture
    assert read_report(tmp_path / "run" / "report.json").records
    assert "## Robustness" in (tmp_path / "run" / "report.md").read_text(encoding="utf-8")
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "Robustness to image degradation" in page
    assert "predicted quality (IoU)" not in page  # the ellipse predicts none
