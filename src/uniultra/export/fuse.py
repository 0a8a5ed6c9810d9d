"""The same network in fewer and larger steps, for tracing: exact up to rounding, for inference alone.

What onnxruntime loses most of its time on in a small Hiera is not arithmetic but moving tokens about. So here

- tokens lie in the order of nested windows (`token_order`), in which each window, and each 2x2 that is
  pooled, is a run of neighbours: nothing is partitioned, padded or transposed on the way;
- each linear layer takes the skip connection, or the bias, as what it adds to (Gemm's C);
- the adapter's bottleneck and the MLP are one pair of layers, and all constants are added by the edge map's
  layer;
- normalisation and the three equal channels of a grey image are folded into the first convolution.

The decoder's half is `fuse_decoder`. What this doesn't fit (windows that don't nest, layers of another class)
is traced as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers.models.sam2.modeling_sam2 import Sam2LayerNorm, Sam2MaskDecoder

from uniultra.export.fuse_decoder import FusedDecoder
from uniultra.export.window_order import gelu, nested_sides, token_order
from uniultra.models.adapter import CHAdapter, sobel_magnitude
from uniultra.models.backbone import CHBlock, CHHieraModel
from uniultra.models.promptable import PIXEL_MEAN, PIXEL_STD, PromptableModel, joined

PLAIN = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.Embedding, nn.LayerNorm, Sam2LayerNorm)
"""Classes whose weights are all that they do; a layer that something was wrapped around is of another."""


def fuse(model: PromptableModel) -> PromptableModel:
    """What answers `encode` and `decode` as the model does, for tracing: a module of its own; the model stays
    as it is.

    `decode` takes features of batch 1 alone.
    """
    with torch.no_grad():
        return cast(PromptableModel, FusedModel(model))


class FusedModel(nn.Module):
    """The fused halves of a model, or its own where they don't fit it."""

    def __init__(self, model: PromptableModel) -> None:
        super().__init__()
        self.model = model
        self.input_size, self.focus_stretch = model.input_size, model.focus_stretch
        sides = nested_sides(model) if _fits_encoder(model) else None
        self.encoder = None if sides is None else FusedEncoder(model, sides)
        self.decoder = FusedDecoder(model) if _fits_decoder(model) else None

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """As `PromptableModel.encode`."""
        return self.model.encode(images) if self.encoder is None else self.encoder(images)

    def decode(
        self,
        features: tuple[Tensor, Tensor, Tensor],
        points: Tensor,
        labels: Tensor,
        masks: Tensor,
        has_mask: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """As `PromptableModel.decode`, for features of batch 1."""
        decode = self.model.decode if self.decoder is None else self.decoder
        return decode(features, points, labels, masks, has_mask)


def _fits_encoder(model: PromptableModel) -> bool:
    backbone = model.vision_encoder.backbone
    if type(backbone) is not CHHieraModel or backbone.config.hidden_act != "gelu":
        return False
    return all(block.query_stride in (None, (2, 2), [2, 2]) for block in backbone.blocks) and _plain(
        model.vision_encoder
    )


def _fits_decoder(model: PromptableModel) -> bool:
    decoder = model.mask_decoder
    plain = _plain(decoder) and _plain(model.prompt_encoder)
    ours = type(decoder) is Sam2MaskDecoder and not decoder.dynamic_multimask_via_stability
    return plain and ours and model.config.prompt_encoder_config.hidden_act == "gelu"


def _plain(module: nn.Module) -> bool:
    """Whether every layer with weights of its own is of a class in `PLAIN`."""
    return all(
        type(part) in PLAIN for part in module.modules() if isinstance(getattr(part, "weight", None), Tensor)
    )


class FusedBlock(nn.Module):
    """`CHBlock` on tokens in nested order, (M, D) for all images together, with an edge map (M, C + 1) whose
    last channel is 1.
    """

    def __init__(self, block: CHBlock, cell: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = block.layer_norm1, block.layer_norm2
        self.cell, self.pools = cell, block.query_stride is not None
        attn, out = block.attn, block.dim_out
        self.heads = attn.num_attention_heads
        query, key, value = attn.qkv.weight.split(out)
        bias_q, _, bias_v = attn.qkv.bias.split(
            out
        )  # the keys' adds the same to all scores of a query: softmax forgets it
        self.query = nn.Parameter(query.T * attn.scale)
        self.query_bias = nn.Parameter(bias_q * attn.scale)
        self.key, self.value = nn.Parameter(key.T.clone()), nn.Parameter(value.T.clone())
        self.out = nn.Parameter(attn.proj.weight.T.clone())
        self.out_bias = nn.Parameter(
            attn.proj.bias + attn.proj.weight @ bias_v
        )  # a row of attention sums to 1
        self.widen = block.proj if block.dim != block.dim_out else None
        self._join(block.mlp.proj_in, block.mlp.proj_out, block.adapter)

    def _join(self, first: nn.Linear, second: nn.Linear, adapter: CHAdapter) -> None:
        """The MLP and the adapter as one pair of layers, and the edge map's layer with all that is
        constant.
        """
        gate = adapter.gate if adapter.spec.gate_learned else adapter.spec.gate
        constant: Tensor = second.bias
        ins: list[Tensor] = [first.weight]
        outs: list[Tensor] = [second.weight]
        biases: list[Tensor] = [first.bias]
        if adapter.spec.context:
            ins, biases = [*ins, adapter.down.weight], [*biases, adapter.down.bias]
            outs, constant = [*outs, gate * adapter.up.weight], constant + gate * adapter.up.bias
        edges = []
        if adapter.spec.edge:
            edges, constant = [gate * adapter.edge.weight.T], constant + gate * adapter.edge.bias
        self.mlp_in, self.mlp_bias = nn.Parameter(torch.cat(ins).T.clone()), nn.Parameter(torch.cat(biases))
        self.mlp_out = nn.Parameter(torch.cat(outs, dim=1).T.clone())
        self.edge = nn.Parameter(torch.cat([*edges, constant[None]]))

    def forward(self, tokens: Tensor, edge_map: Tensor) -> Tensor:
        normed = self.norm1(tokens)
        skip = tokens if self.widen is None else self.widen(normed)
        query = torch.addmm(self.query_bias, normed, self.query)
        if self.pools:
            skip, query = pooled(skip), pooled(query)
        attended = (
            torch.addmm(skip, self._attend(query, normed @ self.key, normed @ self.value), self.out)
            + self.out_bias
        )
        hidden = gelu(torch.addmm(self.mlp_bias, self.norm2(attended), self.mlp_in))
        return torch.addmm(torch.addmm(attended, edge_map, self.edge), hidden, self.mlp_out)

    def _attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Attention within each cell; (M', D)."""
        rows, width = self.cell // 4 if self.pools else self.cell, query.shape[1]
        if self.heads == 1:
            query, key, value = (
                query.view(-1, rows, width),
                key.view(-1, self.cell, width),
                value.view(-1, self.cell, width),
            )
            return (torch.softmax(query @ key.transpose(1, 2), dim=-1) @ value).view(-1, width)
        shape = (self.heads, width // self.heads)
        query = query.view(-1, rows, *shape).transpose(1, 2)
        key, value = (part.view(-1, self.cell, *shape).transpose(1, 2) for part in (key, value))
        scores = torch.softmax(query @ key.transpose(2, 3), dim=-1)
        return (scores @ value).transpose(1, 2).reshape(-1, width)


def pooled(tokens: Tensor) -> Tensor:
    """The largest of each run of four tokens, channel by channel; (M, D) to (M / 4, D)."""
    return tokens.view(-1, 4, tokens.shape[1]).amax(dim=1)


class FusedEncoder(nn.Module):
    """`PromptableModel.encode`."""

    order: Tensor

    def __init__(self, model: PromptableModel, sides: Sequence[int]) -> None:
        super().__init__()
        backbone = model.vision_encoder.backbone
        self.side, self.ends = model.input_size // 4, tuple(backbone.stage_ends)
        self._fold_input(model)
        self.register_buffer("order", token_order(sides), persistent=False)
        for level in range(4):
            back = torch.argsort(token_order([side >> level for side in sides if side >> level > 1]))
            self.register_buffer(f"back{level}", back, persistent=False)
        cells, level = [], 0
        for block in backbone.blocks:
            cells.append((block.window_size or self.side >> level) ** 2)
            level += block.query_stride is not None
        self.blocks = nn.ModuleList(
            FusedBlock(block, cell) for block, cell in zip(backbone.blocks, cells, strict=True)
        )
        self._fold_neck(model)

    def _fold_input(self, model: PromptableModel) -> None:
        """One convolution of the grey image, and what each pixel's place adds: it varies only where the zero
        padding reaches.
        """
        backbone = model.vision_encoder.backbone
        conv, size = backbone.patch_embed.projection, model.input_size
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (PIXEL_MEAN, PIXEL_STD))
        self.stride, self.padding = conv.stride, conv.padding
        self.patch = nn.Parameter((conv.weight / (255.0 * std)).sum(dim=1, keepdim=True))
        constant = conv((-mean / std).expand(1, 3, size, size))
        self.stem = backbone.edge_stem.conv.weight if backbone.config.adapter_edge else None
        if self.stem is not None:
            self.stem_constant = nn.Parameter(backbone.edge_stem.conv(constant))
        position = (
            (constant + backbone._get_pos_embed((self.side, self.side)).permute(0, 3, 1, 2))
            .flatten(2)
            .transpose(1, 2)
        )
        self.position = nn.Parameter(position)

    def _fold_neck(self, model: PromptableModel) -> None:
        """Both 1x1 convolutions of each fine level as one; the "no memory" embedding into the coarse level's
        bias.
        """
        from_coarsest, from_coarse, from_middle, from_fine = model.vision_encoder.neck.convs
        decoder = model.mask_decoder
        self.fine, self.fine_bias = _product(from_fine, decoder.conv_s0)
        self.middle, self.middle_bias = _product(from_middle, decoder.conv_s1)
        self.coarse = nn.Parameter(from_coarse.weight.flatten(1).T.clone())
        self.coarsest = nn.Parameter(from_coarsest.weight.flatten(1).T.clone())
        self.coarse_bias = nn.Parameter(
            from_coarse.bias + from_coarsest.bias + model.no_memory_embedding.flatten()
        )

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        patches = F.conv2d(images.float().unsqueeze(1), self.patch, stride=self.stride, padding=self.padding)
        edge_map = self._edge_map(patches)
        tokens = (
            (patches.flatten(2).transpose(1, 2) + self.position).index_select(1, self.order).flatten(0, 1)
        )
        stages = []
        for index, block in enumerate(self.blocks):
            edge_map = pooled(edge_map) if block.pools else edge_map
            tokens = block(tokens, edge_map)
            if index in self.ends:
                stages.append(tokens)
        fine, middle, coarse, coarsest = stages
        above = torch.addmm(self.coarse_bias, coarsest, self.coarsest)
        above = above.unsqueeze(1).expand(-1, 4, -1).reshape(-1, above.shape[1])
        embed = self._maps(torch.addmm(above, coarse, self.coarse), 2).transpose(1, 2)
        maps = (
            embed,
            self.fine @ self._maps(fine, 0).transpose(1, 2) + self.fine_bias,
            self.middle @ self._maps(middle, 1).transpose(1, 2) + self.middle_bias,
        )
        sides = (self.side // 4, self.side, self.side // 2)
        return tuple(part.unflatten(2, (side, side)) for part, side in zip(maps, sides, strict=True))  # type: ignore[return-value]

    def _edge_map(self, patches: Tensor) -> Tensor:
        """The edge stem's channels, where there is one, and a channel of ones; (M, C + 1) in nested order."""
        if self.stem is None:
            return torch.ones_like(patches[:, 0].reshape(-1, 1))
        edges = sobel_magnitude(gelu(F.conv2d(patches, self.stem, padding=1) + self.stem_constant))
        return F.pad(
            edges.flatten(2).transpose(1, 2).index_select(1, self.order).flatten(0, 1), (0, 1), value=1.0
        )

    def _maps(self, tokens: Tensor, level: int) -> Tensor:
        """Tokens of a level row by row again, (B, T, D)."""
        count = (self.side >> level) ** 2
        return tokens.view(-1, count, tokens.shape[1]).index_select(1, getattr(self, f"back{level}"))


def _product(first: nn.Conv2d, second: nn.Conv2d) -> tuple[nn.Parameter, nn.Parameter]:
    """Weight (D, C) and bias (D, 1) of two 1x1 convolutions, one after the other."""
    weight, bias = joined(first, second)
    return nn.Parameter(weight), nn.Parameter(bias.unsqueeze(1))
