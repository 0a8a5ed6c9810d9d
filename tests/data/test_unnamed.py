"""Regions that no label names: one piece, of a usable size, many kinds, the same for the same seed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from phantoms import ellipse, speckled
from uniultra.data.unnamed import LEAST_SHARE, MOST_SHARE, draw_region

TRUE = ellipse((120, 160), (80, 60), (30, 20))
PIXELS = speckled(TRUE, seed=3).pixels_hw


def test_regions_are_of_one_piece_and_of_a_usable_size() -> None:
    regions = [draw_region(PIXELS, TRUE, np.random.default_rng(seed)) for seed in range(60)]
    for region in regions:
        assert (region.dtype, region.shape) == (np.bool_, TRUE.shape)
        assert cv2.connectedComponents(region.astype(np.uint8), connectivity=8)[0] == 2
        assert LEAST_SHARE <= region.mean() <= MOST_SHARE
    fresh = [region for region in regions if not np.array_equal(region, TRUE)]
    assert len(fresh) > 50
    assert len({region.tobytes() for region in fresh}) == len(fresh)
    assert np.std([region.mean() for region in fresh]) > 0.02


def test_the_seed_decides() -> None:
    first, again = (draw_region(PIXELS, TRUE, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("size_hw", [(9, 7), (1, 200)])
def test_an_image_without_room_gives_its_object(size_hw: tuple[int, int]) -> None:
    whole = np.ones(size_hw, bool)
    for seed in range(8):
        region = draw_region(np.zeros(size_hw, np.uint8), whole, np.random.default_rng(seed))
        assert region.any()
