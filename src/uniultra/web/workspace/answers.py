"""What jobs say in the package's own values, and back: prompts, masks, regions, volumes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from uniultra.errors import DataError, PromptError
from uniultra.geometry import scale_of, whole
from uniultra.io.coco import compressed, mask_of, run_lengths
from uniultra.measure.agreement import dice
from uniultra.measure.drawn_caliper import DrawnCaliper
from uniultra.measure.ejection import ejection as fraction_of
from uniultra.measure.measured import measure_mask, number
from uniultra.measure.volume import View, Volume, apart_notes, ellipsoid, simpson, turned_notes
from uniultra.model_facts import ModelFacts
from uniultra.pixel_scale import UNKNOWN
from uniultra.prompt_checks import contradictions, unheard
from uniultra.results import ObjectResult, TrackStatus, with_masks_notes
from uniultra.text import Said
from uniultra.types import Embedding, Frame, Mask, Prompt, Region
from uniultra.web.messages import PromptRequest, Rle
from uniultra.web.worker_prompts import prompt_with
from uniultra.web.workspace.jobs import (
    Compared,
    Encoded,
    Pointed,
    SavedCaliper,
    SavedFrame,
    SavedObject,
    Tabulate,
)

JPEG_QUALITY = 90
DRAWN_LOGIT = 10.0
"""Logits of a mask that comes back from a page, which has none of its own."""


def picture_of(pixels: np.ndarray, exact: bool) -> Encoded:
    """uint8 grey (H, W) or RGB (H, W, 3) as PNG where `exact`, else as JPEG."""
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    name, options = ".jpg", [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    if exact:
        name, options = ".png", [cv2.IMWRITE_PNG_COMPRESSION, 1]
    done, data = cv2.imencode(name, pixels, options)
    assert done, f"no {name} for {pixels.shape}"
    return Encoded(data.tobytes(), "image/png" if exact else "image/jpeg")


def pointed(mask: Mask, region: Region | None, prompt: Prompt, facts: ModelFacts) -> Pointed:
    result = ObjectResult(1, mask, prompt)
    return Pointed(
        counts=compressed(run_lengths(mask.mask_hw)),
        box_xyxy=mask.box_xyxy,
        area_px=result.area_px,
        area_mm2=result.area_mm2,
        quality=round(mask.quality, 4),
        reason=mask.scale.reason,
        region=None if region is None else (region.x0, region.y0, region.x1, region.y1),
        size_hw=(mask.mask_hw.shape[0], mask.mask_hw.shape[1]),
        notes=with_masks_notes((*unheard([prompt], facts), *contradictions(prompt)), [mask]),
    )


def prompt_of(requested: PromptRequest, frame_hw: tuple[int, int]) -> Prompt:
    """The checked prompt of a request. Raises PromptError."""
    previous = mask_from(requested.mask, frame_hw) if isinstance(requested.mask, Rle) else None
    if previous is not None and not previous.any():
        previous = None
    return prompt_with(requested, previous, frame_hw)


def mask_from(rle: Rle, frame_hw: tuple[int, int]) -> np.ndarray:
    """The bool mask (H, W) of run lengths.

    Raises PromptError where they aren't those of a frame of this size.
    """
    if rle.size_hw != frame_hw:
        raise PromptError(
            f"the mask is {rle.size_hw[1]}x{rle.size_hw[0]} pixels; it must have the frame's size, "
            f"{frame_hw[1]}x{frame_hw[0]}"
        )
    return mask_of(rle.counts, frame_hw)


def drawn_result(saved: SavedObject, frame: Frame) -> ObjectResult:
    """What a page sends back, as a result."""
    frame_hw = frame.height, frame.width
    inside = mask_from(saved.mask, frame_hw)
    prompt = None if saved.prompt is None else prompt_of(saved.prompt, frame_hw)
    logits = np.where(inside, DRAWN_LOGIT, -DRAWN_LOGIT).astype(np.float32)
    scale = scale_of(frame.calibration, inside, prompt)
    mask = Mask(inside, logits, saved.quality, scale)
    return ObjectResult(
        saved.number,
        mask,
        prompt,
        name=saved.name,
        status=saved.status,
        colour_rgb=saved.colour_rgb,
        by_hand=saved.by_hand,
    )


def empty_result(
    number: int,
    name: str,
    frame_hw: tuple[int, int],
    colour_rgb: tuple[int, int, int] | None,
    status: TrackStatus | None = None,
) -> ObjectResult:
    """A structure that a frame doesn't have."""
    inside = np.zeros(frame_hw, np.bool_)
    nothing = Mask(inside, inside.astype(np.float32) - 1, 0.0)
    return ObjectResult(number, nothing, name=name, status=status, colour_rgb=colour_rgb, models=())


