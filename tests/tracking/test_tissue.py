"""What the encoder makes of a structure tells it from its surroundings."""

from __future__ import annotations

import numpy as np
import pytest

from phantoms import ellipse
from uniultra.tracking.state import MaskGrid, grid_of
from uniultra.tracking.tissue import Tissue, resemblance, tissue_of
from uniultra.types import Embedding, Features, Region

HW = (160, 160)
REGION = Region(-0.5, -0.5, 159.5, 159.5)
INSIDE = ellipse(HW, (80, 80), (40, 30))


def encoded(inside: np.ndarray, outside: tuple[float, ...] = (0.0, 2.0)) -> Embedding:
    """Features of two planes on 16 x 16 cells: (3, 0) where most of a cell is inside, `outside` elsewhere."""
    share = inside.reshape(16, 10, 16, 10).mean(axis=(1, 3)) > 0.5
    planes = np.where(share, np.float32(3), np.float32(outside[0])), np.where(share, 0.0, outside[1])
    cells = np.stack(planes).astype(np.float32)[None]
    return Embedding(Features(cells, cells, cells), REGION, HW)


def grid(inside: np.ndarray) -> MaskGrid:
    return grid_of(np.where(inside, np.float32(8), np.float32(-8)), REGION)


def test_the_tissue_inside_and_around_are_told_apart() -> None:
    found = tissue_of(encoded(INSIDE), grid(INSIDE))
    assert found is not None
    assert found.inside[0] > 0.99
    assert found.around[1] > 0.9
    assert np.linalg.norm(found.inside) == pytest.approx(1)


def test_it_is_known_again_elsewhere_and_its_surroundings_are_not() -> None:
    first = tissue_of(encoded(INSIDE), grid(INSIDE))
    moved = ellipse(HW, (60, 95), (30, 30))
    assert resemblance(tissue_of(encoded(moved), grid(moved)), first) > 0.95
    assert resemblance(tissue_of(encoded(INSIDE), grid(ellipse(HW, (20, 20), (12, 12)))), first) < 0.1


def test_what_is_thinner_than_a_cell_has_tissue() -> None:
    line = np.zeros(HW, np.bool_)
    line[70:76, 30:130] = True
    found = tissue_of(encoded(INSIDE), grid(line))
    assert found is not None
    assert found.inside[0] > 0.9


def test_where_nothing_is_seen_or_nothing_can_be_told() -> None:
    first = tissue_of(encoded(INSIDE), grid(INSIDE))
    assert tissue_of(encoded(INSIDE), grid(np.zeros(HW, np.bool_))) is None
    assert resemblance(None, first) == 0
    assert resemblance(first, None) == 0.5
    even = tissue_of(encoded(INSIDE, (3.0, 0.0)), grid(INSIDE))
    assert resemblance(first, even) == 0.5


def test_the_half_way_is_half_way() -> None:
    x, y = np.eye(2, dtype=np.float32)
    between = Tissue(np.float32(0.8) * x + np.float32(0.6) * y, y)
    assert resemblance(between, Tissue(x, y)) == pytest.approx(0.5)
