"""A narrower decoder that starts near a wide one: channels are chosen, and each layer is fitted, in closed
form, to what the wide one does on real prompts.

Structured pruning with least-squares reconstruction (He et al. 2017, "Channel pruning for accelerating very
deep neural networks", section 3.1): a layer that loses inputs makes up for them from those that it keeps. A
head of attention keeps the directions of its queries and keys, and of its values, by which its scores and
answers lose least. The image encoder is copied. What comes out is a start for distilling, not a model to be
used.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from uniultra.errors import ModelError
from uniultra.models.narrow_fit import (
    RIDGE,
    Prompt,
    Seen,
    columns,
    fit_attention,
    fit_conv,
    fit_layers,
    fit_norm,
    watch,
)
from uniultra.models.promptable import PromptableModel


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
    seen = watch(wide, images, prompt)
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
            fit_norm(module, seen[full], kept)
        elif hasattr(module, "q_proj"):
            fit_attention(module, source, seen, full, kept)
        elif name.endswith("mlp"):
            fit_layers(module, source, seen, full, kept, columns(kept, wide.hidden_dim))


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
    fit_conv(ours.upscale_conv1, theirs.upscale_conv1, seen["upscale_conv1"].given, kept, coarse)
    fit_norm(ours.upscale_layer_norm, seen["upscale_layer_norm"], coarse)
    fit_conv(ours.upscale_conv2, theirs.upscale_conv2, middle, coarse, fine)
    moments = (painted.T @ painted / len(painted)).double()
    square = moments[fine][:, fine]
    square += RIDGE * square.diagonal().mean() * torch.eye(len(fine), dtype=square.dtype)
    to = torch.linalg.solve(square, moments[fine]).T.float()
    name = "output_hypernetworks_mlps.0"
    fit_layers(ours.output_hypernetworks_mlps[0], theirs.output_hypernetworks_mlps[0], seen, name, kept, to)
    for name in ("iou_prediction_head", "pred_obj_score_head"):
        source = getattr(theirs, name)
        first = torch.eye(source.proj_out.out_features)[:, :1]
        fit_layers(getattr(ours, name), source, seen, name, kept, first)
    return coarse, fine


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
