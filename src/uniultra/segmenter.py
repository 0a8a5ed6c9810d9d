"""The front door for code: frames and prompts in, masks out.

    segmenter = Segmenter.load()
    [mask] = segmenter.segment(frame, [Prompt(box_xyxy=(40, 60, 200, 190))])

`segment` looks again where it has to: at a region around the structure, which gives a small model many more pixels an object at the
same cost. Where only clicks are given it looks twice to learn where that region is, at the whole frame and at what is near the
clicks, follows both, and answers with the one of which it is surer and which the looks agree on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from uniultra.backends.open import open_backend
from uniultra.backends.protocol import Backend
from uniultra.errors import PromptError
from uniultra.geometry import ModelMap, clip_box, inscribed_centre, prompt_points, region_around, whole
from uniultra.registry import DEFAULT
from uniultra.types import POSITIVE, Embedding, Frame, Mask, Prompt, Region, mask_box

FOCUS_SCALE = 1.6
"""Longer side of the focused region over the longer side of the box."""
CLICK_LOOKS = 2
"""Focused looks after the first one where only clicks are given; each centres on what the last one found."""
CLOSER = 0.4
"""Side of the closer one of two first looks at clicks, over the frame's longer side. Chosen on val: docs/LOG.md."""
SPECK = 0.05
"""Parts of an answer below this share of its largest part are dropped."""
MASK_LOGIT = 6.0
"""A previous mask becomes logits of +- this."""
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Segmenter:
    """Segments what prompts point at. Holds the model and nothing else; safe to share between threads."""

    backend: Backend

    @classmethod
    def load(cls, model: str | Path = DEFAULT, threads: int | None = None) -> Segmenter:
        """A published model by name, or a model folder; see `backends.open.open_backend` for arguments and errors."""
        return cls(open_backend(model, threads))

    @property
    def name(self) -> str:
        return self.backend.name

    @property
    def version(self) -> str:
        return self.backend.version

    def encode(self, frame: Frame, region: Region | None = None) -> Embedding:
        """Encodes one region of a frame (default: all of it); serves any number of prompts."""
        region = region or whole((frame.height, frame.width))
        view = ModelMap(region, self.backend.input_size).sample(frame.pixels_hw)
        return Embedding(self.backend.encode(view[None]), region, (frame.height, frame.width), frame.spacing_mm_yx)

    def decode(self, embedding: Embedding, prompts: Sequence[Prompt]) -> list[Mask]:
        """One mask a prompt, in order, decoded in one batch. The answer is background outside the embedding's region.

        Raises:
            PromptError: a prompt lies outside the frame, or its previous mask has another size.
        """
        if not prompts:
            return []
        for prompt in prompts:
            check_prompt(prompt, embedding.frame_hw)
        to_model = ModelMap(embedding.region, self.backend.input_size)
        logits, quality = self.backend.decode(embedding.features, *_prompt_arrays(prompts, to_model))
        return [
            _mask(to_model.paste_logits(grid, embedding.frame_hw), float(score), embedding.spacing_mm_yx)
            for grid, score in zip(logits, quality, strict=True)
        ]

    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> list[Mask]:
        """One mask a prompt, in order: focused on the region around the box, or around what is found at the clicks where there is none.

        Raises:
            PromptError: a prompt lies outside the frame, or its previous mask has another size.
        """
        for prompt in prompts:
            check_prompt(prompt, (frame.height, frame.width))
        whole_frame: Embedding | None = None
        masks = []
        for prompt in prompts:
            box = _known_box(prompt, (frame.height, frame.width))
            if box is not None:
                masks.append(without_specks(self._focus(frame, _pointing(prompt), box), prompt))
                continue
            whole_frame = whole_frame or self.encode(frame)
            masks.append(self._from_clicks(frame, prompt, whole_frame))
        return [_scaled(frame, mask) for mask in masks]

    def _focus(self, frame: Frame, prompt: Prompt, around_xyxy: Box) -> Mask:
        """One look at the region around a box, in the shape that the model was trained on."""
        region = region_around(around_xyxy, FOCUS_SCALE, self.backend.focus_stretch)
        return self.decode(self.encode(frame, region), [prompt])[0]

    def _from_clicks(self, frame: Frame, prompt: Prompt, whole_frame: Embedding) -> Mask:
        """Two first looks, each followed to the structure that holds the clicks; of both, the one that is to be trusted more."""
        views = [whole_frame]
        longer = max(frame.height, frame.width)
        closer = region_around(_click_box(prompt), FOCUS_SCALE, min_side=CLOSER * longer)
        if closer.width < longer:
            views.append(self.encode(frame, closer))
        followed = [self._followed(frame, prompt, self.decode(view, [prompt])[0]) for view in views]
        chosen = max(followed, key=_trust)
        return replace(chosen[-1], quality=_quality_of_looks(chosen))

    def _followed(self, frame: Frame, prompt: Prompt, found: Mask) -> list[Mask]:
        """What a first look found under the clicks, and what each focused look made of it."""
        looks = [under_clicks(found, prompt)]
        for _ in range(CLICK_LOOKS):
            box = _found_box(looks[-1], prompt)
            looks.append(under_clicks(self._focus(frame, replace(prompt, box_xyxy=box), box), prompt))
        return looks


