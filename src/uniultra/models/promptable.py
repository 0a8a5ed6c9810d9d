"""SAM 2 as two pure functions, `encode` and `decode`: what training, the torch engine and the ONNX export all
call.

The box is also told to the decoder as a soft ellipse in the place of a previous mask (`box_prior`): an
ellipse in the box is a strong first guess in ultrasound, and the decoder then learns what the image says
beyond it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize
from transformers import AutoConfig, AutoModel
from transformers.models.sam2.configuration_sam2 import Sam2Config
from transformers.models.sam2.modeling_sam2 import Sam2Model

from uniultra.box_fit import CORNER_LABELS
from uniultra.models import backbone, convnet  # noqa: F401  (transformers then knows the encoders that a config names)
from uniultra.named import FIRST_LABEL, NAME_POINTS, further_names

PIXEL_MEAN = (0.485, 0.456, 0.406)
PIXEL_STD = (0.229, 0.224, 0.225)
MASK_LOGIT_LIMIT = 8.0
"""Mask prompts are clipped to +- this, so that a certain previous answer can still be corrected."""

POINT_TABLE = "prompt_encoder.point_embed.weight"
PLAIN_KINDS = 4
"""Kinds of points that SAM 2 tells apart: negative, positive, and a box's two corners."""
NAME_NOISE = 0.02
"""Deviation by which a new name's points differ from padding, so that they can learn different things."""

Features = tuple[Tensor, Tensor, Tensor]
"""What `PromptableModel.encode` gives."""


class PromptableConfig(Sam2Config):
    """SAM 2's configuration, and what is ours.

    Attributes:
        box_prior: a box brings its ellipse as the mask prompt.
        focus_stretch: the shape of the focused views that the model was trained on; see
            `geometry.region_around`.
        structures: the names of structures that the network has learned, in the order of their labels; see
            `named`.
    """

    model_type = "uniultra"
    box_prior: bool = False
    focus_stretch: float = 1.0
    structures: list[str] | None = None


