"""The picture of a result: each thing that is drawn shows, where it belongs, at any size."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uniultra.io.annotations import draw_overlay, round_length, zoom_for
from uniultra.io.overlay import PALETTE
from uniultra.model_facts import ModelFacts
from uniultra.outputs.result_picture import draw_result
from uniultra.pixel_scale import Calibration, Scale, ScanRegion
from uniultra.results import FrameResult, ObjectResult, TrackStatus
from uniultra.types import Frame, Mask, Prompt

GREY = 60
MODEL = ModelFacts("fake", "1", 256)


def ellipse(hw: tuple[int, int], centre: tuple[int, int], axes: tuple[int, int], scale: Scale) -> Mask:
    drawn = cv2.ellipse(np.zeros(hw, np.uint8), centre, axes, 0, 0, 360, 1, -1) > 0
    return Mask(drawn, np.where(drawn, 4.0, -4.0).astype(np.float32), 0.9, scale)


def result_of(
    hw: tuple[int, int],
    shapes: list[tuple[tuple[int, int], tuple[int, int]]],
    spacing: tuple[float, float] | None = None,
    prompts: list[Prompt] | None = None,
) -> FrameResult:
    frame = Frame.from_array(np.full(hw, GREY, np.uint8), spacing)
    scale = frame.calibration.at(None)
    objects = [
        ObjectResult(i, ellipse(hw, *shape, scale), None if prompts is None else prompts[i - 1])
        for i, shape in enumerate(shapes, 1)
    ]
    return FrameResult(frame, tuple(objects), MODEL)


def white(picture: np.ndarray) -> np.ndarray:
    return (picture > 240).all(axis=2)


def test_a_large_frame_keeps_its_size_and_a_small_one_is_enlarged_by_a_whole_number() -> None:
    assert draw_result(result_of((600, 800), [((400, 300), (100, 80))])).shape == (600, 800, 3)
    assert draw_result(result_of((82, 100), [((50, 40), (20, 15))])).shape == (410, 500, 3)
    assert [zoom_for(hw) for hw in ((480, 10), (479, 10), (240, 320), (1, 1))] == [1, 2, 2, 32]


def test_the_masks_are_where_they_are() -> None:
    result = result_of((240, 320), [((160, 120), (60, 40))])
    picture = draw_result(result)
    colour = (picture == PALETTE[0]).all(axis=2)
    inside = result.masks[0].mask_hw.repeat(2, axis=0).repeat(2, axis=1)
    tinted = picture[..., 2].astype(int) - picture[..., 0] > 20
    assert (tinted & inside).sum() > 0.9 * inside.sum()
    assert colour.any()


def test_calipers_stand_on_the_structures_ends() -> None:
    result = result_of((600, 800), [((400, 300), (200, 120))])
    shape = result.objects[0].measured.shape
    assert shape is not None
    picture = draw_result(result)
    for x, y in (*shape.long_diameter.ends_xy, *shape.short_diameter.ends_xy):
        near = white(picture[round(y) - 9 : round(y) + 10, round(x) - 9 : round(x) + 10])
        assert near.any(axis=0).sum() > 8, f"no cross at {x},{y}"
        assert near.any(axis=1).sum() > 8, f"no cross at {x},{y}"


def test_a_scale_bar_is_as_long_as_it_says() -> None:
    picture = draw_result(result_of((600, 800), [((300, 250), (100, 60))], spacing=(0.2, 0.2)))
    corner = white(picture[540:, 400:])
    row = corner[corner.sum(axis=1).argmax()]
    assert np.ptp(np.flatnonzero(row)) == pytest.approx(
        20 / 0.2, abs=3
    )  # 20 mm, the most in a quarter of 160
    uncalibrated = draw_result(result_of((600, 800), [((300, 250), (100, 60))]))
    assert not white(uncalibrated[540:, 400:]).any()


def test_where_pixels_are_not_square_there_is_a_bar_in_either_direction() -> None:
    picture = draw_result(result_of((600, 800), [((300, 250), (100, 60))], spacing=(0.4, 0.2)))
    corner = white(picture[450:, 400:])
    assert np.ptp(np.flatnonzero(corner[corner.sum(axis=1).argmax()])) == pytest.approx(100, abs=3)
    assert np.ptp(np.flatnonzero(corner[:, corner.sum(axis=0).argmax()])) == pytest.approx(50, abs=6)


def test_two_regions_of_different_scales_get_a_bar_each_within_them() -> None:
    cm = ("cm", "cm")
    left = ScanRegion((-0.5, -0.5, 399.5, 599.5), "2D", "tissue", cm, (0.02, 0.02))
    right = ScanRegion((399.5, -0.5, 799.5, 599.5), "2D", "tissue", cm, (0.05, 0.05))
    plain = result_of((600, 800), [((200, 250), (100, 60)), ((600, 250), (100, 60))])
    frame = replace(plain.frame, calibration=Calibration((left, right)))
    scaled = [replace(mask, scale=frame.calibration.at(mask.box_xyxy)) for mask in plain.masks]
    objects = tuple(ObjectResult(i, mask) for i, mask in enumerate(scaled, 1))
    picture = draw_result(replace(plain, frame=frame, objects=objects))
    for part, length in ((picture[550:, :400], 20 / 0.2), (picture[550:, 400:], 50 / 0.5)):
        bar = white(part)
        assert np.ptp(np.flatnonzero(bar[bar.sum(axis=1).argmax()])) == pytest.approx(length, abs=3)


def test_prompts_show_the_box_and_which_points_are_inside() -> None:
    prompt = Prompt((250, 150, 550, 450), ((400, 300), (280, 170)), (1, 0))
    picture = draw_result(result_of((600, 800), [((400, 300), (100, 60))], prompts=[prompt]))
    for x, y in ((250, 400), (550, 400), (400, 450)):
        assert white(picture[y - 20 : y + 21, x - 20 : x + 21]).any(), f"no box at {x},{y}"
    near = picture[165:176, 275:286].astype(int)
    assert (near[..., 0] - near[..., 1] > 120).any(), "a point outside is red"
    near = picture[295:306, 395:406].astype(int)
    assert (near[..., 1] - near[..., 0] > 100).any(), "a point inside is green"


def test_labels_stand_beside_their_structures_and_apart() -> None:
    shapes = [((150, 200), (70, 50)), ((400, 200), (70, 50)), ((650, 200), (70, 50))]
    picture = draw_result(result_of((600, 800), shapes))
    for i, ((x, y), (across, down)) in enumerate(shapes):
        chip = (picture == PALETTE[i]).all(axis=2)
        solid = cv2.erode(chip.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
        rows, columns = np.nonzero(solid)
        assert len(rows) > 20, f"no number for structure {i + 1}"
        assert y - down - 60 < rows.mean() < y + down + 60
        assert x - across - 60 < columns.mean() < x + across + 60
        assert rows.max() < y - down or rows.min() > y + down or columns.max() < x - across


def test_many_structures_get_their_numbers_alone() -> None:
    shapes = [((40 + 55 * (i % 14), 60 + 120 * (i // 14)), (15, 15)) for i in range(28)]
    result = result_of((600, 800), shapes, spacing=(0.2, 0.2))
    picture = draw_result(result)
    for mask in result.masks:
        assert not white(picture)[cv2.erode(mask.mask_hw.astype(np.uint8), np.ones((5, 5))) > 0].any()
    assert white(picture[550:, 600:]).any(), "the scale bar is of the frame"
    assert all((picture == PALETTE[i]).all(axis=2).sum() > 100 for i in range(7))


@pytest.mark.parametrize("status", ["lost", "absent"])
def test_a_structure_that_tracking_lost_has_a_label_at_the_top_left(status: TrackStatus) -> None:
    """Number and word, of each such structure, apart from one another; nothing of one that isn't tracked."""
    here = result_of((600, 800), [((400, 300), (70, 50))])
    nothing = replace(here.masks[0], mask_hw=np.zeros((600, 800), bool))
    gone = [ObjectResult(number, nothing, name="left atrium", status=status) for number in (2, 3)]
    plain = draw_result(replace(here, objects=(*here.objects, ObjectResult(4, nothing))))
    np.testing.assert_array_equal(plain, draw_result(here))
    picture = draw_result(replace(here, objects=(*here.objects, *gone)))
    rows, columns = np.nonzero((picture != plain).any(axis=2))
    assert rows.max() < 100
    assert columns.max() < 300
    chips = [np.nonzero((picture == PALETTE[number - 1]).all(axis=2)) for number in (2, 3)]
    assert all(len(rows) > 100 and columns.max() < 40 for rows, columns in chips)
    assert chips[0][0].max() < chips[1][0].min()


