"""Structures that are looked for in turns, and in which views; masks that are cut off or replaced."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from phantoms import ellipse, speckled
from test_segmenter import DarkIsInside
from uniultra.pixel_scale import NO_SCALE
from uniultra.segmenter import Segmenter
from uniultra.tracking import begin, step
from uniultra.tracking.anchor import mask_at
from uniultra.tracking.answers import Answer, explained, instead
from uniultra.tracking.confidence import ABSENT_AFTER, Evidence
from uniultra.tracking.looks import view_tasks, within_reach
from uniultra.tracking.state import grid_of
from uniultra.tracking.views import registered_well, shared_views, shows
from uniultra.types import Embedding, Frame, Mask, Prompt, Region

HW = (160, 240)
PROMPTS = {1: Prompt((30.0, 50.0, 90.0, 110.0)), 2: Prompt((170.0, 20.0, 210.0, 60.0))}
FRAMES = [
    speckled(ellipse(HW, (60 + n, 80), (26, 20)) | ellipse(HW, (190, 40 + n), (16, 16)), n) for n in range(8)
]


def test_what_is_absent_is_looked_for_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three places a frame at first, then two: where motion leads, and one search. As they lie close, fewer
    views are encoded.
    """
    passes: list[int] = []
    views: list[int] = []
    encode, refine_all = Segmenter.encode, Segmenter.refine_all

    def encoded(self: Segmenter, frame: Frame, region: object = None) -> object:
        views[-1] += 1
        return encode(self, frame, region)  # type: ignore[arg-type]

    def refined(self: Segmenter, embedding: Embedding, prompts: list[Prompt]) -> list[Mask]:
        passes[-1] += len(prompts)
        return refine_all(self, embedding, prompts)

    segmenter = Segmenter(DarkIsInside())
    _, state = begin(segmenter, FRAMES[0], {1: PROMPTS[1]})
    monkeypatch.setattr(Segmenter, "encode", encoded)
    monkeypatch.setattr(Segmenter, "refine_all", refined)
    monkeypatch.setattr(sys.modules["uniultra.tracking.step"], "was_cut", lambda _: False)  # all grain is new
    for number in range(ABSENT_AFTER + 4):
        passes.append(0)
        views.append(0)
        stripes = np.tile(np.arange(HW[1]) // 12 % 2, (HW[0], 1)).astype(np.bool_)
        answers, state = step(segmenter, state, speckled(stripes, 50 + number))
        assert answers[0].status in ("lost", "absent")
    assert max(passes[:ABSENT_AFTER]) == 3
    assert max(passes[ABSENT_AFTER + 1 :]) == 2
    assert sum(views) < sum(passes)
    assert min(views) == 1


def test_what_was_absent_until_now_is_known_to_have_been() -> None:
    _, state = begin(Segmenter(DarkIsInside()), FRAMES[0], {1: PROMPTS[1]})
    [one] = state.objects
    for lost in (0, ABSENT_AFTER - 1, ABSENT_AFTER):
        answer = explained(FRAMES[0], replace(one, lost=lost), one.grid.region)
        assert answer is not None
        assert answer.evidence.absent is (lost == ABSENT_AFTER)


def test_close_crops_share_a_view_and_only_closer_ones_a_registration() -> None:
    one, beside, below = Region(0, 0, 100, 50), Region(15, 0, 115, 50), Region(0, 40, 100, 90)
    assert shared_views([one, beside, below]) == [Region(0, 0, 115, 90)] * 3
    together = Region(0, 0, 115, 50)
    assert shared_views([one, beside, below], registered_well) == [together, together, below]


def test_a_view_serves_what_it_shows_large_and_nearly_whole() -> None:
    view = Region(0, 0, 100, 60)
    assert shows(view, view)
    assert shows(view, Region(9, 5, 109, 65))
    assert not shows(view, Region(11, 0, 111, 60))  # more than a tenth of it is beyond
    assert not shows(view, Region(0, -7, 100, 53))
    assert shows(view, Region(10, 10, 80, 50))
    assert not shows(view, Region(10, 10, 70, 50))  # too small in it


def test_what_is_searched_for_changes_nothing_of_what_is_expected() -> None:
    """A search in a view that is encoded anyway, and one elsewhere; a view that is known isn't encoded."""
    segmenter = Segmenter(DarkIsInside())
    _, state = begin(segmenter, FRAMES[0], PROMPTS)
    first, second = (one.grid for one in state.objects)
    expected = {(0, 0): first}
    [plain] = [task(segmenter) for task in view_tasks(segmenter, FRAMES[0], expected, {})]
    searches = {(0, 1): first, (1, 1): second}
    looks = [task(segmenter) for task in view_tasks(segmenter, FRAMES[0], expected, searches)]
    assert [set(look.masks) for look in looks] == [{(0, 0), (0, 1)}, {(1, 1)}]
    found, as_before = looks[0].masks[0, 0], plain.masks[0, 0]
    assert found.logits_hw.tobytes() == as_before.logits_hw.tobytes()
    known = [look.encoded for look in looks]
    again = [task(segmenter) for task in view_tasks(segmenter, FRAMES[0], {}, searches, known)]
    assert [look.encoded for look in again] == known


def test_a_mask_reaches_a_fifth_beyond_its_box_and_no_farther() -> None:
    inside = np.zeros(HW, np.bool_)
    inside[40:120, 60:100] = True
    mask = Mask(inside, np.where(inside, np.float32(3), np.float32(-3)), 0.9, NO_SCALE)
    assert within_reach(mask, Prompt((59.5, 39.5, 99.5, 110.0))) is mask
    cut = within_reach(mask, Prompt((59.5, 39.5, 99.5, 79.5)))
    assert cut.box_xyxy == pytest.approx((59.5, 39.5, 99.5, 87.5), abs=2)
    assert np.array_equal(cut.logits_hw > 0, cut.mask_hw)
    assert mask.mask_hw.sum() == 80 * 40


@pytest.mark.parametrize(("explained", "statuses"), [(0.95, {"sure"}), (2.0, {"lost", "absent"})])
def test_what_is_registered_is_not_lost_for_its_surroundings(
    monkeypatch: pytest.MonkeyPatch, explained: float, statuses: set[str]
) -> None:
    """As a thin band has when it turns; a mask of the model is lost by the same likeness."""
    monkeypatch.setattr("uniultra.tracking.answers.likeness", lambda a, b: -0.5)
    monkeypatch.setattr("uniultra.tracking.answers.EXPLAINED", explained)
    monkeypatch.setattr(sys.modules["uniultra.tracking.step"], "directly", lambda *given: given[2])
    segmenter = Segmenter(DarkIsInside())
    _, state = begin(segmenter, FRAMES[0], {1: PROMPTS[1]})
    found = set()
    for number in range(1, 8):
        shifted = Frame(np.roll(FRAMES[0].pixels_hw, number, axis=1))
        [answer], state = step(segmenter, state, shifted)
        found.add(answer.status)
    assert found == statuses


def test_a_mask_that_fits_the_prompted_frame_replaces_one_of_another_size() -> None:
    segmenter = Segmenter(DarkIsInside())
    _, state = begin(segmenter, FRAMES[0], {1: PROMPTS[1]})
    [first] = state.objects

    def partly(likeness: float, inside: np.ndarray, growth: float = 1.6) -> bool:
        one = replace(first, anchor=replace(first.anchor, likeness=likeness))
        logits = np.where(inside, np.float32(8), np.float32(-8))
        grid = grid_of(logits, first.anchor.registration.region)
        evidence = Evidence(0.9, 0.9, 0.9, 0.9, likeness, growth)
        model = Answer(Mask(inside, logits, 0.9, NO_SCALE), grid, first.first_hw, evidence)
        other = instead(FRAMES[0], one, model, first.grid.region)
        if other is model:
            return False
        assert np.array_equal(other.grid.logits_hw, mask_at(one.anchor, first.grid.region).logits_hw)
        return True

    grown, same, beside = (
        ellipse(HW, at, radii)
        for at, radii in (((62, 80), (38, 26)), ((60, 80), (26, 20)), ((110, 80), (38, 26)))
    )
    assert partly(0.92, grown)
    assert not partly(0.92, same)
    assert not partly(0.92, beside)
    assert not partly(0.89, grown)
    assert not partly(0.92, grown, growth=1.0)  # the model is sure
