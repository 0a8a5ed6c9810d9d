"""A narrower decoder that starts near a wide one: channels are chosen, and each layer is fitted, in closed
form, to what the wide one does on real prompts.

Structured pruning with least-squares reconstruction (He et al. 2017, "Channel pruning for accelerating very
deep neural networks", section 3.1): a layer that loses inputs makes up for them from those that it keeps. A
head of attention keeps the directions of its queries and keys, and of its values, by which its scores and
answers lose least. The image encoder is copied. What comes out is a start for distilling, not a model to be
used.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from uniultra.errors import ModelError
from uniultra.models.promptable import PromptableModel

RIDGE = 0.01
"""Of the mean variance of a layer's inputs: how strongly a fit keeps to the wide layer's own weights."""
ROWS_A_CALL = 600
"""Pixels by which a layer is fitted, of each sixteen prompts."""
MOST_TOKENS = 64
"""What has more tokens is the image."""
FITTED = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.LayerNorm, nn.GELU)

Prompt = tuple[Tensor, Tensor, Tensor, Tensor]
"""points, labels, masks and has_mask, as `PromptableModel.decode` takes them."""


@dataclass
class Seen:
    """What went through one module: rows of tokens or pixels, (rows, channels)."""

    inputs: list[Tensor] = field(default_factory=list)
    outputs: list[Tensor] = field(default_factory=list)

    @property
    def given(self) -> Tensor:
        return torch.cat(self.inputs)

    @property
    def made(self) -> Tensor:
        return torch.cat(self.outputs)


@torch.no_grad()
def narrow(wide: PromptableModel, small: PromptableModel, images: Tensor, prompt: Prompt) -> None:
    """Fills `small` from `wide`, in place.

    Args:
        wide: the trained network.
        small: the same image encoder with a narrower prompt encoder and mask decoder of as many layers and
            heads, and one mask.
        images: (B, S, S) grey, 0 to 255; some hundred, as the model will see them.
        prompt: one on each image.

    Raises:
        ModelError: `small` isn't such a network.
    """
    _check(wide, small)
    seen = _watch(wide, images, prompt)
    pairs = _best_pairs(wide, seen, small.hidden_dim // 2)
    kept = torch.cat([pairs, pairs + wide.hidden_dim // 2])
    small.vision_encoder.backbone.load_state_dict(wide.vision_encoder.backbone.state_dict())
    _fill_prompt_encoder(wide, small, pairs, kept)
    _fill_transformer(wide, small, seen, kept)
    coarse, fine = _fill_painter(wide, small, seen, kept)
    _fill_neck(wide, small, kept, coarse, fine)


def _check(wide: PromptableModel, small: PromptableModel) -> None:
    ours, theirs = small.config.mask_decoder_config, wide.config.mask_decoder_config
    same = ("num_hidden_layers", "num_attention_heads", "attention_downsample_rate", "iou_head_depth")
    odd = next((name for name in same if getattr(ours, name) != getattr(theirs, name)), None)
    if odd is not None:
        raise ModelError(f"the narrow decoder has another {odd} than the wide one; only widths may differ")
    shapes = [
        {name: value.shape for name, value in model.vision_encoder.backbone.state_dict().items()}
        for model in (wide, small)
    ]
    if shapes[0] != shapes[1] or small.hidden_dim > wide.hidden_dim:
        raise ModelError("the narrow model must have the wide one's image encoder, and no wider a decoder")


def _watch(model: PromptableModel, images: Tensor, prompt: Prompt) -> dict[str, Seen]:
    """What goes through each module of the decoder, by its name in the model; the tokens of masks that aren't
    used are left out.
    """
    skipped = model.mask_decoder.num_mask_tokens - 1
    with _recorder(model.mask_decoder, skipped) as seen:
        for at in range(0, len(images), 16):
            part = slice(at, at + 16)
            model.decode(model.encode(images[part]), *(value[part] for value in prompt))
    return seen


@contextmanager
def _recorder(decoder: nn.Module, skipped: int) -> Iterator[dict[str, Seen]]:
    seen: dict[str, Seen] = defaultdict(Seen)
    rng = torch.Generator().manual_seed(0)

    def record(name: str) -> Any:
        def keep(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            given = _rows(inputs[0])
            draws = torch.randperm(len(given), generator=rng)[:ROWS_A_CALL]
            if inputs[0].ndim == 4 and inputs[0].shape[1] == 1 and inputs[0].shape[2] < MOST_TOKENS:
                tokens = torch.arange(len(given)).view(len(inputs[0]), -1)
                draws = torch.cat([tokens[:, :3], tokens[:, 3 + skipped :]], dim=1).flatten()
            own = seen[f"{name} {given.shape[1]}" if isinstance(module, nn.GELU) else name]
            own.inputs.append(given[draws])
            if not isinstance(module, nn.ConvTranspose2d):
                own.outputs.append(_rows(output)[draws])

        return keep

    handles = [
        module.register_forward_hook(record(name))
        for name, module in decoder.named_modules()
        if isinstance(module, FITTED)
    ]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _rows(value: Tensor) -> Tensor:
    """Tokens (P, 1, N, C), one token each (P, 1, C), or maps (P, C, h, w), as rows (n, C)."""
    maps = value.ndim == 4 and value.shape[1] > 1
    return (value.permute(0, 2, 3, 1) if maps else value).flatten(0, -2)


def _best_pairs(wide: PromptableModel, seen: dict[str, Seen], count: int) -> Tensor:
    """The `count` frequencies of the positions whose two channels, sine and cosine, are worth most to what
    reads them: by their part in each reader's output.
    """
    width, worth = wide.hidden_dim, torch.zeros(wide.hidden_dim)
    for name, module in wide.mask_decoder.transformer.named_modules():
        if isinstance(module, nn.Linear) and module.in_features == width:
            part = seen[f"transformer.{name}"].given.var(dim=0) * module.weight.square().sum(dim=0)
            worth += part / part.sum()
    return (worth[: width // 2] + worth[width // 2 :]).topk(count).indices.sort().values


def _fit(given: Tensor, target: Tensor, prior: Tensor) -> tuple[Tensor, Tensor]:
    """weight (out, in) and bias (out,) with given @ weight.T + bias near target (rows, out); where the rows
    don't say, the weight stays at `prior`.
    """
    middle, mean = given.mean(dim=0), target.mean(dim=0)
    centred = (given - middle).double()
    rest = (target - mean).double() - centred @ prior.double().T
    gram = centred.T @ centred
    gram += RIDGE * gram.diagonal().mean().clamp(min=1e-12) * torch.eye(len(gram), dtype=gram.dtype)
    weight = prior + torch.linalg.solve(gram, centred.T @ rest).T.float()
    return weight, mean - weight @ middle


def _fit_linear(
    small: Any, wide: Any, seen: Seen, kept: Tensor, to: Tensor, target: Tensor | None = None
) -> None:
    """A linear layer that reads channels `kept` of the wide one's input, and gives its outputs @ to, (out,
    out').
    """
    weight, bias = _fit(
        seen.given[:, kept], (seen.made if target is None else target) @ to, to.T @ wide.weight[:, kept]
    )
    small.weight.copy_(weight)
    small.bias.copy_(bias)


def _columns(kept: Tensor, width: int) -> Tensor:
    """The matrix (width, kept) that chooses columns."""
    return torch.eye(width)[:, kept]


def _fit_norm(small: Any, seen: Seen, kept: Tensor) -> None:
    """A layer norm over fewer channels: each one's factor and offset by which it comes nearest."""
    plain = nn.functional.layer_norm(seen.given[:, kept], (len(kept),), eps=small.eps)
    target, middle = seen.made[:, kept], plain.mean(dim=0)
    slope = ((plain - middle) * target).mean(dim=0) / plain.var(dim=0, unbiased=False).clamp(min=1e-8)
    small.weight.copy_(slope)
    small.bias.copy_(target.mean(dim=0) - slope * middle)


