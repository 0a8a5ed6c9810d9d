"""A convolutional encoder to hold Hiera-mini against: RepViT's blocks (Wang 2024, arXiv 2307.09283) with
layer norms for batch norms.

It gives the same four maps as Hiera, so neck, decoder, training and export are shared. Layer norms, because
weights are averaged over steps and batches may be small; RepViT's parallel branches are left out, because
without batch norms they are one convolution already.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.models.sam2.modeling_sam2 import Sam2HieraDetModelOutput


class ConvConfig(PreTrainedConfig):
    """Widths and depths of four stages, at S/4 to S/32; `kernels` are the sides of their depthwise
    convolutions.
    """

    model_type = "uniultra_conv"

    image_size: Any = 256
    embed_dim_per_stage: Any = (24, 48, 96, 192)
    blocks_per_stage: Any = (5, 5, 9, 2)
    kernels: Any = (3, 3, 7, 7)


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of (B, C, H, W)."""

    def forward(self, maps: Tensor) -> Tensor:
        return super().forward(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Excite(nn.Module):
    """Squeeze and excitation: each channel scaled by what the whole image says."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.squeeze, self.excite = nn.Conv2d(dim, dim // 4, 1), nn.Conv2d(dim // 4, dim, 1)

    def forward(self, maps: Tensor) -> Tensor:
        return maps * self.excite(torch.relu(self.squeeze(maps.mean(dim=(2, 3), keepdim=True)))).sigmoid()


class ConvBlock(nn.Module):
    """Tokens are mixed by a depthwise convolution, every other block with excitation; then channels, twice as
    wide between.
    """

    def __init__(self, dim: int, kernel: int, excited: bool) -> None:
        super().__init__()
        self.tokens = nn.Conv2d(dim, dim, kernel, padding=kernel // 2, groups=dim)
        self.excite = Excite(dim) if excited else nn.Identity()
        self.norm = ChannelNorm(dim)
        self.widen, self.narrow = nn.Conv2d(dim, 2 * dim, 1), nn.Conv2d(2 * dim, dim, 1)

    def forward(self, maps: Tensor) -> Tensor:
        maps = maps + self.excite(self.tokens(maps))
        return maps + self.narrow(nn.functional.gelu(self.widen(self.norm(maps))))


class ConvModel(PreTrainedModel):
    """An image (B, 3, S, S) to four maps (B, S/4, S/4, D) to (B, S/32, S/32, 8 D), channels last as
    Hiera's.
    """

    config_class = ConvConfig
    base_model_prefix = "backbone"
    main_input_name = "pixel_values"

    def __init__(self, config: ConvConfig) -> None:
        super().__init__(config)
        dims = list(config.embed_dim_per_stage)
        self.stem = nn.Sequential(
            nn.Conv2d(3, dims[0] // 2, 3, 2, 1),
            nn.GELU(),
            nn.Conv2d(dims[0] // 2, dims[0], 3, 2, 1),
            ChannelNorm(dims[0]),
        )
        self.downs = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, a, 3, 2, 1, groups=a), nn.Conv2d(a, b, 1), ChannelNorm(b))
            for a, b in pairwise(dims)
        )
        self.stages = nn.ModuleList(
            nn.Sequential(*(ConvBlock(dim, kernel, excited=index % 2 == 0) for index in range(count)))
            for dim, count, kernel in zip(dims, config.blocks_per_stage, config.kernels, strict=True)
        )
        self.post_init()

    def forward(self, pixel_values: Tensor, **kwargs: Any) -> Sam2HieraDetModelOutput:
        maps, found = self.stem(pixel_values), []
        for index, stage in enumerate(self.stages):
            maps = stage(self.downs[index - 1](maps) if index else maps)
            found.append(maps.permute(0, 2, 3, 1))
        return Sam2HieraDetModelOutput(last_hidden_state=found[-1], intermediate_hidden_states=tuple(found))


AutoConfig.register(ConvConfig.model_type, ConvConfig)
AutoModel.register(ConvConfig, ConvModel)
