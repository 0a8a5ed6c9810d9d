"""SAM's decoder in fewer steps, for tracing: the decoder's half of `fuse`.

- Attention between some ten prompt tokens and hundreds of image tokens never projects the image: q . (W k) =
  (W' q) . k, so each head's matrix is applied to the prompts' side. That is less arithmetic up to about 16
  tokens, and needs no transposing.
- Image and masks lie as tokens in nested order (`token_order`), in which a 2x2 convolution of stride 2, or
  its transpose, is one matrix product.
- Of the four masks that the network could give only the first is made.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from uniultra.export.window_order import gelu, token_order
from uniultra.models.promptable import PromptableModel


class FusedDecoder(nn.Module):
    """`PromptableModel.decode`, for features of batch 1."""

    middle_order: Tensor
    fine_order: Tensor
    fine_back: Tensor

    def __init__(self, model: PromptableModel) -> None:
        super().__init__()
        self.model = model
        self.grid = model.input_size // 16
        for name, sides in (("middle_order", (2, 2 * self.grid)), ("fine_order", (2, 4, 4 * self.grid))):
            self.register_buffer(name, token_order(sides), persistent=False)
        self.register_buffer("fine_back", torch.argsort(token_order((2, 4, 4 * self.grid))), persistent=False)

    def forward(
        self,
        features: tuple[Tensor, Tensor, Tensor],
        points: Tensor,
        labels: Tensor,
        masks: Tensor,
        has_mask: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        embed, fine, middle = (maps.flatten(2).transpose(1, 2) for maps in features)
        decoder = self.model.mask_decoder
        sparse = self.model.prompt_encoder._embed_points(
            points.unsqueeze(1), labels.unsqueeze(1), pad=True
        ).squeeze(1)
        output = torch.cat(
            [decoder.obj_score_token.weight, decoder.iou_token.weight, decoder.mask_tokens.weight]
        )
        prompts = torch.cat([output.expand(points.shape[0], -1, -1), sparse], dim=1)
        tokens, image = self._transform(prompts, embed + self._dense(points, labels, masks, has_mask))
        logits = self._paint(image, tokens[:, 2], fine, middle)
        quality, score = decoder.iou_prediction_head(tokens[:, 1]), decoder.pred_obj_score_head(tokens[:, 0])
        return logits.unflatten(1, (4 * self.grid, 4 * self.grid)), quality[:, 0], score[:, 0]

    def _dense(self, points: Tensor, labels: Tensor, masks: Tensor, has_mask: Tensor) -> Tensor:
        """`PromptableModel._dense_prompt` as tokens, (P, T, D)."""
        masks, given = self.model.mask_prompt(points, labels, masks, has_mask)
        layers = self.model.prompt_encoder.mask_embed
        nested = masks.flatten(1).index_select(1, self.fine_order).view(-1, 16 * self.grid**2 // 4, 4)
        narrow = gelu(_norm(layers.layer_norm1, nested @ _columns(layers.conv1) + layers.conv1.bias))
        narrow = narrow.view(-1, self.grid**2, 4 * narrow.shape[2])
        narrow = gelu(_norm(layers.layer_norm2, narrow @ _columns(layers.conv2) + layers.conv2.bias))
        wide = narrow @ _columns(layers.conv3) + layers.conv3.bias
        return torch.where(
            given.flatten(1).unsqueeze(2), wide, self.model.prompt_encoder.no_mask_embed.weight
        )

    def _transform(self, prompts: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        """The two-way transformer: prompts (P, N, D) and image (P, T, D) to the same."""
        transformer = self.model.mask_decoder.transformer
        place = self.model.get_image_wide_positional_embeddings().flatten(2).transpose(1, 2)
        tokens = prompts
        for layer in transformer.layers:
            querying = tokens if layer.skip_first_layer_pe else tokens + prompts
            attended = _self_attention(layer.self_attn, querying, tokens)
            tokens = _apart(layer.layer_norm1, attended if layer.skip_first_layer_pe else tokens + attended)
            placed = image + place
            tokens = _apart(
                layer.layer_norm2,
                tokens + _from_image(layer.cross_attn_token_to_image, tokens + prompts, placed, image),
            )
            tokens = _apart(layer.layer_norm3, tokens + layer.mlp(tokens))
            image = _apart(
                layer.layer_norm4,
                image + _to_image(layer.cross_attn_image_to_token, placed, tokens + prompts, tokens),
            )
        last = _from_image(transformer.final_attn_token_to_image, tokens + prompts, image + place, image)
        return _apart(transformer.layer_norm_final_attn, tokens + last), image

    def _paint(self, image: Tensor, token: Tensor, fine: Tensor, middle: Tensor) -> Tensor:
        """Image tokens (P, T, D) and the first mask's token (P, D) to logits (P, 16 T), row by row."""
        decoder = self.model.mask_decoder
        first, second = decoder.upscale_conv1, decoder.upscale_conv2
        middle, fine = middle.index_select(1, self.middle_order), fine.index_select(1, self.fine_order)
        wide = (
            torch.addmm(first.bias.repeat(4), image.flatten(0, 1), _rows(first)).view(-1, *middle.shape[1:])
            + middle
        )
        wide = gelu(_norm(decoder.upscale_layer_norm, wide))
        wide = gelu(
            torch.addmm(second.bias.repeat(4), wide.flatten(0, 1), _rows(second)).view(-1, *fine.shape[1:])
            + fine
        )
        logits = wide @ decoder.output_hypernetworks_mlps[0](token).unsqueeze(2)
        return logits.squeeze(2).index_select(1, self.fine_back)