def _root(rows: Tensor) -> Tensor:
    """L (c, c) with L L' = the rows' covariance."""
    covariance = torch.cov(rows.double().T)
    least = 1e-6 * covariance.diagonal().mean().clamp(min=1e-12)
    return torch.linalg.cholesky(covariance + least * torch.eye(len(covariance), dtype=covariance.dtype))


def _fit_attention(small: Any, wide: Any, seen: dict[str, Seen], name: str, kept: Tensor) -> None:
    """Each head keeps as many directions as the small one has, those that its scores and its answers need
    most.
    """
    heads, before, after = wide.num_attention_heads, wide.head_dim, small.head_dim
    queries, keys, values = (seen[f"{name}.{part}_proj"].made for part in "qkv")
    scale = (wide.scaling / small.scaling) ** 0.5
    to = {part: torch.zeros(heads * before, heads * after) for part in "qkv"}
    out, bias = torch.zeros(len(kept), heads * after), wide.o_proj.bias[kept].clone()
    for head in range(heads):
        rows, columns = slice(head * before, (head + 1) * before), slice(head * after, (head + 1) * after)
        query, key = _root(queries[:, rows]), _root(keys[:, rows])
        left, size, right = torch.linalg.svd(query.T @ key)
        size = size[:after].sqrt()
        solve = torch.linalg.solve_triangular
        to["q"][rows, columns] = (scale * solve(query.T, left[:, :after], upper=True) * size).float()
        to["k"][rows, columns] = (scale * solve(key.T, right[:after].T, upper=True) * size).float()
        value, own = _root(values[:, rows]), wide.o_proj.weight[kept][:, rows].double().T
        left, size, right = torch.linalg.svd(value.T @ own, full_matrices=False)
        to["v"][rows, columns] = solve(value.T, left[:, :after], upper=True).float()
        out[:, columns] = (size[:after, None] * right[:after]).T.float()
        middle = values[:, rows].mean(dim=0)
        bias += middle @ own.float() - middle @ to["v"][rows, columns] @ out[:, columns].T
    for part in "qkv":
        layer, source = getattr(small, f"{part}_proj"), getattr(wide, f"{part}_proj")
        _fit_linear(layer, source, seen[f"{name}.{part}_proj"], kept, to[part])
    small.o_proj.weight.copy_(out)
    small.o_proj.bias.copy_(bias)


