"""Soft masks over a region of the frame."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from uniultra.tracking.state import FAR, GRID, MaskGrid, grid_of, positions
from uniultra.types import Region

HW = (90, 120)


@pytest.mark.parametrize(
    "edges",
    [
        (20.3, 10.6, 80.9, 71.2),
        (-0.5, -0.5, 119.5, 89.5),
        (-30.0, -12.5, 40.0, 30.5),
        (100.5, 60.5, 150.0, 130.0),
        (-60.0, -50.0, -20.0, -5.0),
        (55.0, 44.0, 55.4, 44.3),
    ],
)
def test_a_grid_reads_what_is_near_its_region_alone(edges: tuple[float, float, float, float]) -> None:
    """As if all of the frame's logits had been cut to FAR, also where the region reaches beyond the frame."""
    logits_hw = np.random.default_rng(0).normal(0, 9, HW).astype(np.float32)
    region = Region(*edges)
    across, down = np.meshgrid(*(place.ravel().astype(np.float32) for place in positions(region)))
    ours = cv2.remap(
        np.clip(logits_hw, -FAR, FAR),
        across,
        down,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=-FAR,
    )
    found = grid_of(logits_hw, region).logits_hw
    assert found.shape == (GRID, GRID)
    assert np.array_equal(found, ours)


def test_places_may_be_given_as_a_row_and_a_column() -> None:
    grid = MaskGrid(
        Region(10, 5, 70, 55), np.random.default_rng(1).normal(0, 4, (GRID, GRID)).astype(np.float32)
    )
    row, column = np.linspace(0, 80, 33)[None], np.linspace(0, 60, 21)[:, None]
    apart = grid.at(row, column)
    assert apart.shape == (21, 33)
    assert np.array_equal(apart, grid.at(*np.broadcast_arrays(row, column)))
    assert np.array_equal(grid.at(*grid.positions()), grid.logits_hw)
