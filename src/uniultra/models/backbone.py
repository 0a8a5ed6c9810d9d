"""CH-Hiera: SAM 2's Hiera with one CH-Adapter a block, on transformers' classes and weight names.

A plain SAM 2 checkpoint loads into it and leaves exactly the adapter and edge-stem keys missing.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel
from transformers.models.sam2.configuration_sam2 import Sam2HieraDetConfig
from transformers.models.sam2.modeling_sam2 import (
    Sam2HieraDetModel,
    Sam2HieraDetModelOutput,
    Sam2MultiScaleBlock,
    do_pool,
    window_partition,
    window_unpartition,
)

from uniultra.models.adapter import AdapterSpec, CHAdapter, EdgeStem


class CHHieraConfig(Sam2HieraDetConfig):
    """SAM 2's Hiera configuration and the adapter's, field by field as in `AdapterSpec`."""

    model_type = "uniultra_ch_hiera"

    adapter_context: bool = True
    adapter_edge: bool = True
    adapter_reduction: int = 4
    adapter_edge_channels: int = 4
    adapter_gate: float = 0.5
    adapter_gate_learned: bool = False

    @property
    def adapter_spec(self) -> AdapterSpec:
        return AdapterSpec(
            context=self.adapter_context,
            edge=self.adapter_edge,
            reduction=self.adapter_reduction,
            edge_channels=self.adapter_edge_channels,
            gate=self.adapter_gate,
            gate_learned=self.adapter_gate_learned,
        )


class CHBlock(Sam2MultiScaleBlock):
    """A Hiera block with `adapter` beside its MLP."""

    def __init__(self, config: CHHieraConfig, stage_idx: int, block_idx: int, total_block_idx: int) -> None:
        super().__init__(config, stage_idx, block_idx, total_block_idx)
        self.adapter = CHAdapter(self.dim_out, config.adapter_spec)

    def forward(self, hidden_states: Tensor, edge_map: Tensor | None = None, **kwargs: Any) -> Tensor:
        """Tokens (B, H, W, D) to (B, H', W', D'), halved where the block begins a pooling stage."""
        attended = self.attend(hidden_states, **kwargs)
        normed = self.layer_norm2(attended)
        return attended + self.mlp(normed) + self.adapter(normed, edge_map)

    def attend(self, tokens: Tensor, **kwargs: Any) -> Tensor:
        """Windowed (or global) attention with its skip connection; pools the queries where the stage
        changes.
        """
        normed = self.layer_norm1(tokens)
        skip = tokens if self.dim == self.dim_out else do_pool(self.proj(normed), self.query_stride)
        if self.window_size == 0:
            return skip + self.attn(hidden_states=normed, **kwargs)
        windows, _ = window_partition(normed, self.window_size)
        windows = self.attn(hidden_states=windows, **kwargs)
        side = self.window_size // (self.query_stride[0] if self.query_stride else 1)
        height, width = skip.shape[1:3]
        padded = (height + (-height) % side, width + (-width) % side)
        return skip + window_unpartition(windows, side, padded, (height, width))


class CHHieraModel(Sam2HieraDetModel):
    """The backbone: an image (B, 3, S, S) to four token maps, at S/4, S/8, S/16 and S/32."""

    config_class = CHHieraConfig

    def __init__(self, config: CHHieraConfig) -> None:
        super().__init__(config)
        self.blocks = nn.ModuleList(
            CHBlock(config, stage, index, sum(config.blocks_per_stage[:stage]) + index)
            for stage, count in enumerate(config.blocks_per_stage)
            for index in range(count)
        )
        if config.adapter_edge:
            self.edge_stem = EdgeStem(config.hidden_size, config.adapter_edge_channels)
        self.post_init()

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if isinstance(module, CHAdapter):
            module.reset()

    def forward(self, pixel_values: Tensor, **kwargs: Any) -> Sam2HieraDetModelOutput:
        patches = self.patch_embed(pixel_values)
        edge_map = self.edge_stem(patches) if self.config.adapter_edge else None
        tokens = patches + self._get_pos_embed(patches.shape[1:3])
        stages = []
        for index, block in enumerate(self.blocks):
            if edge_map is not None and block.query_stride:
                edge_map = F.max_pool2d(edge_map, kernel_size=2)
            tokens = block(tokens, edge_map)
            if index in self.stage_ends:
                stages.append(tokens)
        return Sam2HieraDetModelOutput(last_hidden_state=tokens, intermediate_hidden_states=tuple(stages))


AutoConfig.register(CHHieraConfig.model_type, CHHieraConfig)
AutoModel.register(CHHieraConfig, CHHieraModel)