def _fit_layers(small: Any, wide: Any, seen: dict[str, Seen], name: str, kept: Tensor, to: Tensor) -> None:
    """A multilayer perceptron: hidden units that are worth most, and `to` (out, out') on its end."""
    names = ["proj_in", *(f"layers.{index}" for index in range(len(wide.layers))), "proj_out"]
    for own, following in pairwise(names):
        units = seen[f"{name}.{following}"].given
        worth = units.var(dim=0) * wide.get_submodule(following).weight.square().sum(dim=0)
        chosen = worth.topk(small.get_submodule(own).out_features).indices
        source = wide.get_submodule(own)
        _fit_linear(
            small.get_submodule(own), source, seen[f"{name}.{own}"], kept, _columns(chosen, len(units[0]))
        )
        kept = chosen
    _fit_linear(small.proj_out, wide.proj_out, seen[f"{name}.proj_out"], kept, to)


def _fill_prompt_encoder(wide: PromptableModel, small: PromptableModel, pairs: Tensor, kept: Tensor) -> None:
    for ours, theirs in (
        (small.shared_image_embedding, wide.shared_image_embedding),
        (small.prompt_encoder.shared_embedding, wide.prompt_encoder.shared_embedding),
    ):
        ours.positional_embedding.copy_(theirs.positional_embedding[:, pairs])
    for name, value in wide.prompt_encoder.named_parameters():
        own = small.prompt_encoder.get_parameter(name)
        axis = next((axis for axis in range(value.ndim) if value.shape[axis] != own.shape[axis]), None)
        own.copy_(value if axis is None else value.index_select(axis, kept))
    small.no_memory_embedding.copy_(wide.no_memory_embedding[..., kept])