def _self_attention(attn: Any, querying: Tensor, value: Tensor) -> Tensor:
    heads = (attn.num_attention_heads, attn.head_dim)
    query, key = (layer(querying).unflatten(2, heads).transpose(1, 2) for layer in (attn.q_proj, attn.k_proj))
    weights = torch.softmax((query * attn.scaling) @ key.transpose(2, 3), dim=-1)
    return attn.o_proj(
        (weights @ attn.v_proj(value).unflatten(2, heads).transpose(1, 2)).transpose(1, 2).flatten(2)
    )


def _from_image(attn: Any, querying: Tensor, placed: Tensor, image: Tensor) -> Tensor:
    """Prompts attend to the image: asked (P, N, D), placed and image (P, T, D), to (P, N, D)."""
    heads, count = (attn.num_attention_heads, attn.head_dim), querying.shape[1]
    query = (attn.q_proj(querying) * attn.scaling).unflatten(2, heads).transpose(
        1, 2
    ) @ attn.k_proj.weight.unflatten(0, heads)
    weights = torch.softmax(query.flatten(1, 2) @ placed.transpose(1, 2), dim=-1)
    seen = (weights @ image).unflatten(1, (heads[0], count)) @ attn.v_proj.weight.unflatten(
        0, heads
    ).transpose(1, 2)
    return seen.transpose(1, 2).flatten(2) @ attn.o_proj.weight.T + _constant(attn)


def _to_image(attn: Any, placed: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """The image attends to prompts: placed (P, T, D), keys and values (P, N, D), to (P, T, D)."""
    heads, count = (attn.num_attention_heads, attn.head_dim), keys.shape[1]
    key = ((keys @ attn.k_proj.weight.T) * attn.scaling).unflatten(2, heads).transpose(1, 2)
    value = (values @ attn.v_proj.weight.T).unflatten(2, heads).transpose(1, 2)
    key_wide = (key @ attn.q_proj.weight.unflatten(0, heads)).flatten(1, 2)
    key_bias = (key @ attn.q_proj.bias.view(heads[0], heads[1], 1)).flatten(1).unsqueeze(1)
    scores = placed @ key_wide.transpose(1, 2) + key_bias
    weights = torch.softmax(scores.unflatten(2, (heads[0], count)), dim=-1).flatten(2)
    return weights @ (value @ attn.o_proj.weight.T.unflatten(0, heads)).flatten(1, 2) + _constant(attn)


def _constant(attn: Any) -> Tensor:
    """What attention adds whatever it sees: its weights sum to 1, so the values' bias goes through. (The
    keys' has no effect.)
    """
    return attn.o_proj.bias + attn.o_proj.weight @ attn.v_proj.bias


def _apart(norm: nn.Module, tokens: Tensor) -> Tensor:
    """A norm on a sum, with a fourth axis between the two: onnxruntime would join them to one operator, which
    is much slower.
    """
    return norm(tokens.unsqueeze(1)).squeeze(1)


def _norm(layer: Any, tokens: Tensor) -> Tensor:
    """A layer norm that SAM 2 keeps for channels-first maps, on tokens."""
    return nn.functional.layer_norm(tokens, layer.normalized_shape, layer.weight, layer.bias, layer.eps)


def _columns(conv: nn.Conv2d) -> Tensor:
    """A convolution whose kernel is its stride as a matrix for nested tokens, (pixels of the kernel x inputs,
    outputs).
    """
    return conv.weight.permute(2, 3, 1, 0).flatten(0, 2)


def _rows(conv: nn.ConvTranspose2d) -> Tensor:
    """The same of a transposed convolution, (inputs, pixels of the kernel x outputs)."""
    return conv.weight.permute(0, 2, 3, 1).flatten(1)
