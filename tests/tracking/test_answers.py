"""Answers on two threads are those of one; structures that are looked for in turns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from phantoms import ellipse, speckled
from test_segmenter import DarkIsInside
from uniultra.pixel_scale import NO_SCALE
from uniultra.segmenter import Segmenter
from uniultra.tracking import begin, step
from uniultra.tracking.anchor import mask_at
from uniultra.tracking.answers import Answer, at_once, instead, within_reach
from uniultra.tracking.confidence import ABSENT_AFTER, Evidence
from uniultra.tracking.state import grid_of
from uniultra.tracking.views import registered_well, shared_views
from uniultra.types import Frame, Mask, Prompt, Region

HW = (160, 240)
PROMPTS = {1: Prompt((30.0, 50.0, 90.0, 110.0)), 2: Prompt((170.0, 20.0, 210.0, 60.0))}
FRAMES = [
    speckled(ellipse(HW, (60 + n, 80), (26, 20)) | ellipse(HW, (190, 40 + n), (16, 16)), n) for n in range(8)
]


def masks(monkeypatch: pytest.MonkeyPatch, threads: int) -> list[bytes]:
    monkeypatch.setattr("uniultra.tracking.answers.THREADS", threads)
    segmenter = Segmenter(DarkIsInside())
    _, state = begin(segmenter, FRAMES[0], PROMPTS)
    found = []
    for frame in FRAMES[1:]:
        answers, state = step(segmenter, state, frame)
        found += [one.mask.logits_hw.tobytes() for one in answers]
    return found


def test_two_threads_answer_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert masks(monkeypatch, 2) == masks(monkeypatch, 1)


def test_calls_give_their_answers_in_order() -> None:
    assert at_once([lambda n=n: n for n in range(5)]) == [0, 1, 2, 3, 4]
    assert at_once([]) == []


def test_what_is_absent_is_looked_for_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three passes a frame at first, then two: where motion leads, and one search."""
    passes: list[int] = []
    encode = Segmenter.encode

    def counted(self: Segmenter, frame: Frame, region: object = None) -> object:
        passes[-1] += 1
        return encode(self, frame, region)  # type: ignore[arg-type]

    segmenter = Segmenter(DarkIsInside())
    _, state = begin(segmenter, FRAMES[0], {1: PROMPTS[1]})
    monkeypatch.setattr(Segmenter, "encode", counted)
    for number in range(ABSENT_AFTER + 4):
        passes.append(0)
        stripes = np.tile(np.arange(HW[1]) // 12 % 2, (HW[0], 1)).astype(np.bool_)
        answers, state = step(segmenter, state, speckled(stripes, 50 + number))
        assert answers[0].status in ("lost", "absent")
    assert max(passes[:ABSENT_AFTER]) == 3
    assert max(passes[ABSENT_AFTER + 1 :]) == 2


def test_close_crops_share_a_view_and_only_closer_ones_a_registration() -> None:
    one, beside, below = Region(0, 0, 100, 50), Region(15, 0, 115, 50), Region(0, 40, 100, 90)
    assert shared_views([one, beside, below]) == [Region(0, 0, 115, 90)] * 3
    together = Region(0, 0, 115, 50)
    assert shared_views([one, beside, below], registered_well) == [together, together, below]


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