class PromptableModel(Sam2Model):
    """SAM 2 for still images: `encode` an input once, `decode` any prompts on it."""

    config_class = PromptableConfig
    supports_gradient_checkpointing = True  # Hiera's blocks can; transformers only doesn't say so for SAM 2

    @property
    def input_size(self) -> int:
        """The side of the square input in pixels."""
        return int(self.config.prompt_encoder_config.image_size)

    @property
    def focus_stretch(self) -> float:
        """How much longer than wide a focused view may be."""
        return float(self.config.focus_stretch)

    @property
    def box_fits(self) -> bool:
        """Whether it knows tight and loose boxes from those of which nothing is said."""
        return int(self.config.prompt_encoder_config.num_point_embeddings) > PLAIN_KINDS

    @property
    def structures(self) -> tuple[str, ...]:
        """The names that a prompt may be told by."""
        return tuple(self.config.structures or ())

    def encode(self, images: Tensor) -> Features:
        """Grey images (B, S, S), 0 to 255, to image_embed (B, D, S/16, S/16) and the two high-resolution
        maps; D is the decoder's width, 256 in SAM 2.

        Returns:
            image_embed, high_res_feats_0 (B, D/8, S/4, S/4), high_res_feats_1 (B, D/4, S/8, S/8).
        """
        return self.from_stages(self.stages(images))

    def from_stages(self, stages: tuple[Tensor, ...]) -> Features:
        """What `encode` gives, of what `stages` gave."""
        fine, middle, coarse, coarsest = stages
        from_coarsest, from_coarse, from_middle, from_fine = self.vision_encoder.neck.convs
        embed = from_coarse(coarse) + F.interpolate(from_coarsest(coarsest), scale_factor=2.0, mode="nearest")
        embed = embed + self.no_memory_embedding.view(1, -1, 1, 1)
        return (
            embed,
            _in_one(from_fine, self.mask_decoder.conv_s0, fine),
            _in_one(from_middle, self.mask_decoder.conv_s1, middle),
        )

    def stages(self, images: Tensor) -> tuple[Tensor, ...]:
        """The backbone's four maps of grey images (B, S, S), 0 to 255: (B, D, S/4, S/4) to (B, 8 D, S/32,
        S/32).
        """
        mean = torch.tensor(PIXEL_MEAN, device=images.device).view(1, 3, 1, 1)
        std = torch.tensor(PIXEL_STD, device=images.device).view(1, 3, 1, 1)
        pixels = (images.float().unsqueeze(1) / 255.0 - mean) / std
        return tuple(
            stage.permute(0, 3, 1, 2)
            for stage in self.vision_encoder.backbone(pixels).intermediate_hidden_states
        )

    def decode(
        self, features: Features, points: Tensor, labels: Tensor, masks: Tensor, has_mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Prompts on encoded images to mask logits.

        Args:
            features: what `encode` gave, batch P, or batch 1 for all prompts.
            points: (P, N, 2) model pixels, 0 at the centre of the first.
            labels: (P, N) int; 1 positive, 0 negative, 2 and 3 box corners, -1 padding; with `box_fits` also
                4 and 5 corners of a box that is known to be tight, 6 and 7 of one known to be loose; from
                `named.FIRST_LABEL` on the points that tell a structure's name, which lie at 0,0.
            masks: (P, 1, S/4, S/4) logits of a previous mask; ignored where has_mask is 0.
            has_mask: (P,) 1 or 0.

        Returns:
            logits (P, S/4, S/4), quality (P,) as predicted IoU, object score logits (P,).
        """
        embed, fine, middle = (f.expand(points.shape[0], -1, -1, -1) for f in features)
        sparse = self.prompt_encoder._embed_points(points.unsqueeze(1), labels.unsqueeze(1), pad=True)
        position = self.get_image_wide_positional_embeddings().expand(points.shape[0], -1, -1, -1)
        logits, quality, _, score = self.mask_decoder(
            image_embeddings=embed,
            image_positional_embeddings=position,
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=self._dense_prompt(points, labels, masks, has_mask),
            multimask_output=False,
            high_resolution_features=[fine, middle],
        )
        return logits[:, 0, 0], quality[:, 0, 0], score[:, 0, 0]

    def mask_prompt(
        self, points: Tensor, labels: Tensor, masks: Tensor, has_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The mask prompt's logits (P, 1, S/4, S/4), the previous mask, else the box's ellipse; and whether
        there is either, bool (P, 1, 1, 1).
        """
        given = has_mask.to(masks.dtype).view(-1, 1, 1, 1) > 0
        masks = masks.clamp(-MASK_LOGIT_LIMIT, MASK_LOGIT_LIMIT)
        if not self.config.box_prior:
            return masks, given
        has_box = (corners(labels, 0).any(dim=1) & corners(labels, 1).any(dim=1)).view(-1, 1, 1, 1)
        ellipse = box_ellipse(points, labels, masks.shape[-1], self.input_size)
        return torch.where(given, masks, ellipse), given | has_box

    def _dense_prompt(self, points: Tensor, labels: Tensor, masks: Tensor, has_mask: Tensor) -> Tensor:
        """The mask prompt's embedding (P, D, S/16, S/16), or "no mask"."""
        masks, given = self.mask_prompt(points, labels, masks, has_mask)
        without = self.prompt_encoder.no_mask_embed.weight.view(1, -1, 1, 1)
        return torch.where(given, self.prompt_encoder.mask_embed(masks), without)


def corners(labels: Tensor, which: int) -> Tensor:
    """Where labels (P, N) are those of a box's first (0) or last corner (1), whatever its fit; bool
    (P, N).
    """
    plain, tight, loose = (pair[which] for pair in CORNER_LABELS.values())
    return (labels == plain) | (labels == tight) | (labels == loose)


def box_ellipse(points: Tensor, labels: Tensor, grid: int, input_size: int) -> Tensor:
    """The ellipse in each prompt's box as soft logits (P, 1, grid, grid): 0 on its rim, +limit inside, -limit
    outside.

    Args:
        points: (P, N, 2) model pixels; the box's corners carry labels 2 and 3, or those of its fit.
        labels: (P, N).
        grid: side of the mask prompt.
        input_size: side of the model's input in pixels.
    """
    first = (points * corners(labels, 0).unsqueeze(-1)).sum(dim=1)
    last = (points * corners(labels, 1).unsqueeze(-1)).sum(dim=1)
    centre, half = (first + last) / 2, ((last - first) / 2).clamp(min=1.0)
    step = input_size / grid
    cells = (torch.arange(grid, device=points.device, dtype=points.dtype) + 0.5) * step - 0.5
    across = ((cells.unsqueeze(0) - centre[:, :1]) / half[:, :1]).square()
    down = ((cells.unsqueeze(0) - centre[:, 1:]) / half[:, 1:]).square()
    inside = 1.0 - across.unsqueeze(1) - down.unsqueeze(2)
    return (MASK_LOGIT_LIMIT * inside).clamp(-MASK_LOGIT_LIMIT, MASK_LOGIT_LIMIT).unsqueeze(1)


def with_box_fits(model: PromptableModel) -> PromptableModel:
    """The same network and function, which can learn what a tight and a loose box are: their corners begin as
    those of any box. `model` itself where it knows already.
    """
    if model.box_fits:
        return model
    table = with_fits(model.prompt_encoder.point_embed.weight.detach())
    model.prompt_encoder.point_embed = nn.Embedding.from_pretrained(table, freeze=False)
    model.config.prompt_encoder_config.num_point_embeddings = len(table)
    return model


def with_fits(table: Tensor) -> Tensor:
    """The kinds of points (4, D) with tight and loose corners, which are as any: (8, D)."""
    return torch.cat([table, table[2:], table[2:]])


def with_structures(model: PromptableModel, names: Sequence[str]) -> PromptableModel:
    """The same network, which can learn further structures' names: their points begin nearly as padding does.
    What is told by no name stays as it was.
    """
    new = further_names(names, model.structures)
    if not new:
        return model
    model = with_box_fits(model)
    encoder = model.prompt_encoder
    table = encoder.point_embed.weight.detach()
    with torch.no_grad():
        corner = torch.full((1, 1, 1, 2), 0.5, device=table.device)  # where a point at 0,0 lies for SAM 2
        place = encoder.shared_embedding(corner, (model.input_size, model.input_size)).flatten()
        padding = encoder.not_a_point_embed.weight - place
    noise = NAME_NOISE * torch.randn(NAME_POINTS * len(new), table.shape[1], device=table.device)
    table = torch.cat([table, padding + noise])
    encoder.point_embed = nn.Embedding.from_pretrained(table, freeze=False)
    model.config.prompt_encoder_config.num_point_embeddings = len(table)
    model.config.structures = [*model.structures, *new]
    return model


@contextmanager
def hurried_names(model: PromptableModel, factor: float) -> Iterator[None]:
    """Within this, an optimizer whose steps don't depend on the gradient's size, as Adam's, moves the names'
    points so many times as far as other weights: they are stored divided by `factor`. A model without names
    stays as it is.
    """
    if not model.structures:
        yield
        return
    embed = model.prompt_encoder.point_embed
    rows = torch.ones(embed.num_embeddings, 1)
    rows[FIRST_LABEL:] = factor
    parametrize.register_parametrization(embed, "weight", _Times(rows))
    try:
        yield
    finally:
        parametrize.remove_parametrizations(embed, "weight")


class _Times(nn.Module):
    """Rows as they are used: those stored, times a factor each (N, 1)."""

    def __init__(self, factors: Tensor) -> None:
        super().__init__()
        self.factors: Tensor
        self.register_buffer("factors", factors, persistent=False)

    def forward(self, stored: Tensor) -> Tensor:
        return stored * self.factors

    def right_inverse(self, used: Tensor) -> Tensor:
        return used / self.factors


def _in_one(first: nn.Conv2d, second: nn.Conv2d, maps: Tensor) -> Tensor:
    """second(first(maps)) for two 1x1 convolutions, multiplied together before they are applied.

    The neck widens the two fine levels to 256 channels only for the decoder to narrow them again; at S/4 that
    detour costs the mini more than all its blocks together.
    """
    weight, bias = joined(first, second)
    return F.conv2d(maps, weight[:, :, None, None], bias)


def joined(first: nn.Conv2d, second: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """Weight (D, C) and bias (D,) of two 1x1 convolutions, one after the other."""
    assert first.bias is not None and second.bias is not None
    outer = second.weight.flatten(1)
    return outer @ first.weight.flatten(1), outer @ first.bias + second.bias


AutoConfig.register(PromptableConfig.model_type, PromptableConfig)
AutoModel.register(PromptableConfig, PromptableModel)
