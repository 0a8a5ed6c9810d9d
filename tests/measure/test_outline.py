"""The outline of a mask against what is known of it: closed, on the edge, the right area within; and the part
that is measured.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from uniultra.measure.outline import largest_part, main_part, outline

MASKS = arrays(np.bool_, st.tuples(st.integers(1, 24), st.integers(1, 24)))


def disc(radius: float, size: int) -> np.ndarray:
    y, x = np.ogrid[:size, :size]
    centre = (size - 1) / 2
    return np.asarray((x - centre) ** 2 + (y - centre) ** 2 <= radius**2)


def enclosed(pieces: np.ndarray) -> float:
    """Area within the pieces by Gauss's formula; its sign says on which hand the inside lies."""
    (x0, y0), (x1, y1) = pieces[:, 0].T, pieces[:, 1].T
    return float(np.sum(x0 * y1 - x1 * y0) / 2)


@settings(max_examples=100, deadline=None)
@given(MASKS, st.sampled_from([(1.0, 1.0), (0.3, 1.1), (2.0, 0.5)]))
def test_every_piece_begins_where_exactly_one_other_ends(
    mask: np.ndarray, spacing: tuple[float, float]
) -> None:
    pieces = np.round(outline(mask, spacing), 9)
    starts, ends = (sorted(map(tuple, pieces[:, i])) for i in range(2))
    assert starts == ends
    assert len(set(starts)) == len(starts)


@settings(max_examples=100, deadline=None)
@given(MASKS)
def test_the_inside_lies_on_one_hand_and_has_the_area_of_the_mask_but_for_its_corners(
    mask: np.ndarray,
) -> None:
    """Halfway between pixels, an edge cuts each pixel's corner that sticks out by 1/8 px2, and fills as much
    where one goes in.
    """
    inside = np.kron(mask, np.ones((9, 9), bool))  # blocks that smoothing doesn't lose
    area = enclosed(outline(inside))
    assert area >= 0
    assert area == pytest.approx(np.count_nonzero(inside), rel=0.05, abs=1)


def test_a_single_pixel_is_a_diamond_of_half_a_pixel_and_nothing_is_no_piece() -> None:
    mask = np.zeros((5, 7), bool)
    assert outline(mask).shape == (0, 2, 2)
    mask[2, 3] = True
    assert {tuple(point) for point in outline(mask)[:, 0]} == {(3.0, 1.5), (3.5, 2.0), (3.0, 2.5), (2.5, 2.0)}


def test_opposite_corners_are_joined() -> None:
    mask = np.zeros((4, 4), bool)
    mask[1, 1] = mask[2, 2] = True
    joined = {frozenset(map(tuple, piece)) for piece in outline(mask)}
    assert frozenset({(1.5, 1.0), (2.0, 1.5)}) in joined  # cuts off the corner outside, not the one inside
    assert frozenset({(1.0, 1.5), (1.5, 2.0)}) in joined
    assert outline(mask[:, ::-1]).shape == (8, 2, 2)


def test_a_disc_has_its_points_on_the_circle() -> None:
    pieces = outline(disc(30, 71))
    radii = np.hypot(*(pieces[:, 0] - 35).T)
    assert radii.mean() == pytest.approx(30, abs=0.2)
    assert np.ptp(radii) < 0.8
    assert enclosed(pieces) == pytest.approx(math.pi * 900, rel=0.01)


def test_a_mask_that_touches_the_border_is_closed_along_it() -> None:
    pieces = outline(np.ones((20, 30), bool))
    assert pieces.min() == pytest.approx(-0.5, abs=1e-4)
    assert pieces[..., 0].max() == pytest.approx(29.5, abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(MASKS, st.integers(0, 5), st.integers(0, 5))
def test_the_largest_part_is_cut_out_of_the_mask(mask: np.ndarray, down: int, right: int) -> None:
    whole = np.pad(mask, ((down, 1), (right, 2)))
    part, (same, count) = largest_part(whole), main_part(whole)
    if part is None:
        assert not mask.any()
        assert count == 0
        return
    (x, y), (height, width) = part.origin_xy, part.mask_hw.shape
    again = np.zeros_like(whole)
    again[y : y + height, x : x + width] = part.mask_hw
    np.testing.assert_array_equal(again, same)
    assert part.count == count
    for edge in (part.mask_hw[0], part.mask_hw[-1], part.mask_hw[:, 0], part.mask_hw[:, -1]):
        assert edge.any()


def test_a_part_in_a_hole_of_another_is_counted_and_filled_over() -> None:
    mask = disc(20, 45) & ~disc(12, 45)
    assert main_part(mask)[1] == 1
    np.testing.assert_array_equal(main_part(mask)[0], disc(20, 45))
    mask |= disc(4, 45)
    part, count = main_part(mask)
    assert count == 2
    np.testing.assert_array_equal(part, disc(20, 45))
