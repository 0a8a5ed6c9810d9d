"""A video model as a tracker: its memory is bounded, and no structure touches another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from uniultra.geometry import ModelMap, prompt_points, scale_of, whole
from uniultra.model_facts import ModelFacts
from uniultra.prompt_checks import check_frame, check_prompts
from uniultra.tracking.answers import empty_mask
from uniultra.tracking.beginning import TrackedMask
from uniultra.tracking.confidence import SURE, stability, status_of
from uniultra.types import Frame, Mask, Prompt
from uniultra.video_models.memory import FrameRun, VideoObject, VideoState, remembered

PIXEL_MEAN, PIXEL_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet: what SAM 2 and EdgeTAM were trained with."""


@dataclass(frozen=True)
class VideoTracker:
    """SAM 2.1 or EdgeTAM with its memory.

    A structure's prompt is its conditioning frame; a prompt on a later frame, a correction, begins it anew
    from there, as `tracking.track` promises. Frames are streamed, so what is answered on a frame depends on
    those before it alone, not on the length of the clip.

    Confidence is the model's own: the chance by its object score that the structure is in view, at most the
    mask's stability. It isn't calibrated on ultrasound.

    Attributes:
        model: Sam2VideoModel or EdgeTamVideoModel, in eval mode on its device.
        session_type: of its sessions.
        facts: its name, and the side of its input.
    """

    model: Any
    session_type: Any
    facts: ModelFacts

    def begin(
        self, frame: Frame, prompts: Mapping[int, Prompt], state: VideoState | None = None
    ) -> tuple[list[TrackedMask], VideoState]:
        """Segments what is prompted on a frame and follows it from there, other structures as before; `state`
        is after this frame.

        Raises:
            PromptError: a prompt lies outside the frame, or the state is of frames of another size.
            FileError: an array in place of a Frame.
        """
        check_frame(frame)
        check_prompts(list(prompts.values()), (frame.height, frame.width))
        if state is None:
            state = VideoState((frame.height, frame.width), 0)
        state.check(frame)
        run, to_model = self._run(frame, state.at), self._map(frame)
        answers, begun = [], []
        for number, prompt in prompts.items():
            logits, output = run.prompted(self._inputs(prompt, to_model))
            answer, lost = self._tracked(frame, number, (logits, output), 0)
            scale = scale_of(frame.calibration, answer.mask.mask_hw, prompt)
            answers.append(replace(answer, mask=replace(answer.mask, scale=scale)))
            begun.append(VideoObject(number, state.at, output, lost=lost))
        others = state.only({*state.numbers} - {*prompts}).objects
        objects = tuple(sorted((*others, *begun), key=lambda one: one.number))
        return answers, replace(state, objects=objects)

    def step(self, state: VideoState, frame: Frame) -> tuple[list[TrackedMask], VideoState]:
        """Follows all structures of a state to the next frame. Raises PromptError for one of another size."""
        state.check(frame)
        at = state.at + 1
        if not state.objects:
            return [], replace(state, at=at)
        run = self._run(frame, at)
        answers, objects = [], []
        for one in state.objects:
            logits, output = run.followed(one)
            answer, lost = self._tracked(frame, one.number, (logits, output), one.lost)
            answers.append(answer)
            objects.append(remembered(one, at, output, lost, self.model.config))
        return answers, VideoState(state.frame_hw, at, tuple(objects))

    def _map(self, frame: Frame) -> ModelMap:
        return ModelMap(whole((frame.height, frame.width)), self.facts.input_size)

    def _run(self, frame: Frame, at: int) -> FrameRun:
        pixels = torch.from_numpy(self._map(frame).sample(frame.pixels_hw)).to(self.model.device)
        mean, std = (
            torch.tensor(values, device=pixels.device).view(3, 1, 1) for values in (PIXEL_MEAN, PIXEL_STD)
        )
        normalised = (pixels.to(torch.float32)[None] / 255.0 - mean) / std
        return FrameRun(self.model, self.session_type, normalised, at)

    def _inputs(self, prompt: Prompt, to_model: ModelMap) -> dict[str, Tensor] | Tensor:
        """Box and clicks, which win, or a mask alone, which the model takes as it is."""
        if prompt.mask_hw is not None and prompt.box_xyxy is None and not prompt.points_xy:
            inside = to_model.sample(prompt.mask_hw.astype(np.uint8) * np.uint8(255)) > 127
            return torch.from_numpy(inside.astype(np.float32))[None, None]
        points, labels = prompt_points(prompt, to_model)
        return {
            "point_coords": torch.from_numpy(points)[None, None],
            "point_labels": torch.from_numpy(labels)[None, None],
        }

    def _tracked(
        self, frame: Frame, number: int, answer: tuple[Tensor, dict[str, Tensor]], lost: int
    ) -> tuple[TrackedMask, int]:
        """The answer for one structure, and for how many frames it has been lost then."""
        logits, output = answer
        grid = logits.numpy(force=True)
        frame_hw = frame.height, frame.width
        logits_hw = ModelMap(whole(frame_hw), grid.shape[-1]).paste_logits(grid, frame_hw)
        there = float(torch.sigmoid(output["object_score_logits"].float()).flatten()[0])
        confidence = min(there, stability(grid))
        mask = Mask(logits_hw > 0, logits_hw, confidence, scale_of(frame.calibration, logits_hw > 0))
        status = "unsure" if there >= 0.5 and confidence < SURE else status_of(there, lost)
        if status in ("lost", "absent") or not mask.mask_hw.any():
            nothing = replace(empty_mask(frame_hw), scale=mask.scale)
            return TrackedMask(number, nothing, status_of(0.0, lost), confidence, mask), lost + 1
        return TrackedMask(number, mask, status, confidence, mask), 0