def _fill_transformer(
    wide: PromptableModel, small: PromptableModel, seen: dict[str, Seen], kept: Tensor
) -> None:
    ours, theirs = small.mask_decoder, wide.mask_decoder
    for name in ("obj_score_token", "iou_token", "mask_tokens"):
        own = getattr(ours, name).weight
        own.copy_(getattr(theirs, name).weight[: len(own), kept])
    for name, module in ours.transformer.named_modules():
        source: Any = theirs.transformer.get_submodule(name)
        full = f"transformer.{name}"
        if isinstance(module, nn.LayerNorm):
            _fit_norm(module, seen[full], kept)
        elif hasattr(module, "q_proj"):
            _fit_attention(module, source, seen, full, kept)
        elif name.endswith("mlp"):
            _fit_layers(module, source, seen, full, kept, _columns(kept, wide.hidden_dim))


def _fill_painter(
    wide: PromptableModel, small: PromptableModel, seen: dict[str, Seen], kept: Tensor
) -> tuple[Tensor, Tensor]:
    """Upsampling, the mask's own layers and the two scores; returns the channels kept at S/8 and S/4."""
    ours, theirs = small.mask_decoder, wide.mask_decoder
    middle = seen["upscale_conv2"].given
    worth = middle.var(dim=0) * theirs.upscale_conv2.weight.square().sum(dim=(1, 2, 3))
    coarse = worth.topk(ours.upscale_conv1.out_channels).indices.sort().values
    painted = seen[f"activation {theirs.upscale_conv2.out_channels}"].made
    hyper = seen["output_hypernetworks_mlps.0.proj_out"].made
    worth = painted.var(dim=0) * hyper.square().mean(dim=0)
    fine = worth.topk(ours.upscale_conv2.out_channels).indices.sort().values
    _fit_conv(ours.upscale_conv1, theirs.upscale_conv1, seen["upscale_conv1"].given, kept, coarse)
    _fit_norm(ours.upscale_layer_norm, seen["upscale_layer_norm"], coarse)
    _fit_conv(ours.upscale_conv2, theirs.upscale_conv2, middle, coarse, fine)
    moments = (painted.T @ painted / len(painted)).double()
    square = moments[fine][:, fine]
    square += RIDGE * square.diagonal().mean() * torch.eye(len(fine), dtype=square.dtype)
    to = torch.linalg.solve(square, moments[fine]).T.float()
    name = "output_hypernetworks_mlps.0"
    _fit_layers(ours.output_hypernetworks_mlps[0], theirs.output_hypernetworks_mlps[0], seen, name, kept, to)
    for name in ("iou_prediction_head", "pred_obj_score_head"):
        source = getattr(theirs, name)
        first = torch.eye(source.proj_out.out_features)[:, :1]
        _fit_layers(getattr(ours, name), source, seen, name, kept, first)
    return coarse, fine


def _fit_conv(small: Any, wide: Any, given: Tensor, kept: Tensor, to: Tensor) -> None:
    """A transposed convolution whose kernel is its stride: one linear layer for each of its pixels."""
    for row in range(2):
        for column in range(2):
            whole = wide.weight[:, to, row, column].T
            weight, _ = _fit(given[:, kept], given @ whole.T + wide.bias[to], whole[:, kept])
            small.weight[:, :, row, column] = weight.T
    small.bias.copy_(wide.bias[to])


def _fill_neck(
    wide: PromptableModel, small: PromptableModel, kept: Tensor, coarse: Tensor, fine: Tensor
) -> None:
    """The neck's rows; and at S/4 and S/8 what makes of them the same maps as before, where their rank
    allows.
    """
    ours, theirs = small.vision_encoder.neck.convs, wide.vision_encoder.neck.convs
    for own, other in zip(ours, theirs, strict=True):
        own.weight.copy_(other.weight[kept])
        own.bias.copy_(other.bias[kept])
    for name, level, chosen in (("conv_s0", 3, fine), ("conv_s1", 2, coarse)):
        end, source = getattr(small.mask_decoder, name), getattr(wide.mask_decoder, name)
        first = theirs[level]
        matrix = source.weight.flatten(1)[chosen]
        offset = matrix @ first.bias + source.bias[chosen]
        own = ours[level].weight.flatten(1)
        weight = matrix @ first.weight.flatten(1) @ torch.linalg.pinv(own)
        end.weight.copy_(weight[:, :, None, None])
        end.bias.copy_(offset - weight @ ours[level].bias)
