"""What a network may start from: one of half its width, or a published decoder of SAM 1.

`widen` makes a network of twice the width that answers exactly as the narrow one, so that a larger model has
nothing to forget. Every channel of the encoder is doubled; what reads a doubled channel takes half of each
twin (Net2Net: Chen 2016, arXiv 1511.05641, section 2.2). Layer norms see the same mean and variance;
attention has twice the heads, each with its twin.
"""

from __future__ import annotations

import re
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from uniultra.errors import ModelError
from uniultra.models.promptable import PromptableModel

TWIN_NOISE = 0.02
"""Relative noise on the doubled weights; exact twins would learn the same for ever."""


@torch.no_grad()
def widen(narrow: PromptableModel, wide: PromptableModel, noise: float = TWIN_NOISE, seed: int = 0) -> None:
    """Fills `wide` from `narrow`, in place.

    Args:
        narrow: the trained network.
        wide: of the same build, with twice the embedding and heads.
        noise: standard deviation of a relative change of each doubled weight; 0 keeps the function exactly.
        seed: of the noise.

    Raises:
        ModelError: `wide` isn't `narrow` at twice the width.
    """
    small, large = narrow.state_dict(), wide.state_dict()
    if small.keys() != large.keys():
        raise ModelError(
            "the wide model isn't the narrow one at twice the width: only one of them has "
            f"'{min(small.keys() ^ large.keys())}'"
        )
    rng = torch.Generator().manual_seed(seed)
    filled = {}
    for name, value in small.items():
        doubled = _doubled(name, value, large[name])
        if noise and doubled.shape != value.shape:
            doubled = doubled * (1.0 + noise * torch.randn(doubled.shape, generator=rng))
        filled[name] = doubled
    wide.load_state_dict(filled)


def _doubled(name: str, value: Tensor, like: Tensor) -> Tensor:
    for axis, (before, after) in enumerate(zip(value.shape, like.shape, strict=True)):
        if after == before:
            continue
        if after != 2 * before:
            raise ModelError(
                f"the wide model isn't the narrow one at twice the width: '{name}' is {tuple(value.shape)} "
                f"and {tuple(like.shape)}"
            )
        if axis == 0 and ".qkv." in name:
            value = torch.cat([part for part in value.chunk(3) for _ in range(2)])
        elif axis == 1 and "pos_embed" not in name:
            value = torch.cat([value, value], dim=1) / 2.0  # what comes in comes in twice
        else:
            value = torch.cat([value, value], dim=axis)
    return value


RENAMES = (
    (r"transformer\.norm_final_attn", "transformer.layer_norm_final_attn"),
    (r"(layers\.\d)\.norm(\d)", r"\1.layer_norm\2"),
    (r"\.out_proj\.", ".o_proj."),
    (r"\.mlp\.lin1\.", ".mlp.proj_in."),
    (r"\.mlp\.lin2\.", ".mlp.proj_out."),
    (r"output_upscaling\.0\.", "upscale_conv1."),
    (r"output_upscaling\.1\.", "upscale_layer_norm."),
    (r"output_upscaling\.3\.", "upscale_conv2."),
    (r"(output_hypernetworks_mlps\.\d|iou_prediction_head)\.layers\.0\.", r"\1.proj_in."),
    (r"(output_hypernetworks_mlps\.\d|iou_prediction_head)\.layers\.1\.", r"\1.layers.0."),
    (r"(output_hypernetworks_mlps\.\d|iou_prediction_head)\.layers\.2\.", r"\1.proj_out."),
    (r"prompt_encoder\.mask_downscaling\.0\.", "prompt_encoder.mask_embed.conv1."),
    (r"prompt_encoder\.mask_downscaling\.1\.", "prompt_encoder.mask_embed.layer_norm1."),
    (r"prompt_encoder\.mask_downscaling\.3\.", "prompt_encoder.mask_embed.conv2."),
    (r"prompt_encoder\.mask_downscaling\.4\.", "prompt_encoder.mask_embed.layer_norm2."),
    (r"prompt_encoder\.mask_downscaling\.6\.", "prompt_encoder.mask_embed.conv3."),
    (
        r"prompt_encoder\.pe_layer\.positional_encoding_gaussian_matrix",
        "prompt_encoder.shared_embedding.positional_embedding",
    ),
)
POINT_EMBEDDING = re.compile(r"prompt_encoder\.point_embeddings\.(\d)\.weight")


def load_sam1_decoder(model: nn.Module, path: str | Path) -> list[str]:
    """Copies prompt encoder and mask decoder from a SAM 1 safetensors file into a SAM 2 model; returns the
    keys that were set.

    What SAM 1 doesn't have (object score, projections of the high-resolution maps) keeps its own values.

    Raises:
        ModelError: no such file, not safetensors, or not a SAM 1 decoder of SAM 2's width.
    """
    try:
        renamed = rename_sam1(load_file(str(path)))
    except (OSError, SafetensorError) as error:
        raise ModelError(f"'{path}' can't be read as safetensors weights: {error}") from error
    own = model.state_dict()
    wrong = [key for key, value in renamed.items() if key not in own or own[key].shape != value.shape]
    if wrong or not renamed:
        found = f"'{wrong[0]}' doesn't fit" if wrong else "it has no mask decoder"
        raise ModelError(f"'{path}' is not a SAM 1 decoder that fits SAM 2's: {found}")
    model.load_state_dict(renamed, strict=False)
    return sorted(renamed)


def rename_sam1(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """SAM 1's prompt-encoder and mask-decoder tensors under transformers' SAM 2 names, float32."""
    renamed: dict[str, Tensor] = {}
    points: dict[int, Tensor] = {}
    for key, value in tensors.items():
        if not key.startswith(("prompt_encoder.", "mask_decoder.")):
            continue
        match = POINT_EMBEDDING.fullmatch(key)
        if match:
            points[int(match.group(1))] = value.float()
            continue
        for pattern, replacement in RENAMES:
            key = re.sub(pattern, replacement, key)
        renamed[key] = value.float()
    if points:
        renamed["prompt_encoder.point_embed.weight"] = torch.cat([points[i] for i in sorted(points)])
    if "prompt_encoder.shared_embedding.positional_embedding" in renamed:
        renamed["shared_image_embedding.positional_embedding"] = renamed[
            "prompt_encoder.shared_embedding.positional_embedding"
        ]
    return renamed