def test_an_unsure_mask_says_so() -> None:
    def label_width(status: TrackStatus | None) -> int:
        result = result_of((600, 800), [((400, 300), (70, 50))])
        [found] = result.objects
        drawn = draw_result(replace(result, objects=(replace(found, status=status),)))
        chip = np.nonzero((drawn == PALETTE[0]).all(axis=2) & (np.arange(600) < 240)[:, None])
        return int(np.count_nonzero(white(drawn)[chip[0].min() : chip[0].max()]))

    assert label_width("sure") == label_width(None)
    assert label_width("unsure") > label_width("sure")


def test_an_unsure_contour_is_dashed() -> None:
    """Halves of the outline's colour are gone, none of it beside where it was, and the fill stays."""
    result = result_of((600, 800), [((400, 300), (200, 150))])
    [found] = result.objects
    line = {}
    for status in ("sure", "unsure"):
        drawn = draw_result(replace(result, objects=(replace(found, status=status),)))
        line[status] = (drawn == PALETTE[0]).all(axis=2)[:, 500:]  # beside the label
        assert np.array_equal(drawn[200:220, 450], draw_result(result)[200:220, 450])
    assert not (line["unsure"] & ~line["sure"]).any()
    share = np.count_nonzero(line["unsure"]) / np.count_nonzero(line["sure"])
    assert 0.25 < share < 0.6
    parts, _ = cv2.connectedComponents(line["unsure"].astype(np.uint8))
    assert parts > 8


