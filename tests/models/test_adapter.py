from __future__ import annotations

import pytest
import torch

from uniultra.models.adapter import AdapterSpec, CHAdapter, EdgeStem, sobel_magnitude


def test_sobel_finds_each_direction_and_nothing_in_flat_maps() -> None:
    flat = torch.full((1, 1, 9, 9), 3.0)
    assert sobel_magnitude(flat).max() < 2e-3
    step = torch.zeros(1, 1, 9, 9)
    step[..., 5:] = 1.0
    across, down = sobel_magnitude(step), sobel_magnitude(step.transpose(2, 3))
    assert across[0, 0, 4, 4] > 4.0
    torch.testing.assert_close(across, down.transpose(2, 3))


def test_sobel_is_depthwise() -> None:
    """A kernel tiled over input channels would mix them: an edge in one channel must not show in another."""
    maps = torch.zeros(1, 3, 8, 8)
    maps[:, 1, :, 4:] = 1.0
    edges = sobel_magnitude(maps)
    assert edges[:, 1].max() > 4.0
    assert edges[:, 0].max() < 2e-3
    assert edges[:, 2].max() < 2e-3


def test_edges_lie_on_their_own_pixels() -> None:
    """Height and width must not be swapped on the way from channel-last patches to the block's tokens."""
    stem = EdgeStem(dim=4, edge_channels=2)
    patches = torch.zeros(1, 12, 20, 4)
    patches[:, 2, 15] = 10.0
    with torch.no_grad():
        edges = (stem(patches) - stem(torch.zeros_like(patches))).abs().sum(dim=1)[0]
    rows, columns = torch.nonzero(edges > 1e-4, as_tuple=True)
    assert set(rows.tolist()) <= set(range(5))
    assert set(columns.tolist()) <= set(range(13, 18))
    assert len(rows) > 0


def test_the_edge_stem_learns() -> None:
    """The reference detaches the stem's input and its stem never learns."""
    stem, adapter = EdgeStem(8, 4), CHAdapter(16, AdapterSpec())
    patches = torch.rand(1, 8, 8, 8, requires_grad=True)
    adapter(torch.rand(1, 8, 8, 16), stem(patches)).square().sum().backward()
    assert stem.conv.weight.grad is not None
    assert stem.conv.weight.grad.abs().sum() > 0
    assert patches.grad is not None
    assert patches.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("spec", "parameters"),
    [
        (AdapterSpec(), 16 * 4 + 4 + 4 * 16 + 16 + 4 * 16 + 16),
        (AdapterSpec(context=False), 4 * 16 + 16),
        (AdapterSpec(edge=False), 16 * 4 + 4 + 4 * 16 + 16),
        (AdapterSpec(edge=False, gate_learned=True), 16 * 4 + 4 + 4 * 16 + 16 + 1),
    ],
)
def test_each_setting_has_its_parts(spec: AdapterSpec, parameters: int) -> None:
    adapter = CHAdapter(16, spec)
    assert sum(p.numel() for p in adapter.parameters()) == parameters
    assert adapter(torch.rand(2, 6, 6, 16), torch.rand(2, 4, 6, 6)).shape == (2, 6, 6, 16)


def test_a_gate_of_zero_changes_nothing() -> None:
    adapter = CHAdapter(16, AdapterSpec(gate=0.0, gate_learned=True))
    assert adapter(torch.rand(2, 6, 6, 16), torch.rand(2, 4, 6, 6)).abs().max() == 0


def test_an_edge_map_of_another_grid_is_an_error_of_ours() -> None:
    with pytest.raises(AssertionError, match="doesn't lie on"):
        CHAdapter(16, AdapterSpec())(torch.rand(1, 6, 6, 16), torch.rand(1, 4, 3, 3))
