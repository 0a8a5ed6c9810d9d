"""The one way of scoring: what is asked, in which order, and what is recorded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from phantom_manifest import FRAME_HW, Phantom, phantom_manifest, true_ids
from uniultra.data.problems import RowError
from uniultra.data.splits import ReportSplit, SelectionSplit, report_split, selection_split, train_split
from uniultra.errors import DataError, PromptError
from uniultra.evaluation.baselines import EllipseBaseline, ellipse_in_box
from uniultra.evaluation.metrics import dice
from uniultra.evaluation.protocol import Limit, drawn_rows, evaluate, first_rows
from uniultra.evaluation.records import Record
from uniultra.evaluation.settings import KINDS, EvaluationSettings
from uniultra.evaluation.simulated_user import EMPTY_CLICKS, box_for
from uniultra.types import POSITIVE, Frame, Mask, Prompt

PHANTOMS = (
    Phantom("a", objects=2),
    Phantom("b", organ="ovary", objects=3),
    Phantom("c", objects=0),
    Phantom("d", group="1", dataset="others"),
    Phantom("e", group="2", split="train"),
    Phantom("f", group="3", split="test"),
)


def _masks(frame: Frame, found: Sequence[np.ndarray], quality: float) -> list[Mask]:
    return [
        Mask(hw, np.where(hw, 1.0, -1.0).astype(np.float32), quality, frame.calibration.at(None))
        for hw in found
    ]


@dataclass
class Perfect:
    """Knows the phantoms: answers with the object under the box's centre, the first click, or nothing. Keeps
    what it was asked.
    """

    name: str = "perfect"
    given: list[list[Prompt]] = field(default_factory=list)

    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> list[Mask]:
        self.given.append(list(prompts))
        ids = true_ids(3)
        ids[:, frame.pixels_hw.shape[1] :] = 0
        return _masks(frame, [ids == ids[self._place(prompt)] for prompt in prompts], quality=1.0)

    def _place(self, prompt: Prompt) -> tuple[int, int]:
        if prompt.mask_hw is not None and not prompt.points_xy:
            y, x = np.argwhere(prompt.mask_hw).mean(axis=0)
        elif prompt.box_xyxy is None:
            x, y = prompt.points_xy[0]
        else:
            x, y = np.mean(np.reshape(prompt.box_xyxy, (2, 2)), axis=0)
        return round(float(y)), round(float(x))


@dataclass
class Stubborn:
    """Ignores the prompt: always the same rectangle, or nothing."""

    empty: bool = False
    name: str = "stubborn"
    given: list[list[Prompt]] = field(default_factory=list)

    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> list[Mask]:
        self.given.append(list(prompts))
        found = np.zeros(FRAME_HW, bool)
        found[20:40, 10:70] = not self.empty
        return _masks(frame, [found] * len(prompts), quality=0.5)


class Growing:
    """Answers with more of the box for each click."""

    name = "growing"

    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> list[Mask]:
        found = []
        for prompt in prompts:
            assert prompt.box_xyxy is not None
            x0, y0, x1, y1 = (round(value) for value in prompt.box_xyxy)
            mask = np.zeros(FRAME_HW, bool)
            mask[y0 : y0 + (y1 - y0) * (1 + len(prompt.points_xy)) // 6, x0:x1] = True
            found.append(mask)
        return _masks(frame, found, quality=0.5)


def _val(folder: Path) -> SelectionSplit:
    return selection_split(phantom_manifest(folder, PHANTOMS))


def _untimed(records: Sequence[Record]) -> list[Record]:
    return [replace(record, seconds=0.0) for record in records]


def test_a_perfect_segmenter_scores_one(tmp_path: Path) -> None:
    found = evaluate(Perfect(), _val(tmp_path), EvaluationSettings())
    assert {(r.dice, r.iou, r.quality) for r in found.records} == {(1.0, 1.0, 1.0)}


def test_every_object_is_asked_once_a_kind_and_draw(tmp_path: Path) -> None:
    found = evaluate(Perfect(), _val(tmp_path), EvaluationSettings(draws=2))
    given = [(r.id, r.object_index, r.kind, r.draw) for r in found.records]
    draws = [
        ("box", 0),
        ("box10", 0),
        ("box10", 1),
        ("box20", 0),
        ("box20", 1),
        ("click1", 0),
        ("click3", 0),
        ("click5", 0),
        ("to90", 0),
        ("mask", 0),
    ]
    expected = [
        (row, index, *draw)
        for row, count in (("a", 2), ("b", 3), ("d", 1))
        for index in range(count)
        for draw in draws
    ]
    assert sorted(given) == sorted(expected)
    assert (found.split, found.images, found.images_without_objects) == ("val", 3, 1)


def test_records_carry_the_manifest(tmp_path: Path) -> None:
    records = evaluate(Perfect(), _val(tmp_path), EvaluationSettings(("box",))).records
    assert {(r.id, r.dataset, r.organ, r.group) for r in records} == {
        ("a", "phantoms", "breast", "phantoms/0"),
        ("b", "phantoms", "ovary", "phantoms/0"),
        ("d", "others", "breast", "others/1"),
    }
    assert all(record.seconds >= 0 for record in records)


def test_a_segmenter_that_ignores_prompts_gains_nothing_from_clicks(tmp_path: Path) -> None:
    records = evaluate(Stubborn(), _val(tmp_path), EvaluationSettings()).records
    by_object: dict[tuple[str, int], set[float]] = {}
    for record in records:
        by_object.setdefault((record.id, record.object_index), set()).add(record.dice)
    assert all(len(dices) == 1 for dices in by_object.values())
    assert max(record.dice for record in records) < 0.8


def test_clicks_gather_and_bring_the_last_mask(tmp_path: Path) -> None:
    stubborn = Stubborn()
    evaluate(stubborn, first_rows(_val(tmp_path), 1), EvaluationSettings(("click3",)))
    rounds = stubborn.given[:3]
    assert [len(prompts) for prompts in rounds] == [2, 2, 2]
    assert [len(prompts[0].points_xy) for prompts in rounds] == [1, 2, 3]
    assert rounds[2][0].points_xy[:2] == rounds[1][0].points_xy
    assert rounds[0][0].mask_hw is None
    assert rounds[1][0].mask_hw is not None
    assert np.count_nonzero(rounds[1][0].mask_hw) == 20 * 60
    assert all(prompt.box_xyxy is None for prompts in rounds for prompt in prompts)


def test_corrections_of_a_box_keep_it_and_are_of_the_same_boxes(tmp_path: Path) -> None:
    stubborn, boxes = Stubborn(), Stubborn()
    split = first_rows(_val(tmp_path), 1)
    kinds = ("box10then1", "box10then3")
    records = evaluate(stubborn, split, EvaluationSettings(kinds, draws=2)).records
    rounds = stubborn.given[:4]
    assert [len(prompts) for prompts in rounds] == [4] * 4, "two objects, two draws"
    assert [len(prompts[0].points_xy) for prompts in rounds] == [0, 1, 2, 3]
    assert [prompts[0].mask_hw is not None for prompts in rounds] == [False, True, True, True]
    evaluate(boxes, split, EvaluationSettings(("box10",), draws=2))
    drawn = [prompt.box_xyxy for prompt in boxes.given[0]]
    assert all([prompt.box_xyxy for prompt in prompts] == drawn for prompts in rounds)
    assert {(r.kind, r.draw) for r in records} == {(kind, draw) for kind in kinds for draw in (0, 1)}
    assert all(record.ellipse_dice is None for record in records)


@pytest.mark.parametrize(
    ("at_once", "in_turns"), [("click3atonce", "click3"), ("box10with3", "box10then3")], ids=["clicks", "box"]
)
def test_clicks_at_once_come_without_the_last_mask(tmp_path: Path, at_once: str, in_turns: str) -> None:
    """And are the same clicks, of a segmenter that hears no mask."""
    given = {}
    for kind in (at_once, in_turns):
        stubborn = Stubborn()
        evaluate(stubborn, first_rows(_val(tmp_path), 1), EvaluationSettings((kind,), draws=1))
        given[kind] = [prompt for prompts in stubborn.given for prompt in prompts]
    assert all(prompt.mask_hw is None for prompt in given[at_once])
    assert any(prompt.mask_hw is not None for prompt in given[in_turns])
    assert given[at_once] == [replace(prompt, mask_hw=None) for prompt in given[in_turns]]


def test_corrections_of_a_box_are_the_answers_after_their_last_click(tmp_path: Path) -> None:
    growing = Growing()
    settings = EvaluationSettings(("box10", "box10then1", "box10then3"), draws=1)
    found = {r.kind: r.dice for r in evaluate(growing, first_rows(_val(tmp_path), 1), settings).records}
    assert found["box10"] < found["box10then1"] < found["box10then3"] < 1.0


def test_an_image_without_objects_has_no_box_to_correct(tmp_path: Path) -> None:
    assert evaluate(Stubborn(), _val(tmp_path), EvaluationSettings(("box10then1",))).empty == ()


def test_an_empty_mask_is_not_handed_on(tmp_path: Path) -> None:
    stubborn = Stubborn(empty=True)
    evaluate(stubborn, first_rows(_val(tmp_path), 1), EvaluationSettings(("click3",)))
    assert all(
        prompt.mask_hw is None and set(prompt.point_labels) == {POSITIVE}
        for prompts in stubborn.given
        for prompt in prompts
    )


def test_a_right_answer_is_not_asked_again(tmp_path: Path) -> None:
    perfect = Perfect()
    evaluate(perfect, first_rows(_val(tmp_path), 1), EvaluationSettings(("click5",)))
    assert [len(prompts) for prompts in perfect.given] == [2, 1]  # one call for each of two images


def test_boxes_alone_ask_no_clicks(tmp_path: Path) -> None:
    perfect = Perfect()
    evaluate(perfect, _val(tmp_path), EvaluationSettings(("box", "box20"), draws=3))
    assert [len(prompts) for prompts in perfect.given] == [8, 12, 4]  # a call an image: objects times (1 + 3)
    assert all(prompt.box_xyxy is not None for prompts in perfect.given for prompt in prompts)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_prompts_do_not_depend_on_order_or_workers(tmp_path: Path, workers: int) -> None:
    split = _val(tmp_path)
    settings = EvaluationSettings(draws=2, workers=workers)
    forth = evaluate(Stubborn(), split, EvaluationSettings(draws=2))
    back = evaluate(Stubborn(), replace(split, rows=split.rows[::-1]), settings)
    assert _untimed(evaluate(Stubborn(), split, settings).records) == _untimed(forth.records)
    key = lambda r: (r.id, r.object_index, r.kind, r.draw)  # noqa: E731
    assert sorted(_untimed(back.records), key=key) == sorted(_untimed(forth.records), key=key)


def test_a_subset_of_kinds_asks_the_same(tmp_path: Path) -> None:
    split = _val(tmp_path)
    all_kinds = evaluate(Stubborn(), split, EvaluationSettings(tuple(KINDS)))
    for name in KINDS:
        alone = evaluate(Stubborn(), split, EvaluationSettings((name,)))
        assert _untimed(alone.records) == _untimed([r for r in all_kinds.records if r.kind == name])


def test_the_ellipse_is_that_of_the_same_box(tmp_path: Path) -> None:
    records = evaluate(
        EllipseBaseline(), _val(tmp_path), EvaluationSettings(("box", "box10", "box20"))
    ).records
    assert all(record.dice == record.ellipse_dice for record in records)
    assert all(record.quality is None for record in records)
    jittered = [record for record in records if record.kind == "box20" and record.id == "d"]
    true_hw = true_ids(1) == 1
    for record in jittered:
        box = box_for("d", 0, KINDS["box20"], record.draw, true_hw)
        assert record.ellipse_dice == dice(ellipse_in_box(box, FRAME_HW), true_hw)
    assert len({record.dice for record in jittered}) == 3


def test_clicks_have_no_ellipse(tmp_path: Path) -> None:
    records = evaluate(Perfect(), _val(tmp_path), EvaluationSettings(("click1", "click5"))).records
    assert all(record.ellipse_dice is None for record in records)


def test_boxes_stay_on_the_frame_and_keep_a_pixel() -> None:
    thin_hw = np.zeros(FRAME_HW, bool)
    thin_hw[0, :] = True
    for draw in range(50):
        x0, y0, x1, y1 = box_for("thin", 0, KINDS["box20"], draw, thin_hw)
        assert -0.5 <= x0 < x1 <= FRAME_HW[1] - 0.5
        assert -0.5 <= y0 < y1 <= FRAME_HW[0] - 0.5
        assert x1 - x0 >= 1
        assert y1 - y0 >= 1
    assert box_for("thin", 0, KINDS["box"], 0, thin_hw) == (-0.5, -0.5, 79.5, 0.5)


def test_a_margin_moves_all_edges_alike() -> None:
    true_hw = true_ids(1) == 1  # 19 by 29 pixels, its box from 5.5, 13.5 to 24.5, 42.5
    assert box_for("a", 0, KINDS["loose15"], 0, true_hw) == pytest.approx((2.65, 9.15, 27.35, 46.85))
    assert box_for("a", 0, KINDS["tight10"], 0, true_hw) == pytest.approx((7.4, 16.4, 22.6, 39.6))
    x0, _, x1, y1 = box_for("a", 0, KINDS["loose30"], 0, true_ids(3) == 3)
    assert (x0, x1, y1) == pytest.approx((55.5 - 0.3 * 19, 74.5 + 5.0, 48.5 + 8.7))
    assert x1 == FRAME_HW[1] - 0.5  # cut to the frame


def test_a_sam2_box_moves_by_a_tenth_at_most_and_by_its_cap() -> None:
    large_hw = np.zeros(FRAME_HW, bool)
    large_hw[5:55, 5:75] = True
    boxes = np.array([box_for("a", 0, KINDS["sam2box"], draw, large_hw) for draw in range(300)])
    moved = np.abs(boxes - (4.5, 4.5, 74.5, 54.5)).max(axis=0)
    cap = np.array([20 / 1024 * 80, 20 / 1024 * 60] * 2)  # less than a tenth of 70 and 50 pixels
    assert (moved <= cap).all()
    np.testing.assert_allclose(moved, cap, rtol=0.05)
    small = np.array([box_for("a", 0, KINDS["sam2box"], draw, true_ids(1) == 1) for draw in range(300)])
    assert (
        np.abs(small - (5.5, 13.5, 24.5, 42.5)).max() <= 1.6
    )  # a tenth of 19 pixels is 1.9: the cap counts here as well


def test_clicks_anywhere_reach_the_rim_and_each_seed_has_its_own(tmp_path: Path) -> None:
    stubborn, split = Stubborn(), first_rows(_val(tmp_path), 1)
    settings = EvaluationSettings(("click1", "uclick1"), seeds=tuple(range(40)))
    records = evaluate(stubborn, split, settings).records
    clicks = [prompt.points_xy[0] for prompts in stubborn.given for prompt in prompts]
    assert len(clicks) == 3 * (1 + 40)  # three objects on two images
    anywhere = {(r.id, r.object_index, r.draw) for r in records if r.kind == "uclick1"}
    assert {draw for *_, draw in anywhere} == set(range(40))
    depths = [_depth(xy) for prompts in stubborn.given[1:2] for prompt in prompts for xy in prompt.points_xy]
    assert min(depths) < 0.15 < 0.6 < max(depths)
    again = Stubborn()
    evaluate(again, split, EvaluationSettings(("uclick1",), seeds=(7,)))
    assert again.given[0][0].points_xy[0] == stubborn.given[1][7].points_xy[0]


def _depth(click_xy: tuple[float, float]) -> float:
    """0 at the rim of the phantom that is clicked, 1 in its middle."""
    x, y = click_xy
    k = round((x - 15) / 25)
    return 1.0 - float(np.hypot((x - 15 - 25 * k) / 9, (y - 28 - 3 * k) / 14))


def test_a_train_split_is_refused(tmp_path: Path) -> None:
    split = train_split(phantom_manifest(tmp_path, PHANTOMS))
    with pytest.raises(
        DataError, match="split 'train' is what models are trained on; evaluate on val, test or external"
    ):
        evaluate(Perfect(), split, EvaluationSettings())  # type: ignore[arg-type]


def test_a_report_split_is_taken(tmp_path: Path) -> None:
    found = evaluate(
        Perfect(), report_split(phantom_manifest(tmp_path, PHANTOMS), "test"), EvaluationSettings(("box",))
    )
    assert (found.split, [record.id for record in found.records]) == ("test", ["f"])


def test_progress_follows_the_split(tmp_path: Path) -> None:
    seen: list[tuple[str, int]] = []
    split = _val(tmp_path)
    evaluate(
        Perfect(),
        split,
        EvaluationSettings(("box",), workers=3),
        lambda row, records: seen.append((row.id, len(records))),
    )
    assert seen == [("a", 2), ("b", 3), ("c", 0), ("d", 1)]


def test_the_frame_brings_the_manifests_spacing(tmp_path: Path) -> None:
    class Spacing(Stubborn):
        def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> list[Mask]:
            assert frame.spacing_mm_yx == (0.2, 0.2)
            return super().segment(frame, prompts)

    evaluate(Spacing(), _val(tmp_path), EvaluationSettings(("box",)))


def test_first_rows_are_of_each_data_set_and_keep_the_kind_of_split(tmp_path: Path) -> None:
    split = _val(tmp_path)
    assert [row.id for row in first_rows(split, 1)] == ["a", "d"]
    assert [row.id for row in first_rows(split, 2)] == ["a", "b", "d"]
    assert type(first_rows(split, 1)) is SelectionSplit
    assert type(first_rows(report_split(phantom_manifest(tmp_path, PHANTOMS), "test"), 1)) is ReportSplit
    with pytest.raises(DataError, match="limit is 0; it must be at least 1"):
        first_rows(split, 0)


def test_drawn_rows_are_the_same_each_time_and_of_different_clusters(tmp_path: Path) -> None:
    split = _val(tmp_path)
    many = replace(
        split,
        rows=tuple(replace(split.rows[0], id=f"{i:03d}", group=f"g{i // 10}") for i in range(100)),
    )
    drawn = drawn_rows(many, 10)
    turned = drawn_rows(replace(many, rows=many.rows[::-1]), 10)
    assert {row.id for row in drawn} == {row.id for row in turned}, "whatever the order"
    assert [row.id for row in drawn] == sorted(row.id for row in drawn), "in the split's order"
    assert len({row.cluster for row in drawn}) == 10, "one of each cluster before a second one"
    assert [row.id for row in drawn] != [row.id for row in first_rows(many, 10)]
    assert len(drawn_rows(many, 1000)) == 100
    with pytest.raises(DataError, match="limit is 0; it must be at least 1"):
        drawn_rows(many, 0)


def test_a_limit_draws_unless_the_first_are_named(tmp_path: Path) -> None:
    split = _val(tmp_path)
    assert Limit().rows(split) is split
    assert Limit(2, first=True).rows(split) == first_rows(split, 2)
    assert Limit(2).rows(split) == drawn_rows(split, 2)
    assert [limit.drawn for limit in (Limit(), Limit(2), Limit(2, first=True))] == [False, True, False]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_file_lacks_is_told(tmp_path: Path, workers: int) -> None:
    split, settings = _val(tmp_path), EvaluationSettings(("box",), workers=workers)
    Image.fromarray(true_ids(1)[:50]).save(split.rows[0].mask)
    with pytest.raises(
        RowError,
        match=r"^manifest row 2, mask: 80 x 50 pixels but its image is 80 x 60; save both at one size$",
    ):
        evaluate(Perfect(), split, settings)
    split.rows[0].image.unlink()
    with pytest.raises(
        RowError, match=r"^manifest row 2, image: 'images/a\.png': no such file; check the path$"
    ):
        evaluate(Perfect(), split, settings)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_row_that_turns_bad_in_the_middle_is_skipped_where_asked(tmp_path: Path, workers: int) -> None:
    split, settings = _val(tmp_path), EvaluationSettings(("box",), workers=workers, skip_bad=True)
    whole = evaluate(Perfect(), split, settings)
    content = split.rows[1].image.read_bytes()
    split.rows[1].image.write_bytes(content[: len(content) // 2])
    found = evaluate(Perfect(), split, settings)
    [left_out] = found.skipped
    assert (left_out.row, left_out.id) == (3, "b")
    assert left_out.problems[0].startswith("image: 'images/b.png': the PNG data is damaged")
    assert [(r.id, r.dice) for r in found.records] == [(r.id, r.dice) for r in whole.records if r.id != "b"]
    assert (found.images, found.images_without_objects) == (whole.images - 1, whole.images_without_objects)


def test_what_a_segmenter_refuses_is_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="takes boxes only"):
        evaluate(EllipseBaseline(), _val(tmp_path), EvaluationSettings(("click1",)))


def test_a_segmenter_that_forgets_a_prompt_is_a_bug(tmp_path: Path) -> None:
    class Forgetful(Stubborn):
        def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> list[Mask]:
            return super().segment(frame, prompts)[1:]

    with pytest.raises(AssertionError, match="stubborn gave 1 masks for 2 prompts"):
        evaluate(Forgetful(), _val(tmp_path), EvaluationSettings(("box",)))


def test_an_unknown_quality_is_none(tmp_path: Path) -> None:
    class Silent(Stubborn):
        def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> list[Mask]:
            return [replace(mask, quality=math.nan) for mask in super().segment(frame, prompts)]

    records = evaluate(Silent(), _val(tmp_path), EvaluationSettings(("box", "click1"))).records
    assert {record.quality for record in records} == {None}


def test_clicks_to_the_goal_end_there_or_at_ten(tmp_path: Path) -> None:
    split = first_rows(_val(tmp_path), 1)
    assert {r.curve for r in evaluate(Perfect(), split, EvaluationSettings(("to90",))).records} == {(1.0,)}
    stubborn = Stubborn()
    records = evaluate(stubborn, split, EvaluationSettings(("click3", "to90"))).records
    assert {len(r.curve) for r in records if r.curve} == {10}
    assert {r.curve is None for r in records if r.kind == "click3"} == {True}
    assert len(stubborn.given) == 2 * 10
    assert sum(len(prompts) for prompts in stubborn.given) == 10 * 3


def test_a_rough_mask_is_given_alone_and_scored(tmp_path: Path) -> None:
    stubborn = Stubborn()
    records = evaluate(stubborn, first_rows(_val(tmp_path), 1), EvaluationSettings(("mask",))).records
    assert all(
        prompt.box_xyxy is None and not prompt.points_xy for prompts in stubborn.given for prompt in prompts
    )
    assert all(0.5 < (r.start_dice or 0) < 1 for r in records)
    again = evaluate(Stubborn(), first_rows(_val(tmp_path), 1), EvaluationSettings(("mask",))).records
    assert _untimed(records) == _untimed(again)


def test_an_image_without_objects_is_clicked_at_fixed_places(tmp_path: Path) -> None:
    found = evaluate(Stubborn(), _val(tmp_path), EvaluationSettings(("click1",)))
    assert [(a.id, a.click) for a in found.empty] == [("c", click) for click in range(len(EMPTY_CLICKS))]
    assert {(a.quality, a.area) for a in found.empty} == {(0.5, 20 * 60 / (60 * 80))}
    assert evaluate(Stubborn(), _val(tmp_path), EvaluationSettings(("box",))).empty == ()


def test_outlines_are_measured_in_pixels_and_millimetres(tmp_path: Path) -> None:
    for record in evaluate(Stubborn(), _val(tmp_path), EvaluationSettings(("box",))).records:
        assert record.hd95_px is not None
        assert record.hd95_mm == pytest.approx(0.2 * record.hd95_px)
    assert {
        (r.hd95_px, r.nsd) for r in evaluate(Perfect(), _val(tmp_path), EvaluationSettings(("box",))).records
    } == {(0.0, 1.0)}


def test_scribbles_are_several_points_at_once_and_leave_clicks_as_they_were(tmp_path: Path) -> None:
    stubborn, split = Stubborn(), first_rows(_val(tmp_path), 1)
    records = evaluate(stubborn, split, EvaluationSettings(("click1", "scribble"), seeds=(0, 1, 2))).records
    given = [prompt for prompts in stubborn.given for prompt in prompts]
    assert sorted(len(prompt.points_xy) for prompt in given) == [1] * 3 + [5] * 9
    assert all(set(prompt.point_labels) == {1} for prompt in given)
    assert len({(r.id, r.object_index, r.draw) for r in records if r.kind == "scribble"}) == 9
    alone = Stubborn()
    evaluate(alone, split, EvaluationSettings(("click1",)))
    centred = [prompt for prompt in given if len(prompt.points_xy) == 1]
    assert [p.points_xy for prompts in alone.given for p in prompts] == [p.points_xy for p in centred]
