"""The context-edge hybrid adapter (CH-Adapter), whole: UniUltra, arXiv 2511.15771, section "CH-Adapter".

One adapter sits in every Hiera block beside the MLP, after the second norm:

    x = x + MLP(n) + g * (context(n) + edge),    n = norm2(x)

`context` is a bottleneck, D -> D/4 -> D. `edge` comes from ONE stem shared by all blocks, which reads the
patch embedding (stride 4), learns four channels, and takes their gradient magnitude over four fixed Sobel
directions; the map is max-pooled by 2 at each stage end, so it always lies on the same pixels as the block's
tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SOBEL_DIRECTIONS = (
    ((-1.0, -2.0, -1.0), (0.0, 0.0, 0.0), (1.0, 2.0, 1.0)),  # 0 degrees
    ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0)),  # 90
    ((-2.0, -1.0, 0.0), (-1.0, 0.0, 1.0), (0.0, 1.0, 2.0)),  # 45
    ((0.0, -1.0, -2.0), (1.0, 0.0, -1.0), (2.0, 1.0, 0.0)),  # 135
)
START_STD = 1e-3
"""Spread of the last layers' first weights: an adapted model starts close to its base, and every part has a
gradient.
"""


@dataclass(frozen=True)
class AdapterSpec:
    """Which adapter. The defaults are the paper's setting.

    Attributes:
        context: have the bottleneck branch.
        edge: have the edge branch (and the shared stem).
        reduction: the bottleneck is dim / reduction wide.
        edge_channels: channels that the stem learns.
        gate: the factor g, or its first value where it is learned.
        gate_learned: learn one g a block.
    """

    context: bool = True
    edge: bool = True
    reduction: int = 4
    edge_channels: int = 4
    gate: float = 0.5
    gate_learned: bool = False


def sobel_magnitude(maps: Tensor) -> Tensor:
    """Gradient magnitude of each channel by itself over the four Sobel directions; (B, C, H, W) to the same
    shape.

    Depthwise: a kernel tiled over input and output channels alike would sum all channels into one map, C
    times over.
    """
    batch, channels, height, width = maps.shape
    # A constant made here, not a buffer: a non-persistent buffer comes back as garbage from
    # `from_pretrained`.
    kernels = torch.tensor(SOBEL_DIRECTIONS, dtype=maps.dtype, device=maps.device)
    weight = kernels.unsqueeze(1).repeat(channels, 1, 1, 1)
    padded = F.pad(maps, (1, 1, 1, 1), mode="replicate")
    gradients = F.conv2d(padded, weight, groups=channels).view(
        batch, channels, len(SOBEL_DIRECTIONS), height, width
    )
    return (gradients.square().sum(dim=2) + 1e-6).sqrt()


class EdgeStem(nn.Module):
    """Patch embedding (B, H, W, D) to an edge map (B, edge_channels, H, W); learned, so its input is not
    detached.
    """

    def __init__(self, dim: int, edge_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(dim, edge_channels, kernel_size=3, padding=1)

    def forward(self, patch_embedding: Tensor) -> Tensor:
        return sobel_magnitude(F.gelu(self.conv(patch_embedding.permute(0, 3, 1, 2))))


class CHAdapter(nn.Module):
    """g * (context(n) + edge) for tokens n (B, H, W, D) and an edge map (B, edge_channels, H, W)."""

    def __init__(self, dim: int, spec: AdapterSpec) -> None:
        super().__init__()
        self.spec = spec
        if spec.context:
            self.down = nn.Linear(dim, dim // spec.reduction)
            self.up = nn.Linear(dim // spec.reduction, dim)
        if spec.edge:
            self.edge = nn.Linear(spec.edge_channels, dim)  # a 1x1 convolution over channel-last maps
        if spec.gate_learned:
            self.gate = nn.Parameter(torch.full((1,), spec.gate))

    def forward(self, tokens: Tensor, edge_map: Tensor | None) -> Tensor:
        total = torch.zeros_like(tokens)
        if self.spec.context:
            total = self.up(F.gelu(self.down(tokens)))
        if self.spec.edge:
            assert edge_map is not None and edge_map.shape[2:] == tokens.shape[1:3], (
                "the edge map doesn't lie on the block's tokens"
            )
            total = total + self.edge(edge_map.permute(0, 2, 3, 1))
        return (self.gate if self.spec.gate_learned else self.spec.gate) * total

    @torch.no_grad()
    def reset(self) -> None:
        """First weights: last layers nearly zero, a learned gate at its first value."""
        for last in (getattr(self, "up", None), getattr(self, "edge", None)):
            if last is not None:
                nn.init.normal_(last.weight, std=START_STD)
                nn.init.zeros_(last.bias)
        if self.spec.gate_learned:
            nn.init.constant_(self.gate, self.spec.gate)
