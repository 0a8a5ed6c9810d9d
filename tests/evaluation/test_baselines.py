"""What every number must beat: ellipse and GrabCut."""

from __future__ import annotations

import math

import numpy as np
import pytest

from phantom_manifest import phantom_pixels, true_ids
from phantoms import ellipse
from uniultra.data.prompt_simulation import exact_box
from uniultra.errors import PromptError
from uniultra.evaluation.baselines import BASELINES, EllipseBaseline, GrabCutBaseline, ellipse_in_box
from uniultra.evaluation.metrics import dice
from uniultra.types import Frame, Prompt, mask_box

FRAME = Frame.from_array(phantom_pixels(2), (0.2, 0.2))
BOX = exact_box(true_ids(2) == 1)


def test_an_ellipse_is_found_in_its_own_box() -> None:
    true_hw = ellipse((300, 400), (200, 150), (120.4, 80.4))
    assert dice(ellipse_in_box(exact_box(true_hw), true_hw.shape), true_hw) > 0.995


@pytest.mark.parametrize("box", [(3.5, 6.5, 40.5, 20.5), (0.5, 0.5, 1.5, 1.5), (9.5, 9.5, 29.5, 29.5)])
def test_the_ellipse_touches_every_side_of_its_box(box: tuple[float, float, float, float]) -> None:
    assert mask_box(ellipse_in_box(box, (60, 80))) == pytest.approx(box, abs=0.5 if box[0] == 3.5 else 1.0)


def test_the_ellipse_has_the_area_of_an_ellipse() -> None:
    area = np.count_nonzero(ellipse_in_box((9.5, 9.5, 69.5, 49.5), (60, 80)))
    assert area == pytest.approx(math.pi / 4 * 60 * 40, rel=0.01)


def test_the_ellipse_may_reach_beyond_the_frame() -> None:
    assert ellipse_in_box((-20.5, -20.5, 19.5, 19.5), (60, 80))[0, 0]
    assert not ellipse_in_box((100, 100, 120, 120), (60, 80)).any()


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_is_a_segmenter(name: str) -> None:
    baseline = BASELINES[name]()
    assert baseline.name == name
    masks = baseline.segment(FRAME, [Prompt(box_xyxy=BOX), Prompt(box_xyxy=(40.0, 20.0, 50.0, 40.0))])
    assert len(masks) == 2
    for mask in masks:
        assert mask.mask_hw.shape == FRAME.pixels_hw.shape
        assert mask.logits_hw.dtype == np.float32
        np.testing.assert_array_equal(mask.mask_hw, mask.logits_hw > 0)
        assert math.isnan(mask.quality)
        assert mask.spacing_mm_yx == (0.2, 0.2)


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_refuses_clicks(name: str) -> None:
    with pytest.raises(PromptError, match=f"baseline '{name}' takes boxes only"):
        BASELINES[name]().segment(FRAME, [Prompt(points_xy=((3.0, 4.0),), point_labels=(1,))])


def test_grabcut_finds_a_bright_shape_that_fills_the_corners_of_its_box() -> None:
    pixels = np.full((60, 80), 40, np.uint8)
    true_hw = np.zeros((60, 80), bool)
    true_hw[15:45, 20:60] = True
    pixels[true_hw] = 200
    pixels += np.random.default_rng(0).integers(0, 20, pixels.shape, dtype=np.uint8)
    [mask] = GrabCutBaseline().segment(Frame(pixels), [Prompt(box_xyxy=exact_box(true_hw))])
    assert dice(ellipse_in_box(exact_box(true_hw), (60, 80)), true_hw) < 0.9
    assert dice(mask.mask_hw, true_hw) > 0.98


def test_grabcut_repeats_itself_in_any_order() -> None:
    prompts = [Prompt(box_xyxy=BOX), Prompt(box_xyxy=exact_box(true_ids(2) == 2))]
    forth = GrabCutBaseline().segment(FRAME, prompts)
    back = GrabCutBaseline().segment(FRAME, prompts[::-1])[::-1]
    for one, other in zip(forth, back, strict=True):
        np.testing.assert_array_equal(one.mask_hw, other.mask_hw)


def test_grabcut_never_collapses_below_the_ellipse_s_core() -> None:
    pixels = np.random.default_rng(0).integers(0, 40, (60, 80), dtype=np.uint8)
    pixels[28:31, 38:41] = 255  # all that sets the box apart
    [mask] = GrabCutBaseline().segment(Frame(pixels), [Prompt(box_xyxy=(19.5, 9.5, 59.5, 49.5))])
    core_hw = ellipse_in_box((23.0, 13.0, 56.0, 46.0), (60, 80))
    assert (mask.mask_hw & core_hw).sum() == core_hw.sum()


def test_grabcut_takes_frames_that_are_larger_than_it_looks_at() -> None:
    pixels, true_hw = np.full((600, 700), 30, np.uint8), np.zeros((600, 700), bool)
    true_hw[100:400, 150:300] = True
    pixels[true_hw] = 180
    pixels += np.random.default_rng(0).integers(0, 20, pixels.shape, dtype=np.uint8)
    [mask] = GrabCutBaseline().segment(Frame(pixels), [Prompt(box_xyxy=(130.0, 80.0, 320.0, 420.0))])
    assert dice(mask.mask_hw, true_hw) > 0.97


@pytest.mark.parametrize("box", [(-0.5, -0.5, 79.5, 59.5), (10.1, 10.1, 10.4, 30.0)])
def test_grabcut_is_the_ellipse_where_it_has_nothing_to_go_by(box: tuple[float, float, float, float]) -> None:
    inscribed, grabcut = (
        baseline.segment(FRAME, [Prompt(box_xyxy=box)])[0]
        for baseline in (EllipseBaseline(), GrabCutBaseline())
    )
    np.testing.assert_array_equal(grabcut.mask_hw, inscribed.mask_hw)