def _trust(looks: list[Mask]) -> float:
    """The last look's quality, times how far each look agreed with the one before (mean IoU): a true structure is found again."""
    agreements = [_overlap(before.mask_hw, after.mask_hw) for before, after in pairwise(looks)]
    return looks[-1].quality * sum(agreements) / len(agreements)


def _quality_of_looks(looks: list[Mask]) -> float:
    """The geometric mean of their qualities: a focused look is sure within a box that may be wrong, the first one knows the doubt."""
    return math.exp(sum(math.log(max(look.quality, 1e-6)) for look in looks) / len(looks))


def _overlap(a_hw: np.ndarray, b_hw: np.ndarray) -> float:
    """IoU; 1 for two empty masks."""
    either = int(np.count_nonzero(a_hw | b_hw))
    return np.count_nonzero(a_hw & b_hw) / either if either else 1.0


def _scaled(frame: Frame, mask: Mask) -> Mask:
    """The mask with the spacing of the region that it lies in, where the frame has several."""
    return replace(mask, spacing_mm_yx=frame.scale_at(mask.box_xyxy).spacing_mm_yx) if frame.calibration.regions else mask


def under_clicks(mask: Mask, prompt: Prompt) -> Mask:
    """The mask's connected parts that hold a positive click; its largest part where none does; an empty mask as it is."""
    parts, sizes = _parts(mask)
    clicked = _clicked(parts, prompt)
    return _only(mask, parts, clicked or {1 + int(np.argmax(sizes))} if sizes.size else set())


def without_specks(mask: Mask, prompt: Prompt) -> Mask:
    """The mask without connected parts that are below SPECK of its largest part; what was clicked on stays."""
    parts, sizes = _parts(mask)
    large = {1 + int(i) for i in np.flatnonzero(sizes >= SPECK * sizes.max(initial=0))}
    return _only(mask, parts, large | _clicked(parts, prompt))


def _clicked(parts: np.ndarray, prompt: Prompt) -> set[int]:
    """The numbers of the parts that hold a positive click."""
    last_row, last_column = parts.shape[0] - 1, parts.shape[1] - 1
    positive = [(min(round(y), last_row), min(round(x), last_column)) for (x, y), label in _clicks(prompt) if label == POSITIVE]
    return {int(parts[at]) for at in positive} - {0}


def _parts(mask: Mask) -> tuple[np.ndarray, np.ndarray]:
    """Connected parts numbered from 1, int32 (H, W), and their pixel counts (N,)."""
    _, parts, stats, _ = cv2.connectedComponentsWithStats(mask.mask_hw.astype(np.uint8), connectivity=8)
    return parts, stats[1:, cv2.CC_STAT_AREA]


def _only(mask: Mask, parts: np.ndarray, kept: set[int]) -> Mask:
    """The mask with these parts alone; the logits of the others change their sign."""
    inside = np.isin(parts, list(kept))
    return replace(mask, mask_hw=inside, logits_hw=np.where(mask.mask_hw & ~inside, -mask.logits_hw, mask.logits_hw))


def check_prompt(prompt: Prompt, frame_hw: tuple[int, int]) -> None:
    """Raises PromptError where a prompt doesn't belong to a frame of this (height, width)."""
    height, width = frame_hw
    if prompt.box_xyxy is not None:
        x0, y0, x1, y1 = clip_box(prompt.box_xyxy, frame_hw)
        if x1 - x0 < 1 or y1 - y0 < 1:
            given = ",".join(f"{v:g}" for v in prompt.box_xyxy)
            raise PromptError(f"box {given} has less than a pixel on the image; give x0,y0,x1,y1 within 0,0 to {width - 1},{height - 1}")
    for x, y in prompt.points_xy:
        if not (-0.5 <= x <= width - 0.5 and -0.5 <= y <= height - 0.5):
            raise PromptError(f"point {x:g},{y:g} is outside the image; give x,y within 0,0 to {width - 1},{height - 1}")
    if prompt.mask_hw is not None and prompt.mask_hw.shape != frame_hw:
        shape = prompt.mask_hw.shape
        raise PromptError(f"the previous mask is {shape[1]}x{shape[0]} pixels; it must have the image's size, {width}x{height}")