def drawn_caliper(saved: SavedCaliper, frame: Frame) -> DrawnCaliper:
    """What a person measured on a frame, by the scale that holds there."""
    (ax, ay), (bx, by) = saved.ends_xy
    scale = frame.calibration.at((min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)))
    return DrawnCaliper(saved.number, saved.ends_xy, scale)


def with_calipers(job: Tabulate) -> list[SavedFrame]:
    """The frames of an export in their order, those with calipers alone among them."""
    frames = {saved.number: saved for saved in job.frames}
    measured = {caliper.frame for caliper in job.calipers}
    return [frames.get(number) or SavedFrame(number, ()) for number in sorted({*frames, *measured})]


def compared(frame: Frame, first_hw: np.ndarray, second_hw: np.ndarray) -> Compared:
    """How far two masks of a frame agree, by the scale that holds for both."""
    scale = scale_of(frame.calibration, first_hw | second_hw)
    down, right = scale.spacing_mm_yx or (1.0, 1.0)
    shapes = [measure_mask(mask, scale).shape for mask in (first_hw, second_hw)]
    first, second = (0.0 if shape is None else shape.long_diameter.length.value for shape in shapes)
    areas = float(first_hw.sum()) * down * right, float(second_hw.sum()) * down * right
    unit = "px" if scale.spacing_mm_yx is None else "mm"
    return Compared(dice(first_hw, second_hw), areas, (first, second), unit)


def reduced(seen: Embedding, prompt: Prompt, side: int) -> tuple[Embedding, Prompt]:
    """A whole frame's embedding and a prompt of clicks, as of a frame of at most `side` pixels a side: the
    answer is worked out on so many pixels alone.
    """
    height, width = seen.frame_hw
    by = min(1.0, side / max(height, width))
    small = max(1, round(height * by)), max(1, round(width * by))
    across, down = small[1] / width, small[0] / height
    points = tuple(((x + 0.5) * across - 0.5, (y + 0.5) * down - 0.5) for x, y in prompt.points_xy)
    return (
        replace(seen, region=whole(small), frame_hw=small, calibration=UNKNOWN),
        replace(prompt, points_xy=points),
    )


def region_of(edges: tuple[float, float, float, float], frame_hw: tuple[int, int]) -> Region:
    """The crop that a page names. Raises PromptError where no answer can have named it."""
    x0, y0, x1, y1 = edges
    least, most = 1.0, 20.0 * max(frame_hw)
    if not (least <= x1 - x0 <= most and least <= y1 - y0 <= most) or max(map(abs, edges)) > most:
        given = ",".join(f"{v:g}" for v in edges)
        raise PromptError(f"region {given} is not one that an answer named; send it as it was given, or null")
    return Region(x0, y0, x1, y1)


def nameless(error: Exception, path: Path) -> str:
    """A message without the folders of the file: the page knows it by its name."""
    message = str(error)
    if isinstance(message, Said) and str(path.parent) not in message:
        return message
    return message.replace(str(path), path.name).replace(str(path.parent) + "/", "")


def ejection(
    diastole: ObjectResult,
    systole: ObjectResult,
    frames: tuple[int, int],
    times_s: tuple[float, float] | tuple[None, None],
) -> dict[str, Any]:
    """Single-plane Simpson's volumes (None for a `reason`), the ejection fraction and the fractional area
    change, of two frames of a cine. Raises DataError.
    """
    found = fraction_of(*((View(one.mask.mask_hw, one.scale),) for one in (diastole, systole)))
    assert found.area_change is not None, "of one view"
    end, start = found.volumes_json
    doubts = (*apart_notes(*frames, *times_s), *turned_notes(found.diastole, found.systole))
    return {
        "diastole": end,
        "systole": start,
        "fraction": number(found.fraction),
        "area_change": number(found.area_change),
        "method": found.diastole.method,
        "reason": found.reason,
        "notes": list(dict.fromkeys((*found.notes, *doubts))),
    }


def two_planes(first: ObjectResult, second: ObjectResult) -> dict[str, Any]:
    """The volume by both methods for two planes that cross along the long axis: each number, method and
    notes, or the reason why there is none, `problem`.
    """
    views = tuple(View(one.mask.mask_hw, one.scale) for one in (first, second))
    return {
        "ellipsoid": _or_reason(lambda: ellipsoid(first.measured, second.measured)),
        "simpson": _or_reason(lambda: simpson(views)),
    }


def _or_reason(volume: Callable[[], Volume]) -> dict[str, Any]:
    try:
        found = volume()
    except DataError as error:
        return {"problem": str(error)}
    return {"volume": number(found.volume), "method": found.method, "notes": list(found.notes)}