def test_without_structures_the_frame_is_shown_as_it_is() -> None:
    result = result_of((600, 800), [])
    np.testing.assert_array_equal(draw_result(result), draw_overlay(result.frame, []))
    empty = replace(result_of((600, 800), [((5, 5), (2, 2))]).masks[0], mask_hw=np.zeros((600, 800), bool))
    picture = draw_result(replace(result, objects=(ObjectResult(1, empty),)))
    np.testing.assert_array_equal(picture, draw_overlay(result.frame, []))


@given(
    height=st.integers(1, 120), width=st.integers(1, 120), seed=st.integers(0, 99), count=st.integers(0, 14)
)
@settings(max_examples=30, deadline=None)
def test_any_result_is_drawn_repeatably(height: int, width: int, seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    frame = Frame.from_array(rng.integers(0, 256, (height, width), dtype=np.uint8), (0.1, 0.3))
    frame.pixels_hw.flags.writeable = False
    objects = []
    for i in range(count):
        inside = rng.random((height, width)) > rng.random()
        logits = np.where(inside, 4.0, -4.0).astype(np.float32)
        prompt = Prompt(points_xy=((-1.0, -1.0), (width - 1, height - 1)), point_labels=(0, 1))
        objects.append(ObjectResult(i + 1, Mask(inside, logits, 0.5, frame.calibration.at(None)), prompt))
    result = FrameResult(frame, tuple(objects), MODEL)
    picture = draw_result(result)
    zoom = zoom_for((height, width))
    assert (picture.dtype, picture.shape) == (np.uint8, (zoom * height, zoom * width, 3))
    np.testing.assert_array_equal(picture, draw_result(result))


@given(most=st.floats(1e-4, 1e4))
def test_bars_have_round_lengths(most: float) -> None:
    length = round_length(most)
    assert length <= most * (1 + 1e-9)
    assert length > most / 2.5 * (1 - 1e-9)
