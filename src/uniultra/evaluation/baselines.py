"""Segmenters that have learnt nothing: what every published number must beat. They take boxes alone, and claim no quality (NaN)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from uniultra.errors import PromptError
from uniultra.types import Frame, Mask, Prompt

Box = tuple[float, float, float, float]

GRABCUT_ITERATIONS = 8
GRABCUT_MARGIN = 0.5
"""How much of the box's longer side GrabCut sees around it, to learn what background looks like."""
GRABCUT_SIDE = 200
"""Longest side in pixels of what GrabCut sees; larger views are shrunk. Ten times faster than 512, and no worse on val."""
GRABCUT_SMALLEST = 0.1
"""An answer below this share of the box is a collapse: in grey, a dark structure and a dark background look alike."""


class EllipseBaseline:
    """The ellipse inscribed in the box; never looks at the image."""

    name = "ellipse"

    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> list[Mask]:
        """One mask a prompt. Raises PromptError where a prompt has no box."""
        hw = (frame.height, frame.width)
        return [_mask(_ellipse_level(_box_of(prompt, self.name), hw), frame) for prompt in prompts]


class GrabCutBaseline:
    """GrabCut (Rother et al. 2004) started from the box; the ellipse where it collapses to next to nothing, or sees no background."""

    name = "grabcut"

    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> list[Mask]:
        """One mask a prompt. Raises PromptError where a prompt has no box."""
        return [self._one(frame, _box_of(prompt, self.name)) for prompt in prompts]

    def _one(self, frame: Frame, box_xyxy: Box) -> Mask:
        x0, y0, x1, y1 = box_xyxy
        found_hw = _grabcut(frame.pixels_hw, box_xyxy)
        if np.count_nonzero(found_hw) <= GRABCUT_SMALLEST * (x1 - x0) * (y1 - y0):
            return _mask(_ellipse_level(box_xyxy, (frame.height, frame.width)), frame)
        return _mask(np.where(found_hw, 1.0, -1.0), frame)


BASELINES: dict[str, Callable[[], EllipseBaseline | GrabCutBaseline]] = {"ellipse": EllipseBaseline, "grabcut": GrabCutBaseline}
"""What `uniultra evaluate --model` knows besides models. All take boxes alone."""


def ellipse_in_box(box_xyxy: Box, frame_hw: tuple[int, int]) -> np.ndarray:
    """The pixels of a frame of (height, width) whose centres lie in the ellipse inscribed in a box: bool (H, W)."""
    return _ellipse_level(box_xyxy, frame_hw) > 0


def _ellipse_level(box_xyxy: Box, frame_hw: tuple[int, int]) -> np.ndarray:
    """1 at the ellipse's centre, 0 on its outline, negative outside: float64 (H, W)."""
    x0, y0, x1, y1 = box_xyxy
    across = (2.0 * np.arange(frame_hw[1]) - (x0 + x1)) / (x1 - x0)
    down = (2.0 * np.arange(frame_hw[0]) - (y0 + y1)) / (y1 - y0)
    return np.asarray(1.0 - across[None, :] ** 2 - down[:, None] ** 2)


def _grabcut(pixels_hw: np.ndarray, box_xyxy: Box) -> np.ndarray:
    """bool (H, W); empty where there is no background beside the box, or nothing is found in it."""
    found_hw = np.zeros(pixels_hw.shape, dtype=bool)
    x0, y0, x1, y1 = box_xyxy
    margin = GRABCUT_MARGIN * max(x1 - x0, y1 - y0)
    view = _pixels_in((x0 - margin, y0 - margin, x1 + margin, y1 + margin), pixels_hw.shape)
    in_box_hw = np.zeros(pixels_hw.shape, dtype=np.uint8)
    in_box_hw[_pixels_in(box_xyxy, pixels_hw.shape)] = 1
    crop, inside = pixels_hw[view], in_box_hw[view]
    if crop.size == 0:
        return found_hw
    width_height = (crop.shape[1], crop.shape[0])
    scale = min(1.0, GRABCUT_SIDE / max(width_height))
    small = (max(1, round(width_height[0] * scale)), max(1, round(width_height[1] * scale)))
    answer = _foreground(cv2.resize(crop, small, interpolation=cv2.INTER_AREA), cv2.resize(inside, small, interpolation=cv2.INTER_NEAREST))
    found_hw[view] = cv2.resize(answer, width_height, interpolation=cv2.INTER_LINEAR) > 0.5
    return found_hw


def _foreground(pixels_hw: np.ndarray, inside_hw: np.ndarray) -> np.ndarray:
    """GrabCut of a view in which `inside_hw` (0 or 1) may be foreground: float32 (H, W), 0 or 1; all 0 without both kinds of pixel."""
    if inside_hw.all() or not inside_hw.any():
        return np.zeros(pixels_hw.shape, dtype=np.float32)
    labels_hw = np.where(inside_hw, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    cv2.setRNGSeed(0)  # its k-means draws from the thread's generator: without this, order would change the result
    colour = cv2.cvtColor(pixels_hw, cv2.COLOR_GRAY2BGR)
    cv2.grabCut(colour, labels_hw, None, np.zeros((1, 65)), np.zeros((1, 65)), GRABCUT_ITERATIONS, cv2.GC_INIT_WITH_MASK)
    return np.isin(labels_hw, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)


def _pixels_in(box_xyxy: Box, frame_hw: tuple[int, ...]) -> tuple[slice, slice]:
    """The rows and columns whose pixel centres lie in a box, cut to the frame."""
    x0, y0, x1, y1 = box_xyxy
    rows = slice(max(math.ceil(y0), 0), max(min(math.floor(y1) + 1, frame_hw[0]), 0))
    columns = slice(max(math.ceil(x0), 0), max(min(math.floor(x1) + 1, frame_hw[1]), 0))
    return rows, columns


def _box_of(prompt: Prompt, name: str) -> Box:
    if prompt.box_xyxy is None:
        raise PromptError(f"the baseline '{name}' takes boxes alone and this prompt has none; ask it for box kinds only")
    return prompt.box_xyxy


def _mask(level_hw: np.ndarray, frame: Frame) -> Mask:
    return Mask(level_hw > 0, level_hw.astype(np.float32), quality=math.nan, spacing_mm_yx=frame.spacing_mm_yx)
