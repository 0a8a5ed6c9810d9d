"""Prompts of requests and the masks that they bring along, checked away from the server, and errors without a
path.
"""

from __future__ import annotations

import numpy as np

from uniultra.errors import PromptError, UniUltraError
from uniultra.io.coco import mask_of
from uniultra.io.masks import read_mask
from uniultra.prompt_checks import check_prompt, clipped
from uniultra.types import Prompt
from uniultra.web.bytes_path import as_path
from uniultra.web.job_error import JobError
from uniultra.web.messages import PromptRequest, Rle


def checked(
    number: int, requested: PromptRequest, frame_hw: tuple[int, int]
) -> tuple[Prompt, tuple[str, ...]]:
    """The `number`th prompt of a request, from 1, clipped to the frame, which a note says. Raises
    JobError.
    """
    try:
        labels = requested.labels or (1,) * len(requested.points_xy)
        previous = None if requested.mask is None else previous_of(requested.mask, frame_hw)
        prompt = Prompt(requested.box_xyxy, requested.points_xy, labels, previous)  # type: ignore[arg-type]
        check_prompt(prompt, frame_hw)
    except UniUltraError as error:
        raise JobError("prompt", f"prompt {number}: {error}") from error
    [prompt], notes = clipped([prompt], frame_hw)
    return prompt, notes


def previous_of(mask: object, frame_hw: tuple[int, int], what: str = "the previous mask") -> np.ndarray:
    """The mask that a request brings along, bool (H, W); `what` it is called. Raises PromptError."""
    if isinstance(mask, Rle):
        if mask.size_hw != frame_hw:
            sizes = (
                f"{mask.size_hw[1]}x{mask.size_hw[0]} pixels; it must have the image's size, "
                f"{frame_hw[1]}x{frame_hw[0]}"
            )
            raise PromptError(f"{what} is {sizes}")
        inside = mask_of(mask.counts, frame_hw)
        if not inside.any():
            raise PromptError(f"{what} is empty; at least 1 pixel must be inside; leave it out")
        return inside
    with as_path(mask.data) as path:  # type: ignore[attr-defined]
        try:
            return read_mask(path, frame_hw)
        except UniUltraError as error:
            raise PromptError(without_path(path, error, what)) from error


def without_path(path: str, error: Exception, instead: str = "the image") -> str:
    """A message with another name for the file, which has no path that anybody gave it."""
    return str(error).replace(path, instead).replace("--frame N, in Python read_frame(path, N)", "frame=N")
