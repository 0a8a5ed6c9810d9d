"""Which connected parts of an answer are kept."""

from __future__ import annotations

import numpy as np

from uniultra.postprocess import overlap, under_clicks, without_specks
from uniultra.types import Mask, Prompt


def test_a_click_keeps_the_part_under_it() -> None:
    parts = np.zeros((40, 60), dtype=bool)
    parts[5:15, 5:15], parts[20:35, 30:50] = True, True
    logits = np.where(parts, 3.0, -3.0).astype(np.float32)
    found = Mask(parts, logits, 0.8)
    small = under_clicks(found, Prompt(points_xy=((8.0, 9.0), (40.0, 25.0)), point_labels=(1, 0)))
    assert small.mask_hw.sum() == 100
    np.testing.assert_array_equal(small.mask_hw, small.logits_hw > 0)
    nowhere = under_clicks(found, Prompt(points_xy=((58.0, 1.0),), point_labels=(1,)))
    assert nowhere.mask_hw.sum() == 300
    at_the_edge = under_clicks(found, Prompt(points_xy=((59.5, 39.5),), point_labels=(1,)))
    assert at_the_edge.mask_hw.sum() == 300
    both = under_clicks(found, Prompt(points_xy=((8.0, 9.0), (40.0, 25.0)), point_labels=(1, 1)))
    np.testing.assert_array_equal(both.mask_hw, parts)
    np.testing.assert_array_equal(found.mask_hw, parts)


def test_specks_are_dropped_and_real_parts_kept() -> None:
    parts = np.zeros((40, 60), dtype=bool)
    parts[5:15, 5:15], parts[20:35, 30:50], parts[2, 50] = True, True, True
    box = Prompt(box_xyxy=(0, 0, 59, 39))
    found = Mask(parts, np.where(parts, 3.0, -3.0).astype(np.float32), 0.8)
    clicked = without_specks(
        found, Prompt(box_xyxy=(0, 0, 59, 39), points_xy=((50.0, 2.0),), point_labels=(1,)), 0.05
    )
    assert clicked.mask_hw.sum() == 401
    clean = without_specks(found, box, 0.05)
    assert clean.mask_hw.sum() == 400
    np.testing.assert_array_equal(clean.mask_hw, clean.logits_hw > 0)
    empty = Mask(np.zeros((4, 4), bool), np.full((4, 4), -1.0, np.float32), 0.1)
    assert not without_specks(empty, box, 0.05).mask_hw.any()
    assert not under_clicks(empty, Prompt(points_xy=((1.0, 1.0),), point_labels=(1,))).mask_hw.any()


def test_the_overlap_of_two_empty_masks_is_whole() -> None:
    empty, some = np.zeros((4, 4), bool), np.eye(4, dtype=bool)
    assert (overlap(empty, empty), overlap(some, empty), overlap(some, some)) == (1.0, 0.0, 1.0)
