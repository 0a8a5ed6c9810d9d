"""Prompts as the arrays that an engine decodes, and which of them may be decoded in one batch; the boxes that
they span.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from uniultra.geometry import ModelMap, clip_box, field_side, inscribed_centre, prompt_points
from uniultra.named import labels_of_name
from uniultra.pixel_scale import Box
from uniultra.types import POSITIVE, Prompt, mask_box

MASK_LOGIT = 6.0
"""A previous mask becomes logits of +- this."""


def alike(prompts: Sequence[Prompt], structures: Sequence[str] = ()) -> Iterable[list[int]]:
    """The places of the prompts that have equally many points; a box has two, a name that is one of the
    model's `structures` has `NAME_POINTS`, and none at all is one of padding.
    """
    places: dict[int, list[int]] = {}
    for place, prompt in enumerate(prompts):
        count = len(prompt.points_xy) + 2 * (prompt.box_xyxy is not None)
        count += len(labels_of_name(prompt.name, structures))
        places.setdefault(max(count, 1), []).append(place)
    return places.values()


def prompt_arrays(
    prompts: Sequence[Prompt], to_model: ModelMap, box_fits: bool = False, structures: Sequence[str] = ()
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """points (P, N, 2), labels (P, N), masks (P, 1, S/4, S/4) and has_mask (P,) of prompts with N points
    each, as `Backend.decode` takes them; a prompt with none has one of padding. `box_fits` says whether the
    model tells tight and loose boxes apart, `structures` which names it has learned.
    """
    pairs = [prompt_points(prompt, to_model, box_fits, structures) for prompt in prompts]
    count = max(1, len(pairs[0][1]))
    grid = ModelMap(to_model.region, to_model.size // 4)
    points = np.zeros((len(prompts), count, 2), np.float32)
    labels = np.full((len(prompts), count), -1, np.int64)
    masks = np.zeros((len(prompts), 1, grid.size, grid.size), np.float32)
    has_mask = np.zeros(len(prompts), np.float32)
    for index, (prompt, (xy, kinds)) in enumerate(zip(prompts, pairs, strict=True)):
        points[index, : len(kinds)], labels[index, : len(kinds)] = xy, kinds
        if prompt.mask_hw is not None:
            masks[index, 0] = (2.0 * grid.sample(prompt.mask_hw.astype(np.float32)) - 1.0) * MASK_LOGIT
            has_mask[index] = 1.0
    return points, labels, masks, has_mask


def prompted_box(prompt: Prompt) -> Box:
    """A prompt's own box, its previous mask's, or what its positive clicks span."""
    box = prompt.box_xyxy
    if box is None and prompt.mask_hw is not None:
        box = mask_box(prompt.mask_hw)
    return box or click_box(prompt)


def click_box(prompt: Prompt) -> Box:
    """From the first to the last positive click, across and down; there is one where there is no box and no
    mask.
    """
    xs, ys = zip(*(point for point, label in clicks_of(prompt) if label == POSITIVE), strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def around_clicks(box_xyxy: Box, prompt: Prompt) -> Box:
    """A box, stretched to hold the positive clicks."""
    x0, y0, x1, y1 = box_xyxy
    for (x, y), label in clicks_of(prompt):
        if label == POSITIVE:
            x0, y0, x1, y1 = min(x0, x - 0.5), min(y0, y - 0.5), max(x1, x + 0.5), max(y1, y + 0.5)
    return x0, y0, x1, y1


def clicks_of(prompt: Prompt) -> list[tuple[tuple[float, float], int]]:
    """Each click with its label."""
    return list(zip(prompt.points_xy, prompt.point_labels, strict=True))


def found_box(mask_hw: np.ndarray, prompt: Prompt) -> Box:
    """The box of an answer, stretched to hold the clicks; where it found nothing, a twelfth of the frame
    around what was prompted.
    """
    box, frame_hw = mask_box(mask_hw), (mask_hw.shape[0], mask_hw.shape[1])
    if box is None:
        side = field_side(frame_hw) / 24
        x0, y0, x1, y1 = prompted_box(prompt)
        box = (x0 - side, y0 - side, x1 + side, y1 + side)
    return clip_box(around_clicks(box, prompt), frame_hw)


def known_box(prompt: Prompt, frame_hw: tuple[int, int]) -> Box | None:
    """A prompt's own box, clipped to the frame, or its previous mask's, stretched to hold the clicks; None
    where it has neither.
    """
    if prompt.box_xyxy is not None:
        return clip_box(prompt.box_xyxy, frame_hw)
    box = None if prompt.mask_hw is None else mask_box(prompt.mask_hw)
    return None if box is None else around_clicks(box, prompt)


def pointing(prompt: Prompt) -> Prompt:
    """The prompt as the model knows it: with a mask there is always a box or a positive click; where there is
    none, one is put into the mask's depth, away from the negative clicks. (A box in its place does worse:
    docs/LOG.md.)
    """
    if prompt.mask_hw is None or prompt.box_xyxy is not None or POSITIVE in prompt.point_labels:
        return prompt
    inside = prompt.mask_hw.copy()
    for (x, y), _ in clicks_of(prompt):
        inside[min(round(y), inside.shape[0] - 1), min(round(x), inside.shape[1] - 1)] = False
    if not inside.any():
        return prompt
    return replace(
        prompt,
        points_xy=(*prompt.points_xy, inscribed_centre(inside)),
        point_labels=(*prompt.point_labels, POSITIVE),
    )
