"""In nested order each cell is a run, and the order is a permutation."""

from __future__ import annotations

import pytest
import torch

from uniultra.export.window_order import gelu, nested_sides, token_order
from uniultra.models.build import build


@pytest.mark.parametrize("sides", [(2,), (2, 4), (2, 4, 8, 16), (2, 4, 8, 24), (3, 6, 30)])
def test_each_cell_is_a_run(sides: tuple[int, ...]) -> None:
    order, whole = token_order(sides), sides[-1]
    assert torch.equal(order.sort().values, torch.arange(whole**2))
    rows, columns = order // whole, order % whole
    for side in sides:
        cells = (rows // side * whole + columns // side).view(-1, side**2)
        assert (cells == cells[:, :1]).all(), side


def test_coarser_levels_keep_the_order() -> None:
    """The largest of four in a row is the largest of a 2x2, in the order of the next level."""
    values = torch.randn(1, 1, 24, 24)
    ordered = values.flatten()[token_order((2, 4, 8, 24))].view(-1, 4).amax(dim=1)
    pooled = torch.nn.functional.max_pool2d(values, 2).flatten()[token_order((2, 4, 12))]
    assert torch.equal(ordered, pooled)


@pytest.mark.parametrize(
    ("size", "sides"),
    [(256, (2, 4, 8, 64)), (512, (2, 4, 8, 64, 128)), (448, (2, 4, 8, 56, 112)), (320, None), (64, None)],
)
def test_which_sizes_nest(size: int, sides: tuple[int, ...] | None) -> None:
    assert nested_sides(build("mini", image_size=size)) == sides


def test_gelu_is_the_exact_one() -> None:
    values = torch.linspace(-6, 6, 1001)
    torch.testing.assert_close(gelu(values), torch.nn.functional.gelu(values), atol=1e-6, rtol=0)
