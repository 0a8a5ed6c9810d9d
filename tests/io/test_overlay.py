"""Pictures of results: what must show, what must stay as it was, and that nothing is written into the
inputs.
"""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uniultra.io.annotations import draw_overlay
from uniultra.io.overlay import FILL_OPACITY, PALETTE
from uniultra.types import Frame, Mask


def ellipse(height: int, width: int, centre_xy: tuple[int, int], axes_xy: tuple[int, int]) -> Mask:
    drawn = cv2.ellipse(np.zeros((height, width), np.uint8), centre_xy, axes_xy, 0, 0, 360, 1, -1)
    return mask_of(drawn > 0)


def mask_of(inside_hw: np.ndarray) -> Mask:
    return Mask(inside_hw, np.where(inside_hw, 4.0, -4.0).astype(np.float32), quality=0.9)


def frame_of(height: int, width: int, value: int = 60) -> Frame:
    return Frame(np.full((height, width), value, dtype=np.uint8))


def changed(picture: np.ndarray, frame: Frame) -> np.ndarray:
    """bool (H, W): where the picture is not the frame's grey."""
    return (picture != frame.pixels_hw[..., None]).any(axis=2)


def test_without_masks_the_frame_is_shown_as_it_is() -> None:
    frame = Frame(np.random.default_rng(0).integers(0, 256, (40, 60), dtype=np.uint8))
    picture = draw_overlay(frame, [])
    assert (picture.dtype, picture.shape) == (np.uint8, (40, 60, 3))
    assert not changed(picture, frame).any()


def test_an_empty_mask_draws_nothing() -> None:
    frame = frame_of(64, 64)
    assert not changed(draw_overlay(frame, [mask_of(np.zeros((64, 64), bool))]), frame).any()


def test_fill_is_translucent_and_the_contour_is_the_colour() -> None:
    frame, mask = frame_of(200, 200), ellipse(200, 200, (100, 100), (60, 40))
    picture = draw_overlay(frame, [mask])
    ink = np.array(PALETTE[0])
    np.testing.assert_allclose(picture[100, 100], 60 + FILL_OPACITY * (ink - 60), atol=1)
    assert (np.abs(picture[100, 36:44].astype(int) - ink).max(axis=1) <= 40).any()


def test_the_drawing_stays_near_the_mask() -> None:
    frame, mask = frame_of(200, 200), ellipse(200, 200, (100, 100), (60, 40))
    near = cv2.dilate(mask.mask_hw.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    near[:60] = True  # where the number may stand
    assert not changed(draw_overlay(frame, [mask]), frame)[~near].any()


def test_every_object_gets_its_own_colour_and_number() -> None:
    frame = frame_of(240, 320)
    masks = [ellipse(240, 320, (50 + 70 * i, 150), (25, 25)) for i in range(4)]
    picture = draw_overlay(frame, masks)
    for i in range(4):
        chip = (picture[:124, 15 + 70 * i : 85 + 70 * i] == PALETTE[i]).all(axis=2)
        assert chip.sum() > 50, f"no chip for object {i + 1}"


def test_numbers_of_objects_in_one_place_do_not_cover_each_other() -> None:
    picture = draw_overlay(frame_of(300, 300), [ellipse(300, 300, (150, 150), (40, 40))] * 3)
    counts = [int((picture == PALETTE[i]).all(axis=2).sum()) for i in range(3)]
    assert min(counts) > 50


@given(
    height=st.integers(8, 90),
    width=st.integers(8, 90),
    seed=st.integers(0, 99),
    count=st.integers(0, 9),
)
@settings(max_examples=40, deadline=None)
def test_any_size_draws_repeatably_without_touching_its_inputs(
    height: int, width: int, seed: int, count: int
) -> None:
    rng = np.random.default_rng(seed)
    frame = Frame(rng.integers(0, 256, (height, width), dtype=np.uint8))
    masks = [mask_of(rng.random((height, width)) > rng.random()) for _ in range(count)]
    for array in (frame.pixels_hw, *(mask.mask_hw for mask in masks), *(mask.logits_hw for mask in masks)):
        array.flags.writeable = False
    picture = draw_overlay(frame, masks)
    assert (picture.dtype, picture.shape) == (np.uint8, (height, width, 3))
    np.testing.assert_array_equal(picture, draw_overlay(frame, masks))


@pytest.mark.parametrize("inside", [np.ones((20, 30), bool), np.eye(20, 30, dtype=bool)])
def test_full_and_thin_masks_are_outlined(inside: np.ndarray) -> None:
    frame = frame_of(20, 30)
    assert changed(draw_overlay(frame, [mask_of(inside)]), frame)[inside].all()


def test_a_single_pixel_is_seen() -> None:
    inside = np.zeros((100, 100), bool)
    inside[50, 50] = True
    frame = frame_of(100, 100)
    assert np.abs(draw_overlay(frame, [mask_of(inside)])[50, 50].astype(int) - 60).max() > 60


def test_small_frames_keep_their_picture() -> None:
    frame = frame_of(40, 40)
    picture = draw_overlay(frame, [ellipse(40, 40, (10, 10), (4, 4))])
    assert not changed(picture, frame)[20:].any()
