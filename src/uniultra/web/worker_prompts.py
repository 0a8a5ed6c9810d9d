"""The masks that prompts bring along, parsed away from the server, and errors without a path."""

from __future__ import annotations

import numpy as np

from uniultra.errors import PromptError, UniUltraError
from uniultra.io.masks import read_mask
from uniultra.io.rle import mask_of
from uniultra.web.bytes_path import as_path
from uniultra.web.messages import Rle


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
    return str(error).replace(path, instead).replace("with --frame", "with frame=N")
