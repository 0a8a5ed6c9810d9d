from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from uniultra.errors import FileError, PromptError
from uniultra.io.images import read_frame
from uniultra.types import Frame, Mask, Prompt, Region, mask_box


@pytest.mark.parametrize(
    ("box", "says"),
    [
        ((10, 10, 5, 20), "10,10,5,20 is empty or inverted"),
        ((10, 10, 10, 20), "empty or inverted"),
        ((math.nan, 0, 1, 1), "not four finite numbers"),
        ((0, 0, math.inf, 1), "not four finite numbers"),
    ],
)
def test_bad_boxes_say_what_is_wrong(box: tuple[float, float, float, float], says: str) -> None:
    with pytest.raises(PromptError, match=says):
        Prompt(box_xyxy=box)


def test_a_prompt_must_point_at_something() -> None:
    with pytest.raises(PromptError, match="points at nothing"):
        Prompt()
    with pytest.raises(PromptError, match="points at nothing"):
        Prompt(points_xy=((1.0, 1.0),), point_labels=(0,))


def test_an_empty_previous_mask_points_at_nothing() -> None:
    empty = np.zeros((8, 8), dtype=bool)
    with pytest.raises(PromptError, match="points at nothing"):
        Prompt(mask_hw=empty)
    Prompt(mask_hw=empty, points_xy=((1.0, 1.0),), point_labels=(1,))


def test_points_and_labels_must_match() -> None:
    with pytest.raises(PromptError, match="2 points but 1 labels"):
        Prompt(points_xy=((1.0, 1.0), (2.0, 2.0)), point_labels=(1,))
    with pytest.raises(PromptError, match="label 7 is unknown"):
        Prompt(points_xy=((1.0, 1.0),), point_labels=(7,))
    with pytest.raises(PromptError, match="not two finite numbers"):
        Prompt(points_xy=((math.nan, 1.0),), point_labels=(1,))


def test_mask_box_is_by_pixel_edges() -> None:
    mask = np.zeros((10, 12), dtype=bool)
    assert mask_box(mask) is None
    mask[3, 4] = True
    assert mask_box(mask) == (3.5, 2.5, 4.5, 3.5)
    mask[7, 9] = True
    assert mask_box(mask) == (3.5, 2.5, 9.5, 7.5)


def test_a_frame_is_grey_bytes() -> None:
    with pytest.raises(FileError, match=r"float32 \(4, 4\); a frame takes a uint8 array"):
        Frame(np.zeros((4, 4), dtype=np.float32))


NOT_PIXELS = (
    np.zeros((0, 4), np.uint8),
    np.zeros((4, 4, 4), np.uint8),
    np.zeros(4, np.uint8),
    np.zeros((4, 4), np.bool_),
    [[1, 2]],
    None,
)


@pytest.mark.parametrize("pixels", NOT_PIXELS)
def test_pixels_of_another_kind_are_refused(pixels: Any) -> None:
    with pytest.raises(FileError, match=r"a frame takes an array of numbers, grey .* or RGB"):
        Frame.from_array(pixels)