def _known_box(prompt: Prompt, frame_hw: tuple[int, int]) -> Box | None:
    if prompt.box_xyxy is not None:
        return clip_box(prompt.box_xyxy, frame_hw)
    box = None if prompt.mask_hw is None else mask_box(prompt.mask_hw)
    return None if box is None else _around_clicks(box, prompt)


def _pointing(prompt: Prompt) -> Prompt:
    """The prompt as the model knows it: with a mask there is always a box or a positive click; where there is none, one is put
    into the mask's depth, away from the negative clicks. (A box in its place does worse: docs/LOG.md.)
    """
    if prompt.mask_hw is None or prompt.box_xyxy is not None or POSITIVE in prompt.point_labels:
        return prompt
    inside = prompt.mask_hw.copy()
    for (x, y), _ in _clicks(prompt):
        inside[min(round(y), inside.shape[0] - 1), min(round(x), inside.shape[1] - 1)] = False
    if not inside.any():
        return prompt
    return replace(prompt, points_xy=(*prompt.points_xy, inscribed_centre(inside)), point_labels=(*prompt.point_labels, POSITIVE))


def _found_box(found: Mask, prompt: Prompt) -> Box:
    """The box of an answer, stretched to hold the clicks; a twelfth of the frame around them where it found nothing."""
    box = mask_box(found.mask_hw)
    if box is None:
        side = max(found.mask_hw.shape) / 24
        x0, y0, x1, y1 = _click_box(prompt)
        box = (x0 - side, y0 - side, x1 + side, y1 + side)
    return clip_box(_around_clicks(box, prompt), (found.mask_hw.shape[0], found.mask_hw.shape[1]))


def _click_box(prompt: Prompt) -> Box:
    """From the first to the last positive click, across and down; there is one where there is no box and no mask."""
    xs, ys = zip(*(point for point, label in _clicks(prompt) if label == POSITIVE), strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _around_clicks(box_xyxy: Box, prompt: Prompt) -> Box:
    x0, y0, x1, y1 = box_xyxy
    for (x, y), label in _clicks(prompt):
        if label == POSITIVE:
            x0, y0, x1, y1 = min(x0, x - 0.5), min(y0, y - 0.5), max(x1, x + 0.5), max(y1, y + 0.5)
    return x0, y0, x1, y1


def _clicks(prompt: Prompt) -> list[tuple[tuple[float, float], int]]:
    return list(zip(prompt.points_xy, prompt.point_labels, strict=True))


def _prompt_arrays(prompts: Sequence[Prompt], to_model: ModelMap) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """points (P, N, 2), labels (P, N) padded with -1, masks (P, 1, S/4, S/4) and has_mask (P,), as `Backend.decode` takes them."""
    pairs = [prompt_points(prompt, to_model) for prompt in prompts]
    most = max(1, *(len(labels) for _, labels in pairs))
    grid = ModelMap(to_model.region, to_model.size // 4)
    points = np.zeros((len(prompts), most, 2), np.float32)
    labels = np.full((len(prompts), most), -1, np.int64)
    masks = np.zeros((len(prompts), 1, grid.size, grid.size), np.float32)
    has_mask = np.zeros(len(prompts), np.float32)
    for index, (prompt, (xy, kinds)) in enumerate(zip(prompts, pairs, strict=True)):
        points[index, : len(kinds)], labels[index, : len(kinds)] = xy, kinds
        if prompt.mask_hw is not None:
            masks[index, 0] = (2.0 * grid.sample(prompt.mask_hw.astype(np.float32)) - 1.0) * MASK_LOGIT
            has_mask[index] = 1.0
    return points, labels, masks, has_mask


def _mask(logits_hw: np.ndarray, quality: float, spacing_mm_yx: tuple[float, float] | None) -> Mask:
    return Mask(logits_hw > 0, logits_hw, float(np.clip(quality, 0.0, 1.0)), spacing_mm_yx)
