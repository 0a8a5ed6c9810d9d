"""Parameter counts, by building the models; and what actually learns from still images, by a backward
pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers.models.sam2_video.configuration_sam2_video import Sam2VideoConfig
from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoModel

from uniultra.models.adapter import AdapterSpec
from uniultra.models.build import (
    ADAPTER_PARTS,
    PAPER,
    SIZES,
    DecoderSize,
    build,
    fit_windows,
    vision_config,
    with_decoder,
)
from uniultra.models.promptable import with_box_fits, with_structures


@dataclass(frozen=True)
class Count:
    """Parameters of one network.

    Attributes:
        encoder: the image encoder, adapters included.
        whole: everything, the video memory included.
        trainable: adapters, edge stem, and all that is not the image encoder, as the paper counts them.
    """

    encoder: int
    whole: int
    trainable: int

    @property
    def trainable_share(self) -> float:
        return self.trainable / self.whole


def is_trained(name: str) -> bool:
    """True for a parameter that CH-Adapter training moves: adapters and edge stem, prompt encoder, mask
    decoder, memory.
    """
    return not name.startswith("vision_encoder.") or any(part in name for part in ADAPTER_PARTS)


SIDE = 1024
"""Of the input, in pixels, at which a whole SAM 2 is counted."""


def count(size: str, adapter: AdapterSpec | None = PAPER) -> Count:
    """Counts a named size with its video memory."""
    config = Sam2VideoConfig(
        vision_config=vision_config(fit_windows(SIZES[size], SIDE), adapter, SIDE),
        prompt_encoder_config={"image_size": SIDE},
        image_size=SIDE,
    )
    with torch.device("meta"):
        model = Sam2VideoModel(config)
    sizes = {name: p.numel() for name, p in model.named_parameters()}
    return Count(
        encoder=sum(n for name, n in sizes.items() if name.startswith("vision_encoder.")),
        whole=sum(sizes.values()),
        trainable=sum(n for name, n in sizes.items() if is_trained(name)),
    )


def count_still(
    size: str,
    adapter: AdapterSpec | None = PAPER,
    decoder: DecoderSize | None = None,
    box_fits: bool = False,
    structures: Sequence[str] = (),
) -> int:
    """Parameters of the build without memory, for still images; with a smaller decoder than SAM 2's, if
    given; with labels for tight and loose boxes, if it can be told them; with the names that it has learned.
    """
    with torch.device("meta"):
        model = build(size, adapter, box_prior=decoder is not None)
        model = with_decoder(model.config, decoder) if decoder else model
        model = with_box_fits(model) if box_fits else model
        model = with_structures(model, structures)
        return sum(p.numel() for p in model.parameters())


def moved_by_stills(size: str, adapter: AdapterSpec = PAPER, image_size: int = 64) -> int:
    """Of the trainable parameters, those that one backward pass from still-image prompts gives a gradient.

    The pass runs for real, on a small square: counts don't depend on its side. It sends a box, clicks and a
    previous mask through the decoder and asks for all masks, quality and object score, so nothing that stills
    could teach is missed.
    """
    model = build(size, adapter, image_size)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(is_trained(name))
    image = torch.rand(1, 3, image_size, image_size)
    points = torch.rand(1, 1, 4, 2) * image_size
    labels = torch.tensor([[[2, 3, 1, 0]]])
    loss = torch.zeros(())
    for mask in (None, torch.rand(1, 1, image_size // 4, image_size // 4)):
        for several in (False, True):
            answer = model(image, points, labels, input_masks=mask, multimask_output=several)
            loss = (
                loss
                + answer.pred_masks.square().mean()
                + answer.iou_scores.mean()
                + answer.object_score_logits.mean()
            )
    loss.backward()
    return sum(p.numel() for p in model.parameters() if p.grad is not None and bool(p.grad.any()))
