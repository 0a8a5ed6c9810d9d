"""Segmenters that have learnt nothing: what every published number must beat. They take boxes alone, and
claim no quality (NaN).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from uniultra.errors import PromptError
from uniultra.pixel_scale import Box
from uniultra.types import Frame, Mask, Prompt, mask_box

GRABCUT_ITERATIONS = 8
GRABCUT_MARGIN = 0.5
"""How much of the box's longer side GrabCut sees around it, to learn what background looks like."""
GRABCUT_SIDE = 200
"""Longest side in pixels of what GrabCut sees; larger views are shrunk. Ten times faster than 512, and no
worse on val.
"""
GRABCUT_CORE = 0.85
"""The box's ellipse, shrunk to this share of its axes, is surely foreground; on val 0.85 did better than 0.5
and 0.7. Started from the box alone, GrabCut answers next to nothing on nearly every ultrasound image: in
grey, a dark structure and a dark background look alike.
"""


class EllipseBaseline:
    """The ellipse inscribed in the box; never looks at the image."""

    name = "ellipse"

    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> list[Mask]:
        """One mask per prompt. Raises PromptError where a prompt has no box."""
        hw = (frame.height, frame.width)
        return [_mask(_ellipse_level(_box_of(prompt, self.name), hw), frame) for prompt in prompts]


class GrabCutBaseline:
    """GrabCut (Rother et al. 2004) started from the ellipse in the box: its core is kept, the rest of the box
    is decided by grey values.
    """

    name = "grabcut"

    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> list[Mask]:
        """One mask per prompt. Raises PromptError where a prompt has no box."""
        found = [_grabcut(frame.pixels_hw, _box_of(prompt, self.name)) for prompt in prompts]
        return [_mask(np.where(found_hw, 1.0, -1.0), frame) for found_hw in found]


BASELINES: dict[str, Callable[[], EllipseBaseline | GrabCutBaseline]] = {
    "ellipse": EllipseBaseline,
    "grabcut": GrabCutBaseline,
}
"""What `uniultra evaluate --model` knows besides models. All take boxes alone."""


def ellipse_in_box(box_xyxy: Box, frame_hw: tuple[int, int]) -> np.ndarray:
    """The pixels of a frame of (height, width) whose centres lie in the ellipse inscribed in a box: bool (H,
    W).
    """
    return _ellipse_level(box_xyxy, frame_hw) > 0


def _ellipse_level(box_xyxy: Box, frame_hw: tuple[int, int]) -> np.ndarray:
    """1 at the ellipse's centre, 0 on its outline, negative outside: float64 (H, W)."""
    x0, y0, x1, y1 = box_xyxy
    across = (2.0 * np.arange(frame_hw[1]) - (x0 + x1)) / (x1 - x0)
    down = (2.0 * np.arange(frame_hw[0]) - (y0 + y1)) / (y1 - y0)
    return np.asarray(1.0 - across[None, :] ** 2 - down[:, None] ** 2)


def _grabcut(pixels_hw: np.ndarray, box_xyxy: Box) -> np.ndarray:
    """bool (H, W); the ellipse itself where no background is seen beside it, or the box lies off the
    frame.
    """
    ellipse_hw = _ellipse_level(box_xyxy, pixels_hw.shape) > 0
    x0, y0, x1, y1 = box_xyxy
    margin = GRABCUT_MARGIN * max(x1 - x0, y1 - y0)
    view = _pixels_in((x0 - margin, y0 - margin, x1 + margin, y1 + margin), pixels_hw.shape)
    crop = pixels_hw[view]
    if crop.size == 0 or not ellipse_hw.any():
        return ellipse_hw
    width_height = (crop.shape[1], crop.shape[0])
    scale = min(1.0, GRABCUT_SIDE / max(width_height))
    small = (max(1, round(width_height[0] * scale)), max(1, round(width_height[1] * scale)))
    labels = cv2.resize(_grabcut_labels(box_xyxy, ellipse_hw)[view], small, interpolation=cv2.INTER_NEAREST)
    answer = _foreground(cv2.resize(crop, small, interpolation=cv2.INTER_AREA), labels)
    found_hw = np.zeros(pixels_hw.shape, dtype=bool)
    found_hw[view] = cv2.resize(answer, width_height, interpolation=cv2.INTER_LINEAR) > 0.5
    return found_hw


def _grabcut_labels(box_xyxy: Box, ellipse_hw: np.ndarray) -> np.ndarray:
    """GrabCut's labels, uint8 (H, W): background outside the box; inside probably that, in the ellipse
    probably not, in its core not.
    """
    labels_hw = np.full(ellipse_hw.shape, cv2.GC_BGD, dtype=np.uint8)
    labels_hw[_pixels_in(box_xyxy, ellipse_hw.shape)] = cv2.GC_PR_BGD
    labels_hw[ellipse_hw] = cv2.GC_PR_FGD
    x0, y0, x1, y1 = box_xyxy
    dx, dy = (x1 - x0) * (1.0 - GRABCUT_CORE) / 2.0, (y1 - y0) * (1.0 - GRABCUT_CORE) / 2.0
    labels_hw[_ellipse_level((x0 + dx, y0 + dy, x1 - dx, y1 - dy), ellipse_hw.shape) > 0] = cv2.GC_FGD
    return labels_hw


def _foreground(pixels_hw: np.ndarray, labels_hw: np.ndarray) -> np.ndarray:
    """GrabCut of a view from labels: float32 (H, W), 0 or 1; what the labels call foreground, where one of
    the two kinds isn't sure.
    """
    foreground = (cv2.GC_FGD, cv2.GC_PR_FGD)
    given = np.isin(labels_hw, foreground)
    if not given.any() or not (labels_hw == cv2.GC_BGD).any():
        return given.astype(np.float32)
    decided = labels_hw.copy()
    cv2.setRNGSeed(
        0
    )  # its k-means draws from the thread's generator: without this, order would change the result
    colour = cv2.cvtColor(pixels_hw, cv2.COLOR_GRAY2BGR)
    cv2.grabCut(
        colour, decided, None, np.zeros((1, 65)), np.zeros((1, 65)), GRABCUT_ITERATIONS, cv2.GC_INIT_WITH_MASK
    )
    return np.isin(decided, foreground).astype(np.float32)


def _pixels_in(box_xyxy: Box, frame_hw: tuple[int, ...]) -> tuple[slice, slice]:
    """The rows and columns whose pixel centres lie in a box, cut to the frame."""
    x0, y0, x1, y1 = box_xyxy
    rows = slice(max(math.ceil(y0), 0), max(min(math.floor(y1) + 1, frame_hw[0]), 0))
    columns = slice(max(math.ceil(x0), 0), max(min(math.floor(x1) + 1, frame_hw[1]), 0))
    return rows, columns


def _box_of(prompt: Prompt, name: str) -> Box:
    if prompt.box_xyxy is None:
        raise PromptError(
            f"the baseline '{name}' takes boxes only and this prompt has none; ask it for box kinds only"
        )
    return prompt.box_xyxy


def _mask(level_hw: np.ndarray, frame: Frame) -> Mask:
    return Mask(
        level_hw > 0, level_hw.astype(np.float32), math.nan, frame.calibration.at(mask_box(level_hw > 0))
    )
