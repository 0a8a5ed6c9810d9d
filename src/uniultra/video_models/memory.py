"""What a video model remembers of a structure, in a state of bounded size.

transformers' inference session holds every frame and every output for ever, and lets structures touch each
other. Here a session lives for one frame of one structure: it is given what the state holds, answers, and
what the model can still use of the answer goes into the next state. The model reads the memory of its last
`num_maskmem` - 1 frames, pointers of its last `max_object_pointers_in_encoder` - 1 (SAM 2: Ravi et al. 2024,
section 4), and the prompted frame; nothing else is kept.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from uniultra.errors import PromptError
from uniultra.types import Frame

MEMORY = ("maskmem_features", "maskmem_pos_enc")
POINTERS = ("object_pointer", "object_score_logits")
Output = dict[str, Tensor]
"""What a model made of a structure on a frame, by transformers' names."""


@dataclass(frozen=True)
class VideoObject:
    """One structure.

    Attributes:
        number: its id, from 1.
        prompted_at: number of the frame of its prompt, as the state counts.
        prompted: what the model made of that frame; a correction replaces it and forgets what came after.
        recent: the same of the last frames, by their number.
        lost: for how many frames it has been lost.
    """

    number: int
    prompted_at: int
    prompted: Output = field(repr=False)
    recent: dict[int, Output] = field(default_factory=dict, repr=False)
    lost: int = 0


@dataclass(frozen=True)
class VideoState:
    """All structures after a frame; `at` counts frames from the first one, whichever way the cine is read."""

    frame_hw: tuple[int, int]
    at: int
    objects: tuple[VideoObject, ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(one.number for one in self.objects)

    def only(self, numbers: Collection[int]) -> VideoState:
        """The same of some structures."""
        return replace(self, objects=tuple(one for one in self.objects if one.number in numbers))

    @property
    def nbytes(self) -> int:
        """Bytes of all tensors: these are bounded, whatever the length of the cine."""
        outputs = [output for one in self.objects for output in (one.prompted, *one.recent.values())]
        return sum(tensor.nbytes for output in outputs for tensor in output.values())

    def check(self, frame: Frame) -> None:
        """Raises PromptError where a frame has another size than those before."""
        if (frame.height, frame.width) != self.frame_hw:
            height, width = self.frame_hw
            raise PromptError(
                f"the frame is {frame.width}x{frame.height} pixels, those before {width}x{height}; "
                "a track needs frames of one size: begin again with a prompt on this frame"
            )


@dataclass(frozen=True)
class FrameRun:
    """A model on one frame, encoded once for all structures.

    Attributes:
        model: Sam2VideoModel or EdgeTamVideoModel.
        session_type: of its sessions.
        pixels: float32 (3, S, S), normalised.
        at: the frame's number.
    """

    model: Any
    session_type: Any
    pixels: Tensor
    at: int
    features: dict[str, Any] = field(default_factory=dict)

    def prompted(self, inputs: dict[str, Tensor] | Tensor) -> tuple[Tensor, Output]:
        """The logits (h, w) of a prompt on this frame, and what is to be remembered: of a mask (1, 1, S, S),
        or of `point_coords` (1, 1, N, 2) and `point_labels` (1, 1, N).
        """
        session = self._session()
        if isinstance(inputs, Tensor):
            session.add_mask_inputs(0, self.at, inputs)
        else:
            session.add_point_inputs(0, self.at, inputs)
        session.obj_with_new_inputs = [1]
        return self._answer(session)

    def followed(self, one: VideoObject) -> tuple[Tensor, Output]:
        """The same of a structure that was prompted on an earlier frame."""
        session = self._session()
        known = session.output_dict_per_obj[0]
        known["cond_frame_outputs"][one.prompted_at] = one.prompted
        known["non_cond_frame_outputs"].update(one.recent)
        return self._answer(session)

    def _session(self) -> Any:
        device, dtype = self.pixels.device, self.pixels.dtype
        session = self.session_type(
            inference_device=device, inference_state_device=device, video_storage_device=device, dtype=dtype
        )
        session.obj_id_to_idx(1)
        if self.features:
            session.cache.cache_vision_features(self.at, self.features)
        return session

    def _answer(self, session: Any) -> tuple[Tensor, Output]:
        with torch.inference_mode():
            answer = self.model(session, frame=self.pixels, frame_idx=self.at)
        if not self.features:
            self.features.update(session.cache.get_vision_features(self.at))
        own = session.output_dict_per_obj[0]
        output = own["cond_frame_outputs"].get(self.at) or own["non_cond_frame_outputs"][self.at]
        kept = {key: output[key] for key in (*MEMORY, *POINTERS) if output.get(key) is not None}
        return answer.pred_masks[0, 0].float(), kept


def remembered(one: VideoObject, at: int, output: Output, lost: int, config: Any) -> VideoObject:
    """A structure after a frame: what the model can't use any more is let go."""
    memories, pointers = int(config.num_maskmem), int(config.max_object_pointers_in_encoder)
    recent = {number: old for number, old in one.recent.items() if number > at - max(memories, pointers) + 1}
    for number in recent:
        if number <= at - memories + 1:
            recent[number] = {key: value for key, value in recent[number].items() if key in POINTERS}
    return replace(one, recent=recent | {at: output}, lost=lost)
