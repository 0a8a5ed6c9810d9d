"""The report of the paper's protocol: its name, its means, what was dropped, and the same bytes after an
interruption.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phantom_manifest import Phantom, phantom_manifest
from uniultra.data.splits import selection_split
from uniultra.errors import DataError, OutputError
from uniultra.evaluation.baselines import EllipseBaseline
from uniultra.evaluation.paper.paper_protocol import PaperImage, PaperRecord, PaperScore, evaluate_paper
from uniultra.evaluation.paper.paper_report import (
    ALL_SETS,
    build_paper_report,
    open_paper,
    paper_markdown,
    write_paper,
)
from uniultra.evaluation.report.provenance import Provenance

PROVENANCE = Provenance("some model", "ab" * 32)


def image(id: str, dice: float, distance: float | None, dataset: str = "busi") -> PaperImage:
    scores = PaperScore(dice, dice / 2, distance), PaperScore(0.5, 0.4, 30.0)
    return PaperImage(PaperRecord(id, dataset, "breast", f"{dataset}/{id}", 1, *scores))


IMAGES = (
    image("a", 0.9, 10.0),
    image("b", 0.8, 20.0),
    image("c", 0.0, None),
    PaperImage(None),
    image("d", 0.7, 41.0, "ddti"),
    image("e", 0.0, None, "other"),
)


def test_means_are_per_image_then_over_data_sets() -> None:
    summary = build_paper_report(IMAGES, PROVENANCE, "test")["summary"]
    assert list(summary) == ["busi", "ddti", "other", ALL_SETS]
    assert summary["busi"]["dice"]["mean"] == pytest.approx(1.7 / 3, abs=1e-5)
    assert summary["busi"]["dice"]["interval"][0] < 1.7 / 3 < summary["busi"]["dice"]["interval"][1]
    assert summary["ddti"]["dice"] == {"mean": 0.7, "interval": None, "images": 1}
    assert summary[ALL_SETS]["dice"]["mean"] == pytest.approx((1.7 / 3 + 0.7 + 0.0) / 3, abs=1e-5)
    assert (summary[ALL_SETS]["images"], summary[ALL_SETS]["clusters"]) == (5, 5)
    assert summary[ALL_SETS]["ellipse_hausdorff_px"]["mean"] == 30.0


def test_infinite_distances_are_dropped_and_counted() -> None:
    report = build_paper_report(IMAGES, PROVENANCE, "test")
    cells = report["summary"]
    assert cells["busi"]["hausdorff_px"] == {"mean": 15.0, "interval": [10.0, 20.0], "images": 2}
    assert cells["other"]["hausdorff_px"] == {"mean": None, "interval": None, "images": 0}
    assert cells[ALL_SETS]["hausdorff_px"]["mean"] == 28.0
    assert [cells[name]["infinite"] for name in cells] == [1, 0, 1, 2]
    assert cells[ALL_SETS]["ellipse_infinite"] == 0


def test_the_report_is_named_as_what_it_is() -> None:
    report = build_paper_report(IMAGES, PROVENANCE, "test")
    assert (report["protocol"], report["protocol_schema_version"]) == ("paper", 1)
    assert (report["images"], report["images_without_mask"]) == (5, 1)
    text = paper_markdown(report)
    assert text.startswith("# some model on test, by the paper's protocol\n")
    assert "1 more has no mask and can't be prompted" in text
    assert (
        "| busi | 3 | 3 | 0.567 [0.000, 0.900] | 0.283 [0.000, 0.450] | 15.0 [10.0, 20.0] | 1 | 0.500 | "
        "0.400 | 30.0 |" in text
    )
    assert "| other | 1 | 1 | 0.000 | 0.000 | n/a | 1 |" in text


def test_a_run_goes_on_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    split = selection_split(
        phantom_manifest(tmp_path, [Phantom(f"p{i}", group=str(i), objects=i % 3) for i in range(5)])
    )
    evaluate_paper(EllipseBaseline(), split.rows[:3], journal=open_paper(tmp_path / "one", PROVENANCE, "val"))
    again = evaluate_paper(
        EllipseBaseline(), split.rows, journal=open_paper(tmp_path / "one", PROVENANCE, "val")
    )
    write_paper(tmp_path / "one", build_paper_report(again, PROVENANCE, "val"))
    write_paper(
        tmp_path / "two", build_paper_report(evaluate_paper(EllipseBaseline(), split.rows), PROVENANCE, "val")
    )
    for name in ("report.json", "report.md"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert len(json.loads((tmp_path / "one" / "report.json").read_text(encoding="utf-8"))["records"]) == 3
    with pytest.raises(OutputError, match=r"report\.json' exists; pass --force"):
        open_paper(tmp_path / "one", PROVENANCE, "val")
    (tmp_path / "one" / "report.json").unlink()
    with pytest.raises(DataError, match="belongs to a run with different --split;"):
        open_paper(tmp_path / "one", PROVENANCE, "test")
    assert open_paper(tmp_path / "one", PROVENANCE, "val", force=True).known == {}


def test_nothing_to_score_is_told() -> None:
    with pytest.raises(DataError, match="split 'val' has no mask with an object"):
        build_paper_report([PaperImage(None)], PROVENANCE, "val")
