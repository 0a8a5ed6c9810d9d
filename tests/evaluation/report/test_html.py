"""The page: whole without anything beside it, and hostile names stay text."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from phantom_manifest import Phantom, phantom_manifest
from uniultra.data.problems import RowError
from uniultra.data.splits import selection_split
from uniultra.evaluation.baselines import EllipseBaseline
from uniultra.evaluation.protocol import Evaluation, evaluate
from uniultra.evaluation.records import EmptyAnswer, Record, Skipped
from uniultra.evaluation.report.compare import compare
from uniultra.evaluation.report.gallery import Case, choose, picture_cases
from uniultra.evaluation.report.html import to_html
from uniultra.evaluation.report.provenance import Provenance
from uniultra.evaluation.report.run_report import Against, build_report
from uniultra.evaluation.settings import EvaluationSettings

HOSTILE = '<script>alert("x")</script>'


def record(id: str, dice: float, organ: str = "breast", kind: str = "box") -> Record:
    curve = (dice / 2, dice) if kind == "to90" else None
    return Record(
        id, "d", organ, f"d/{id}", 0, kind, 0, dice, dice, dice, 0.8, 0.1, 3.0, None, 0.9, None, curve
    )


class Tags(HTMLParser):
    """Collects start tags with their attributes, and checks that what opens closes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_best_median_and_worst_of_each_organ_under_the_hardest_kind() -> None:
    records = [record(f"a{i}", i / 10) for i in range(7)] + [
        record("o", 0.5, "ovary"),
        record("a0", 0.9, kind="click1"),
    ]
    assert [(rank, r.id, r.kind) for rank, r in choose(records)] == [("best", "a0", "click1")]
    found = [(rank, r.organ, r.id) for rank, r in choose(records[:-1])]
    assert found == [
        ("best", "breast", "a6"),
        ("median", "breast", "a3"),
        ("worst", "breast", "a0"),
        ("best", "ovary", "o"),
    ]
    assert [rank for rank, _ in choose(records[:2])] == ["best", "worst"]
    assert choose([]) == []


def test_the_page_is_whole_and_escapes(tmp_path: Path) -> None:
    records = (record(HOSTILE, 0.9), record("b", 0.7), record("b", 0.8, kind="to90"))
    empty = (EmptyAnswer("n", "d", HOSTILE, "d/n", 0, 0.4, 0.1),)
    skipped = (Skipped(7, "d", HOSTILE, (f"image: {HOSTILE}",)),)
    evaluation = Evaluation("val", EvaluationSettings(("box", "to90")), records, 2, 1, empty, skipped)
    against = Against(HOSTILE, compare(records, records))
    page = to_html(
        build_report(
            evaluation,
            Provenance(HOSTILE, "ab" * 32, model_version=HOSTILE, weights_sha256="cd" * 32),
            against,
        ),
        [Case("best", records[0], "data:image/jpeg;base64,AA==")],
    )
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    names = {tag for tag, _ in tags.found}
    assert "script" not in names
    assert {"svg", "polyline", "img", "table"} <= names
    sources = [
        value or ""
        for _, attributes in tags.found
        for key, value in attributes.items()
        if key in ("src", "href")
    ]
    assert all(source.startswith("data:") for source in sources)
    assert not re.search(r"https?://|url\(", page)
    assert "&lt;script&gt;" in page
    assert "weights cdcdcdcdcdcd" in page
    assert "Left out (1)" in page


def test_pictures_are_of_the_prompts_that_were_scored(tmp_path: Path) -> None:
    split = selection_split(
        phantom_manifest(tmp_path, [Phantom(f"p{i}", objects=1 + i % 3, group=str(i)) for i in range(3)])
    )
    evaluation = evaluate(EllipseBaseline(), split, EvaluationSettings(("box20",), draws=2))
    cases = picture_cases(EllipseBaseline(), split, evaluation)
    assert [case.rank for case in cases] == ["best", "median", "worst"]
    assert all(case.uri.startswith("data:image/jpeg;base64,/9j/") for case in cases)


def test_a_case_whose_file_broke_meanwhile_is_left_out_where_bad_rows_are(tmp_path: Path) -> None:
    split = selection_split(
        phantom_manifest(tmp_path, [Phantom("a", group="0"), Phantom("b", group="1", objects=2)])
    )
    evaluation = evaluate(EllipseBaseline(), split, EvaluationSettings(("box",)))
    split.rows[0].image.write_bytes(b"no picture")
    with pytest.raises(RowError, match=r"^manifest row 2, image: 'images/a\.png'"):
        picture_cases(EllipseBaseline(), split, evaluation)
    skipping = replace(evaluation, settings=EvaluationSettings(("box",), skip_bad=True))
    assert {case.record.id for case in picture_cases(EllipseBaseline(), split, skipping)} == {"b"}
