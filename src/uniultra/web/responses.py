"""What the server answers with, from what it holds and found."""

from __future__ import annotations

import base64
from typing import Any

from fastapi import Response

from uniultra.text import said_in
from uniultra.web.held_images import HeldImage
from uniultra.web.messages import Found
from uniultra.web.schemas import ImageOut, MaskOut, ModelOut, RleOut, SaidOut, ScaleOut
from uniultra.web.service import Service


def created_image(service: Service, held: HeldImage, response: Response) -> ImageOut:
    response.headers["location"] = f"/v1/images/{held.id}"
    return image_out(service, held)


def image_out(service: Service, held: HeldImage) -> ImageOut:
    height, width = held.size_hw
    return ImageOut(
        id=held.id,
        width=width,
        height=height,
        spacing_mm_yx=spacing_of(held),
        expires_in_s=service.settings.idle_s,
    )


def said_of(*values: Any) -> dict[str, SaidOut]:
    """The codes of all sentences in an answer."""
    return {sentence: SaidOut(**said) for sentence, said in said_in(values).items()}


def spacing_of(held: HeldImage) -> list[float] | None:
    return None if held.frame.spacing_mm_yx is None else list(held.frame.spacing_mm_yx)


def model_out(service: Service) -> ModelOut:
    ready = service.model
    return ModelOut(name=ready.name, version=ready.version, input_size=ready.input_size, default=True)


def mask_out(held: HeldImage, found: Found) -> MaskOut:
    scale = found.scale
    return MaskOut(
        mask_id=held.keep(found.counts),
        rle=RleOut(size=list(held.size_hw), counts=found.counts) if found.png is None else None,
        png=None if found.png is None else base64.b64encode(found.png).decode("ascii"),
        box_xyxy=None if found.box_xyxy is None else list(found.box_xyxy),
        area_px=found.area_px,
        area_mm2=found.area_mm2,
        scale=ScaleOut(
            spacing_mm_yx=None if scale.spacing_mm_yx is None else list(scale.spacing_mm_yx),
            source=scale.source,
            reason=scale.reason,
            notes=list(scale.notes),
            said=said_of(scale.reason, *scale.notes),
        ),
        quality=found.quality,
        measures=found.measures,
        alternatives=[mask_out(held, other) for other in found.alternatives],
        notes=list(found.notes),
    )
