"""Prompts of requests as the computing processes are sent them."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from uniultra.web.held_images import HeldImage
from uniultra.web.messages import Png, PromptRequest, Rle
from uniultra.web.problems import Problem
from uniultra.web.schemas import MaskById, MaskByPng, MaskByRle, MaskIn, PromptIn


def request_of(number: int, prompt: PromptIn, image: HeldImage) -> PromptRequest:
    """The `number`th prompt of a request, with the mask that it names. Raises Problem."""
    mask = None if prompt.mask is None else held_mask(f"prompt {number}", prompt.mask, image)
    return plain_request(prompt, mask)


def plain_request(prompt: Any, mask: Rle | Png | None = None) -> PromptRequest:
    """What has a box, points and labels, as a request with its mask."""
    box = None if prompt.box is None else tuple(prompt.box)
    points = tuple(map(tuple, prompt.points))
    return PromptRequest(
        box, points, tuple(prompt.labels), mask, prompt.box_fit or "", getattr(prompt, "label", "")
    )


def held_mask(place: str, mask: MaskIn, image: HeldImage) -> Rle | Png:
    """A mask that the image keeps or the request brings along; `place` says where it is named. Raises
    Problem.
    """
    if isinstance(mask, MaskById):
        if mask.id not in image.masks:
            raise Problem(
                "prompt",
                f"{place}: the image keeps no mask with this id; the oldest are dropped: send the "
                "mask itself",
            )
        return Rle(image.masks[mask.id].counts, image.size_hw)
    return sent_mask(place, mask)


def sent_mask(place: str, mask: MaskByRle | MaskByPng) -> Rle | Png:
    """A mask that a request brings along. Raises Problem."""
    if isinstance(mask, MaskByRle):
        counts = mask.rle.counts
        return Rle(counts if isinstance(counts, str) else tuple(counts), (mask.rle.size[0], mask.rle.size[1]))
    try:
        return Png(base64.b64decode(mask.png, validate=True))
    except binascii.Error:
        raise Problem("prompt", f"{place}: the mask is not base64; encode the bytes of a PNG file") from None
