"""Which connected parts of an answer are kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from uniultra.io.masks import ids_of
from uniultra.postprocess import (
    _parts,
    hidden,
    overlap,
    spanning,
    under_clicks,
    without_holes,
    without_specks,
)
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


def test_small_holes_are_filled_but_not_a_lumen_nor_what_a_click_says_is_outside() -> None:
    ring = np.zeros((60, 80), dtype=bool)
    ring[10:50, 10:70] = True
    ring[20:40, 20:40] = False  # a lumen: a fifth of the ring
    ring[15, 50], ring[30:32, 55:58] = False, False  # pinholes
    ring[49, 60] = ring[48, 60] = False  # a notch: it reaches the outside
    ring[45, 45] = ring[46, 46] = False  # two pinholes that meet at a corner
    found = Mask(ring, np.where(ring, 3.0, -3.0).astype(np.float32), 0.8)
    box = Prompt(box_xyxy=(10, 10, 70, 50))
    filled = without_holes(found, box, 0.05)
    assert filled.mask_hw.sum() - ring.sum() == 1 + 6 + 2
    assert filled.mask_hw[15, 50]
    assert not filled.mask_hw[30, 30]
    assert not filled.mask_hw[48, 60]
    np.testing.assert_array_equal(filled.mask_hw, filled.logits_hw > 0)
    said = Prompt(box_xyxy=(10, 10, 70, 50), points_xy=((56.0, 31.0),), point_labels=(0,))
    assert without_holes(found, said, 0.05).mask_hw.sum() - ring.sum() == 3
    assert without_holes(found, box, 1.0).mask_hw[30, 30]
    assert without_holes(found, box, 0.0) is found


def test_what_the_frame_cuts_off_is_no_hole() -> None:
    bowl = np.zeros((30, 40), dtype=bool)
    bowl[0:20, 5:35] = True
    bowl[0:3, 15:18] = False
    found = Mask(bowl, np.where(bowl, 3.0, -3.0).astype(np.float32), 0.8)
    assert without_holes(found, Prompt(box_xyxy=(5, 0, 35, 20)), 0.05) is found


@given(st.integers(0, 2**32 - 1), st.floats(0.3, 0.9), st.sampled_from([0.005, 0.05, 1.0]))
@settings(max_examples=60, deadline=None)
def test_holes_are_those_that_scipy_fills(seed: int, density: float, max_hole: float) -> None:
    mask_hw = np.random.default_rng(seed).random((24, 31)) < density
    found = Mask(mask_hw, np.where(mask_hw, 2.0, -2.0).astype(np.float32), 0.5)
    filled = without_holes(found, Prompt(box_xyxy=(0, 0, 31, 24)), max_hole).mask_hw
    numbered, count = ndimage.label(ndimage.binary_fill_holes(mask_hw) & ~mask_hw)
    sizes = np.bincount(numbered.ravel(), minlength=count + 1)
    sizes[0] = mask_hw.size
    np.testing.assert_array_equal(filled, mask_hw | (sizes[numbered] < max_hole * mask_hw.sum()))


@pytest.mark.parametrize("density", [0.3, 0.5, 0.97])
def test_one_part_without_holes_is_known_without_numbering(density: float) -> None:
    """By the edges alone, against scipy's parts (by sides and corners) and holes (by sides)."""
    rng, plain = np.random.default_rng(int(100 * density)), 0
    for _ in range(300):
        mask_hw = rng.random((rng.integers(1, 6), rng.integers(1, 6))) < density
        if not mask_hw.any():
            continue
        parts = ndimage.label(mask_hw, np.ones((3, 3)))[1]
        whole = parts == 1 and np.array_equal(ndimage.binary_fill_holes(mask_hw), mask_hw)
        mask = Mask(mask_hw, np.where(mask_hw, np.float32(2), np.float32(-2)), 0.9)
        assert (_parts(mask) is None) == whole
        plain += whole
    assert plain > 20


def layered(*boxes: tuple[int, int, int, int, float]) -> list[Mask]:
    """Masks that fill boxes (left, top, right, bottom) with one logit each."""
    masks = []
    for left, top, right, bottom, logit in boxes:
        inside = np.zeros((40, 50), np.bool_)
        inside[top:bottom, left:right] = True
        masks.append(Mask(inside, np.where(inside, logit, -9).astype(np.float32), 0.9))
    return masks


@pytest.mark.parametrize(
    ("masks", "under"),
    [
        (layered((5, 5, 20, 20, 3), (5, 5, 20, 20, 3)), [1]),
        (layered((5, 5, 20, 20, 2), (5, 5, 20, 20, 3)), [0]),
        (layered((8, 8, 12, 12, 2), (5, 5, 20, 20, 3), (30, 8, 34, 12, 1)), [0]),
        (layered((8, 8, 12, 12, 4), (5, 5, 20, 20, 3)), []),
        (layered((8, 8, 22, 12, 2), (5, 5, 20, 20, 3)), []),
        (layered((9, 9, 9, 9, 2), (5, 5, 20, 20, 3)), []),
    ],
)
def test_what_lies_wholly_under_another_mask_has_no_pixel_of_an_id_image(
    masks: list[Mask], under: list[int]
) -> None:
    assert hidden(masks) == under
    ids = ids_of(masks)
    assert [n for n, mask in enumerate(masks) if mask.mask_hw.any() and not (ids == n + 1).any()] == under


def _hill(side: float = 60.0) -> Mask:
    """Logits that fall by 1 every 4 pixels from 5 in the middle of (80, 120) pixels."""
    y, x = np.mgrid[:80, :120]
    logits = (5.0 - np.hypot(x - side, y - 40.0) / 4.0).astype(np.float32)
    return Mask(logits > 0, logits, 0.8)


@pytest.mark.parametrize(
    ("reach", "cut"), [(19.5, 0.0), (23.5, -0.875), (13.5, 1.5), (45.0, -2.375), (4.0, 2.5)]
)
def test_a_tight_box_s_mask_is_cut_where_it_spans_the_box(reach: float, cut: float) -> None:
    found = _hill()
    box = (60 - reach, 40 - reach, 60 + reach, 40 + reach)
    spanned = spanning(found, box, 0.001)
    np.testing.assert_array_equal(spanned.mask_hw, found.logits_hw > cut)
    np.testing.assert_allclose(spanned.logits_hw, found.logits_hw - cut)
    np.testing.assert_array_equal(spanned.mask_hw, spanned.logits_hw > 0)
    assert spanning(found, box, 1.0) is found, "where a cut costs more than it can gain"


def test_nothing_spans_nothing() -> None:
    empty = Mask(np.zeros((80, 120), bool), np.full((80, 120), -1.0, np.float32), 0.8)
    assert spanning(empty, (10.0, 10.0, 60.0, 60.0), 0.03) is empty
