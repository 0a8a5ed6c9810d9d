from __future__ import annotations

import math

import numpy as np
import pytest

from uniultra.errors import PromptError
from uniultra.types import Frame, Prompt, mask_box


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
    with pytest.raises(AssertionError, match="must be uint8"):
        Frame(np.zeros((4, 4), dtype=np.float32))
