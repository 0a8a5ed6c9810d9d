"""Damaged images: the same objects and boxes throughout, the fall of a segmenter that is known to fall, and
runs that go on.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from phantom_manifest import FRAME_HW, Phantom, phantom_manifest
from uniultra.data.manifest import read_manifest
from uniultra.data.splits import SelectionSplit, selection_split
from uniultra.errors import DataError, PromptError
from uniultra.evaluation.baselines import EllipseBaseline
from uniultra.evaluation.protocol import evaluate
from uniultra.evaluation.records import Record
from uniultra.evaluation.robustness.corruptions import CORRUPTIONS
from uniultra.evaluation.robustness.robustness_protocol import (
    UNDAMAGED,
    DamagedRecord,
    RobustnessSettings,
    damage_image,
    draw_rows,
    evaluate_robustness,
    open_robustness,
)
from uniultra.evaluation.settings import EvaluationSettings
from uniultra.types import Frame, Mask, Prompt

PHANTOMS = tuple(
    Phantom(f"p{i}", organ=("breast", "ovary")[i % 2], group=str(i), objects=1 + i % 3) for i in range(4)
)
VERSIONS = 1 + sum(len(corruption.levels) for corruption in CORRUPTIONS.values())


class Dark:
    """All that is darker than 60 in the box, with a quality that never changes; counts its calls."""

    name = "dark"

    def __init__(self) -> None:
        self.calls = 0

    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> list[Mask]:
        self.calls += 1
        masks = []
        for prompt in prompts:
            assert prompt.box_xyxy is not None
            x0, y0, x1, y1 = prompt.box_xyxy
            y, x = np.mgrid[: frame.height, : frame.width]
            found = (frame.pixels_hw < 60) & (x > x0) & (x < x1) & (y > y0) & (y < y1)
            masks.append(Mask(found, np.where(found, 1.0, -1.0).astype(np.float32), 0.75))
        return masks


@pytest.fixture
def split(tmp_path: Path) -> SelectionSplit:
    return selection_split(phantom_manifest(tmp_path, PHANTOMS))


def at(records: Sequence[DamagedRecord], corruption: str, severity: int) -> list[DamagedRecord]:
    return [record for record in records if (record.corruption, record.severity) == (corruption, severity)]


def test_every_object_in_every_version(split: SelectionSplit) -> None:
    found = evaluate_robustness(Dark(), split.rows, RobustnessSettings())
    assert found.images == 4
    assert len(found.records) == (1 + 2 + 3 + 1) * VERSIONS
    assert {record.quality for record in found.records} == {0.75}
    undamaged = np.mean([r.dice for r in at(found.records, UNDAMAGED, 0)])
    darker = [np.mean([r.dice for r in at(found.records, "gain down", severity)]) for severity in (1, 3, 5)]
    assert undamaged > darker[0] > darker[1] > darker[2]  # the bright surround sinks below 60 too
    assert np.mean([r.dice for r in at(found.records, "gain up", 2)]) > undamaged


def test_the_undamaged_answers_are_those_of_the_evaluation(split: SelectionSplit) -> None:
    usual = evaluate(Dark(), split, EvaluationSettings(("box10",), draws=2)).records
    undamaged = at(evaluate_robustness(Dark(), split.rows, RobustnessSettings()).records, UNDAMAGED, 0)
    expected = [(r.id, r.object_index, r.dice, r.iou, r.ellipse_dice) for r in usual if r.draw == 0]
    assert [(r.id, r.object_index, r.dice, r.iou, r.ellipse_dice) for r in undamaged] == expected


def test_the_ellipse_never_sees_the_picture(split: SelectionSplit) -> None:
    records = evaluate_robustness(EllipseBaseline(), split.rows, RobustnessSettings()).records
    undamaged = {(r.id, r.object_index): r.dice for r in at(records, UNDAMAGED, 0)}
    for record in records:
        assert record.quality is None
        assert record.dice == record.ellipse_dice
        if record.corruption not in ("depth", "crop"):
            assert record.dice == undamaged[record.id, record.object_index]


def test_what_is_not_left_is_not_asked(tmp_path: Path) -> None:
    (row,) = phantom_manifest(tmp_path, [Phantom("line")]).rows
    thin = np.zeros(FRAME_HW, np.uint8)
    thin[11, 10:60] = 1  # at a fifth of the size the rows 7 and 12 are seen, and not this one
    Image.fromarray(thin).save(row.mask)
    records = damage_image(EllipseBaseline(), "box", row).records
    assert len(at(records, "depth", 1)) == 1
    assert at(records, "depth", 5) == []
    assert len(at(records, "crop", 5)) == 1


def test_rows_are_drawn_over_clusters_and_only_with_objects(tmp_path: Path) -> None:
    video = [Phantom(f"v{i}", group="video") for i in range(9)]
    stills = [Phantom(f"s{i}", group=f"g{i}") for i in range(4)]
    nothing = [Phantom(f"n{i}", group=f"n{i}", objects=0) for i in range(5)]
    other = [Phantom("o", dataset="other", group="o")]
    split = selection_split(phantom_manifest(tmp_path, [*video, *stills, *nothing, *other]))
    shown = evaluate(EllipseBaseline(), split, EvaluationSettings(("box",))).records
    chosen = draw_rows(split, shown, 5)
    assert [row.id for row in chosen if row.dataset == "other"] == ["o"]
    own = [row for row in chosen if row.dataset == "phantoms"]
    assert sorted(row.group for row in own) == ["g0", "g1", "g2", "g3", "video"]
    assert [row for row in split if row in chosen] == list(chosen)
    turned = SelectionSplit("val", tuple(reversed(split.rows)))
    assert {row.id for row in draw_rows(turned, shown, 5)} == {row.id for row in chosen}
    assert {row.id for row in draw_rows(split, shown, 3)} < {row.id for row in chosen}
    assert len(draw_rows(split, shown, 100)) == 14


def test_a_stopped_run_goes_on_and_workers_change_nothing(split: SelectionSplit, tmp_path: Path) -> None:
    settings, path = RobustnessSettings(), tmp_path / "run" / "robustness.jsonl"
    whole = evaluate_robustness(Dark(), split.rows, settings)
    evaluate_robustness(Dark(), split.rows[:3], settings, open_robustness(path, settings, {"model": "dark"}))
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text(
        "".join(lines[:-1]) + lines[-1][:200], encoding="utf-8"
    )  # as if killed while writing the third
    segmenter = Dark()
    again = evaluate_robustness(
        segmenter, split.rows, settings, open_robustness(path, settings, {"model": "dark"})
    )
    assert segmenter.calls == (3 + 1) * VERSIONS
    assert again == whole
    assert evaluate_robustness(Dark(), split.rows, RobustnessSettings(workers=3)).records == whole.records
    with pytest.raises(DataError, match="belongs to a run with different --robustness-limit;"):
        open_robustness(path, RobustnessSettings(3), {"model": "dark"})
    with pytest.raises(DataError, match="belongs to a run with different --model;"):
        open_robustness(path, settings, {"model": "light"})


def test_what_is_asked_can_be_stored() -> None:
    requested = RobustnessSettings(workers=7).requested()
    assert json.loads(json.dumps(requested)) == requested == RobustnessSettings().requested()
    assert list(requested["corruptions"]) == list(CORRUPTIONS)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"limit": 0}, "robustness limit is 0; it must be at least 1"),
        ({"workers": 0}, "workers is 0; it must be at least 1"),
        ({"kind": "click1"}, "measured with a box, not with 'click1'; use one of box, box10, box20"),
    ],
)
def test_wrong_settings_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(PromptError, match=message):
        RobustnessSettings(**values)  # type: ignore[arg-type]


@pytest.mark.shared
def test_the_mini_on_a_real_image(shared: Path) -> None:
    from uniultra.segmenter import Segmenter

    manifest = read_manifest(shared / "data" / "manifest.csv")
    row = next(row for row in selection_split(manifest) if row.dataset == "hc18")
    records = damage_image(Segmenter.load(), "box10", row).records
    assert len(records) == VERSIONS
    assert at(records, UNDAMAGED, 0)[0].dice > 0.85
    assert all(record.quality is not None and math.isfinite(record.quality) for record in records)


def test_records_are_of_objects_that_were_shown() -> None:
    record = Record("a", "d", "o", "d/g", 0, "box", 0, 1.0, 1.0, None, None, 0.0)
    assert draw_rows(SelectionSplit("val", ()), [record], 3) == ()