def test_colour_becomes_grey_as_that_of_files_does(tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    Image.fromarray(rgb).save(tmp_path / "a.png")
    assert (
        np.abs(Frame.from_array(rgb).pixels_hw.astype(int) - read_frame(tmp_path / "a.png").pixels_hw).max()
        <= 1
    )
    grey = np.repeat(rgb[..., :1], 3, axis=2)
    assert np.array_equal(Frame.from_array(grey).pixels_hw, rgb[..., 0])


def test_other_numbers_say_what_is_black_and_white() -> None:
    shares = np.array([[0.0, 0.5], [1.0, 1.5]])
    assert Frame.from_array(shares, black=0, white=1).pixels_hw.tolist() == [[0, 128], [255, 255]]
    twelve_bits = np.array([[0, 4095]], np.uint16)
    assert Frame.from_array(twelve_bits, black=0, white=4095).pixels_hw.tolist() == [[0, 255]]
    assert Frame.from_array(np.full((2, 2, 3), 0.5), black=0, white=1).pixels_hw.tolist() == [[128] * 2] * 2
    for given in ({}, {"black": 0.0}, {"black": 1.0, "white": 0.0}, {"black": 0.0, "white": math.nan}):
        with pytest.raises(FileError, match="black"):
            Frame.from_array(shares, **given)
    with pytest.raises(FileError, match="NaN"):
        Frame.from_array(np.array([[math.nan]]), black=0, white=1)


def test_a_probability_is_above_a_half_where_the_mask_is() -> None:
    logits = np.array([[-500.0, -1.0, 0.0, 1e-3, 500.0]], np.float32)
    mask = Mask(logits > 0, logits, 0.9)
    assert mask.probability_hw.dtype == np.float32
    assert np.array_equal(mask.probability_hw > 0.5, mask.mask_hw)
    assert mask.probability_hw[0, 1] == pytest.approx(0.26894, abs=1e-5)
    assert 0.0 <= mask.probability_hw.min() < 1e-12
    assert mask.probability_hw.max() == 1.0


@pytest.mark.parametrize(
    "spacing", [0.2, (0.2,), (0.2, -1), (0.2, math.nan), (math.inf, 1), "ab", (0.2, "x")]
)
def test_a_size_of_a_pixel_is_two_numbers_above_0(spacing: Any) -> None:
    with pytest.raises(FileError, match="two finite numbers above 0"):
        Frame.from_array(np.zeros((4, 4), np.uint8), spacing)


def test_points_are_positive_where_no_labels_are_given() -> None:
    assert Prompt(points_xy=((1.0, 1.0), (2.0, 2.0))).point_labels == (1, 1)
    assert Prompt(points_xy=((1.0, 1.0),)) == Prompt(points_xy=((1.0, 1.0),), point_labels=(1,))
    assert Prompt(box_xyxy=(0, 0, 4, 4)).point_labels == ()


def test_arrays_and_lists_are_prompts_too() -> None:
    arrays = Prompt(np.array([1.0, 2, 3, 4]), np.array([[5, 6]]), np.array([0]))  # type: ignore[arg-type]
    assert arrays == Prompt((1.0, 2.0, 3.0, 4.0), ((5, 6),), (0,))
    assert isinstance(arrays.box_xyxy, tuple)
    assert [type(v) for v in (*arrays.points_xy[0], *arrays.point_labels)] == [int] * 3


@pytest.mark.parametrize(
    "wrong", [{"box_xyxy": 5}, {"box_xyxy": "abcd"}, {"points_xy": (1, 2)}, {"point_labels": ("a",)}]
)
def test_what_is_no_sequence_of_numbers_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(PromptError, match="not sequences of numbers"):
        Prompt(**wrong)


@pytest.mark.parametrize("mask", [np.zeros((4, 4)), np.ones((4, 4), np.uint8), np.ones(4, bool), [[True]]])
def test_a_previous_mask_is_bool(mask: Any) -> None:
    with pytest.raises(PromptError, match="must be a bool array"):
        Prompt(mask_hw=mask)


def test_an_empty_region_is_refused() -> None:
    with pytest.raises(PromptError, match="region 5,0,5,9 is empty"):
        Region(5, 0, 5, 9)


@pytest.mark.parametrize("name", ["a\x07b", "a\\b", "x" * 65, " ", None, 3])
def test_a_prompt_has_no_name_that_no_result_can_carry(name: Any) -> None:
    """The rule of `--label`, on every way to a prompt."""
    with pytest.raises(PromptError, match=r"label .* (can't name a structure|is not text)"):
        Prompt((1, 2, 3, 4), name=name)
    assert Prompt((1, 2, 3, 4), name=" Thyroid_Nodule ").name == "thyroid nodule"
    assert Prompt((1, 2, 3, 4)).name == ""
