"""Prompts of requests, the masks and files that they bring along, checked away from the server, and errors
without a path. What came over the network is read by the readers of files, and touches no disk where the
system can do that.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from uniultra.errors import FileError, PromptError, UniUltraError
from uniultra.io.coco import mask_of
from uniultra.io.dicom.deflated import inflated_bytes
from uniultra.io.images import kind_of
from uniultra.io.input_file import InputFile
from uniultra.io.masks import read_mask
from uniultra.io.scratch import scratch_folder
from uniultra.prompt_checks import check_prompt, clipped
from uniultra.types import Prompt
from uniultra.web.messages import JobError, PromptRequest, Rle


def checked(
    number: int, requested: PromptRequest, frame_hw: tuple[int, int]
) -> tuple[Prompt, tuple[str, ...]]:
    """The `number`th prompt of a request, from 1, clipped to the frame, which a note says. Raises
    JobError.
    """
    try:
        previous = None if requested.mask is None else previous_of(requested.mask, frame_hw)
        prompt = prompt_with(requested, previous, frame_hw)
    except UniUltraError as error:
        raise JobError("prompt", f"prompt {number}: {error}") from error
    [prompt], notes = clipped([prompt], frame_hw)
    return prompt, notes


def prompt_with(requested: PromptRequest, previous: np.ndarray | None, frame_hw: tuple[int, int]) -> Prompt:
    """The checked prompt of a request, with its previous mask. Raises PromptError."""
    prompt = Prompt(
        requested.box_xyxy,  # type: ignore[arg-type]
        requested.points_xy,  # type: ignore[arg-type]
        requested.labels or (1,) * len(requested.points_xy),
        previous,
        name=requested.name,
        box_fit=requested.box_fit,
    )
    check_prompt(prompt, frame_hw)
    return prompt


def previous_of(mask: object, frame_hw: tuple[int, int], what: str = "the previous mask") -> np.ndarray:
    """The mask that a request brings along, bool (H, W); `what` it is called. Raises PromptError."""
    if isinstance(mask, Rle):
        if mask.size_hw != frame_hw:
            raise PromptError(
                f"{what} is {mask.size_hw[1]}x{mask.size_hw[0]} pixels; it must have the image's size, "
                f"{frame_hw[1]}x{frame_hw[0]}"
            )
        inside = mask_of(mask.counts, frame_hw)
        if not inside.any():
            raise PromptError(f"{what} is empty; at least 1 pixel must be inside; leave it out")
        return inside
    with as_path(mask.data) as path:  # type: ignore[attr-defined]
        try:
            return read_mask(path, frame_hw)
        except UniUltraError as error:
            raise PromptError(without_path(path, error, what)) from error


@contextmanager
def opened_upload(data: bytes, most_bytes: int, what: str) -> Iterator[InputFile]:
    """What a client sent, as a file of a known kind; a deflated one, inflated, has at most `most_bytes`.
    Errors of files while it is open are JobErrors of `what`.
    """
    path = ""
    try:
        with as_path(inflated_bytes(data, most_bytes)) as path:
            try:
                kind = kind_of(path)
            except FileError as error:
                raise JobError("media-type", without_path(path, error, what)) from error
            yield InputFile(Path(path), kind)
    except FileError as error:
        said = without_path(path, error, what) if path else f"{what}: {error}"
        raise JobError("image", said) from error


def without_path(path: str, error: Exception, instead: str = "the image") -> str:
    """A message with another name for the file, which has no path that anybody gave it."""
    return str(error).replace(path, instead).replace("--frame N, in Python read_frame(path, N)", "frame=N")


@contextmanager
def as_path(data: bytes) -> Iterator[str]:
    """A path that reads as `data` while the context lasts.

    On Linux an anonymous file in memory. Elsewhere a file in a temporary folder of this user alone, gone with
    the context.
    """
    if not hasattr(os, "memfd_create"):
        with scratch_folder() as folder:
            path = os.path.join(folder, "image")
            with open(path, "xb") as file:
                file.write(data)
            yield path
        return
    number = os.memfd_create("uniultra", os.MFD_CLOEXEC)
    try:
        with open(number, "wb", closefd=False) as file:
            file.write(data)
        yield f"/proc/self/fd/{number}"
    finally:
        os.close(number)
