"""What can follow a structure: a tracker behind one protocol, and the baselines that anyone gets for
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from uniultra.data.prompt_simulation import centre_click
from uniultra.evaluation.simulated_user import PromptableSegmenter
from uniultra.types import POSITIVE, Frame, Prompt, mask_box

FLOW_SIDE = 256
"""Longer side of the pictures that flow is estimated on."""


@dataclass(frozen=True)
class Followed:
    """An answer on one frame.

    Attributes:
        mask_hw: what a user gets, bool (H, W).
        guess_hw: the best guess, alike.
        lost: it is said to be lost, and a user gets no mask.
        doubted: a user is told to look at this frame: it is said to be unsure, or lost.
    """

    mask_hw: np.ndarray
    guess_hw: np.ndarray
    lost: bool = False
    doubted: bool = False


class Tracker(Protocol):
    """Follows one structure from a prompt on the first frame: one answer a frame."""

    @property
    def name(self) -> str: ...

    def follow(self, frames: Sequence[Frame], prompt: Prompt) -> Iterator[Followed]: ...


def true_prompt(truth_hw: np.ndarray, true_mask: bool = False) -> Prompt | None:
    """What points at a target, bool (H, W): its exact box, or its true mask, as in DAVIS's semi-supervised
    protocol; None where there is none.
    """
    box = mask_box(truth_hw)
    if box is None:
        return None
    return Prompt(mask_hw=truth_hw) if true_mask else Prompt(box)


@dataclass(frozen=True)
class Copy:
    """The first frame's mask on every frame."""

    segmenter: PromptableSegmenter
    name: str = "copy"

    def follow(self, frames: Sequence[Frame], prompt: Prompt) -> Iterator[Followed]:
        mask_hw = _first_logits(self.segmenter, frames[0], prompt) > 0
        for _ in frames:
            yield Followed(mask_hw, mask_hw)


@dataclass(frozen=True)
class FlowOnly:
    """The first frame's logits, carried from frame to frame by dense inverse search at its finest scale."""

    segmenter: PromptableSegmenter
    name: str = "flow"

    def follow(self, frames: Sequence[Frame], prompt: Prompt) -> Iterator[Followed]:
        method = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        method.setFinestScale(0)
        logits_hw = np.clip(_first_logits(self.segmenter, frames[0], prompt), -8, 8)
        before = _small(frames[0])
        for number, frame in enumerate(frames):
            if number:
                view = _small(frame)
                flow = method.calc(view, before, np.zeros((*view.shape, 2), np.float32))
                logits_hw, before = _carried(logits_hw, np.asarray(flow)), view
            yield Followed(logits_hw > 0, logits_hw > 0)


@dataclass(frozen=True)
class PreviousBox:
    """Each frame prompted with the box of the mask before, and with its innermost point too where `click`."""

    segmenter: PromptableSegmenter
    click: bool = False

    @property
    def name(self) -> str:
        return "previous box + click" if self.click else "previous box"

    def follow(self, frames: Sequence[Frame], prompt: Prompt) -> Iterator[Followed]:
        for frame in frames:
            mask_hw = _first_logits(self.segmenter, frame, prompt) > 0
            box = mask_box(mask_hw)
            if box is not None:
                prompt = Prompt(box, (centre_click(mask_hw),), (POSITIVE,)) if self.click else Prompt(box)
            yield Followed(mask_hw, mask_hw)


def baselines(segmenter: PromptableSegmenter) -> list[Tracker]:
    """All of them, on one segmenter."""
    return [Copy(segmenter), FlowOnly(segmenter), PreviousBox(segmenter), PreviousBox(segmenter, click=True)]


def _first_logits(segmenter: PromptableSegmenter, frame: Frame, prompt: Prompt) -> np.ndarray:
    """Logits (H, W) of what a prompt points at; a mask that is given stays as it is."""
    if prompt.mask_hw is not None:
        return np.where(prompt.mask_hw, np.float32(8), np.float32(-8))
    return segmenter.segment(frame, [prompt])[0].logits_hw


def _small(frame: Frame) -> np.ndarray:
    scale = min(FLOW_SIDE / max(frame.height, frame.width), 1.0)
    size = max(round(frame.width * scale), 16), max(round(frame.height * scale), 16)
    return np.asarray(cv2.resize(frame.pixels_hw, size, interpolation=cv2.INTER_AREA))


def _carried(logits_hw: np.ndarray, flow: np.ndarray) -> np.ndarray:
    height, width = logits_hw.shape
    step = cv2.resize(flow, (width, height))
    across, down = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    across += step[..., 0] * np.float32(width / flow.shape[1])
    down += step[..., 1] * np.float32(height / flow.shape[0])
    found = cv2.remap(
        logits_hw, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=-8
    )
    return np.asarray(found)
