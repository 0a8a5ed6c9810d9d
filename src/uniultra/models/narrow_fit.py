"""How `models.narrow` fits the layers of a narrower decoder to what went through the wide one: least squares.

Every function that is given `kept` reads these channels of a wide layer's input.
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


def watch(model: PromptableModel, images: Tensor, prompt: Prompt) -> dict[str, Seen]:
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


def fit_linear(
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


def columns(kept: Tensor, width: int) -> Tensor:
    """The matrix (width, kept) that chooses columns."""
    return torch.eye(width)[:, kept]


def fit_norm(small: Any, seen: Seen, kept: Tensor) -> None:
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


def fit_attention(small: Any, wide: Any, seen: dict[str, Seen], name: str, kept: Tensor) -> None:
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
        fit_linear(layer, source, seen[f"{name}.{part}_proj"], kept, to[part])
    small.o_proj.weight.copy_(out)
    small.o_proj.bias.copy_(bias)


def fit_layers(small: Any, wide: Any, seen: dict[str, Seen], name: str, kept: Tensor, to: Tensor) -> None:
    """A multilayer perceptron: hidden units that are worth most, and `to` (out, out') on its end."""
    names = ["proj_in", *(f"layers.{index}" for index in range(len(wide.layers))), "proj_out"]
    for own, following in pairwise(names):
        units = seen[f"{name}.{following}"].given
        worth = units.var(dim=0) * wide.get_submodule(following).weight.square().sum(dim=0)
        chosen = worth.topk(small.get_submodule(own).out_features).indices
        source = wide.get_submodule(own)
        fit_linear(
            small.get_submodule(own), source, seen[f"{name}.{own}"], kept, columns(chosen, len(units[0]))
        )
        kept = chosen
    fit_linear(small.proj_out, wide.proj_out, seen[f"{name}.proj_out"], kept, to)


def fit_conv(small: Any, wide: Any, given: Tensor, kept: Tensor, to: Tensor) -> None:
    """A transposed convolution whose kernel is its stride: one linear layer for each of its pixels."""
    for row in range(2):
        for column in range(2):
            whole = wide.weight[:, to, row, column].T
            weight, _ = _fit(given[:, kept], given @ whole.T + wide.bias[to], whole[:, kept])
            small.weight[:, :, row, column] = weight.T
    small.bias.copy_(wide.bias[to])
