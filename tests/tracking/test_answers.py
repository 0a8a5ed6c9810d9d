"""Answers on two threads are those of one; structures that are looked for in turns."""

from __future__ import annotations

import numpy as np
import pytest

from phantoms import ellipse, speckled
from test_segmenter import DarkIsInside
from uniultra.pixel_scale import NO_SCALE
from uniultra.segmenter import Segmenter
from uniultra.tracking import begin, step
from uniultra.tracking.answers import at_once, within_reach
from uniultra.tracking.confidence import ABSENT_AFTER
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
