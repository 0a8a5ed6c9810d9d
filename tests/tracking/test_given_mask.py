"""A mask that is given alone is what a person confirmed: it is followed as it is, whatever the model would
make of it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from phantoms import ellipse, speckled
from test_segmenter import DarkIsInside
from uniultra.pixel_scale import Calibration, ScanRegion
from uniultra.segmenter import Segmenter
from uniultra.tracking import begin, retrack, step, track
from uniultra.tracking.state import FAR, SLOPE, logits_of
from uniultra.types import Cine, Frame, Prompt, Region

SEGMENTER = Segmenter(DarkIsInside())
HW = (160, 240)
TRUE = ellipse(HW, (80, 80), (26, 20))
HALF = TRUE & (np.arange(240) < 80)
"""What nobody but a person would outline: the model answers with the whole ellipse."""
FIRST = speckled(TRUE, 1)


def moved(number: int) -> Frame:
    return Frame(np.roll(FIRST.pixels_hw, 2 * number, axis=1))


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * float((a & b).sum()) / max(int(a.sum() + b.sum()), 1)


def test_the_model_would_answer_otherwise() -> None:
    [answer] = SEGMENTER.segment(FIRST, [Prompt(mask_hw=HALF)])
    assert dice(answer.mask_hw, TRUE) > 0.9
    assert dice(answer.mask_hw, HALF) < 0.75


def test_a_mask_alone_is_kept_to_the_pixel_and_carried_along() -> None:
    [first], state = begin(SEGMENTER, moved(0), {1: Prompt(mask_hw=HALF)})
    assert np.array_equal(first.mask.mask_hw, HALF)
    assert np.array_equal(first.mask.logits_hw > 0, HALF)
    assert (first.status, 0.0 < first.mask.quality <= 1.0) == ("sure", True)
    for number in range(1, 12):
        [answer], state = step(SEGMENTER, state, moved(number))
        assert dice(answer.mask.mask_hw, np.roll(HALF, 2 * number, axis=1)) > 0.93, number


def test_its_quality_is_that_of_the_models_own_answer_there() -> None:
    """Later frames' qualities, which are of boxes with a click, are compared with it."""
    [first], _ = begin(SEGMENTER, moved(0), {1: Prompt(mask_hw=TRUE)})
    [by_box], _ = begin(SEGMENTER, moved(0), {1: Prompt((54.0, 60.0, 106.0, 100.0))})
    assert first.mask.quality == pytest.approx(by_box.mask.quality, abs=0.1)


@pytest.mark.parametrize(
    "prompt", [Prompt(None, ((70, 80),), (1,), HALF), Prompt((53, 59, 107, 101), mask_hw=HALF)]
)
def test_a_mask_beside_a_click_or_a_box_is_corrected_first(prompt: Prompt) -> None:
    [first], _ = begin(SEGMENTER, moved(0), {1: prompt})
    [answer] = SEGMENTER.segment(moved(0), [prompt])
    assert np.array_equal(first.mask.mask_hw, answer.mask_hw)


def test_masks_and_boxes_side_by_side() -> None:
    box = Prompt((54.0, 60.0, 106.0, 100.0))
    answers, _ = begin(SEGMENTER, moved(0), {3: box, 1: Prompt(mask_hw=HALF)})
    alone, _ = begin(SEGMENTER, moved(0), {3: box})
    assert [one.number for one in answers] == [3, 1]
    assert np.array_equal(answers[0].mask.mask_hw, alone[0].mask.mask_hw)
    assert np.array_equal(answers[1].mask.mask_hw, HALF)


def test_its_logits_have_its_outline_and_go_by_the_distance_to_it() -> None:
    region = Region(20.0, 30.0, 116.0, 126.0)  # cells of a pixel
    logits = logits_of(TRUE, region)
    assert np.array_equal(logits > 0, TRUE)
    assert (logits.min(), logits.max()) == pytest.approx((-FAR, FAR))
    row = logits[80]
    edge = int(np.flatnonzero(TRUE[80])[0])
    assert row[edge - 1 : edge + 1] == pytest.approx([-SLOPE / 2, SLOPE / 2])
    assert logits_of(np.ones(HW, np.bool_), region) == pytest.approx(np.full(HW, FAR))


@pytest.mark.parametrize("size", [1, 2])
def test_a_mask_of_a_pixel_at_the_corner(size: int) -> None:
    tiny = np.zeros(HW, np.bool_)
    tiny[-size:, -size:] = True
    [first], state = begin(SEGMENTER, moved(0), {1: Prompt(mask_hw=tiny)})
    assert np.array_equal(first.mask.mask_hw, tiny)
    step(SEGMENTER, state, moved(1))


def test_its_millimetres_are_its_own() -> None:
    """The model's answer there reaches into the other region, so it has none."""
    left = ScanRegion((-0.5, -0.5, 79.5, 159.5), "2D", "tissue", ("cm", "cm"), (0.05, 0.05))
    right = ScanRegion((79.5, -0.5, 239.5, 159.5), "2D", "tissue", ("cm", "cm"), (0.02, 0.02))
    two = replace(FIRST, calibration=Calibration((left, right)))
    whole, half = (begin(SEGMENTER, two, {1: Prompt(mask_hw=mask)})[0][0].mask.scale for mask in (TRUE, HALF))
    assert whole.spacing_mm_yx is None
    assert half.spacing_mm_yx == pytest.approx((0.5, 0.5))


def test_a_correction_by_a_mask_is_followed_to_the_next_prompt() -> None:
    frames = [moved(number) for number in range(8)]
    cine = Cine("cine", HW, 8, frames.__getitem__, lambda: iter(frames))
    prompts = {0: {1: Prompt((54.0, 60.0, 106.0, 100.0))}, 4: {1: Prompt(mask_hw=np.roll(HALF, 8, axis=1))}}
    whole = list(track(SEGMENTER, cine, prompts))
    assert np.array_equal(whole[4].masks[0].mask_hw, np.roll(HALF, 8, axis=1))
    assert dice(whole[7].masks[0].mask_hw, np.roll(HALF, 14, axis=1)) > 0.93
    assert dice(whole[3].masks[0].mask_hw, np.roll(TRUE, 6, axis=1)) > 0.9
    again = list(retrack(SEGMENTER, cine, prompts, number=1, frame=4))
    assert [result.number for result in again] == [4, 5, 6, 7]
    for result in again:
        assert np.array_equal(result.masks[0].mask_hw, whole[result.number].masks[0].mask_hw)
