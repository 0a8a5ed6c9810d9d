"""A previous answer to go on from, whatever file it is in: an id image, a page of a cine's masks, or a DICOM
SEG of the same image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from uniultra.errors import FileError, PromptError
from uniultra.io.images import kind_of
from uniultra.io.label_tiff import holds_pages, read_label_pages
from uniultra.io.masks import MISSING, check_ids, read_previous
from uniultra.io.paths import PathLike, shown
from uniultra.types import Prompt


@dataclass(frozen=True)
class Prior:
    """Previous masks of one frame, bool (H, W), what each is called, "" where nobody named it, and what each
    was prompted with, where that is known.
    """

    masks: Sequence[np.ndarray] = ()
    names: Sequence[str] = ()
    prompts: Sequence[Prompt | None] = ()


def read_prior(
    path: PathLike, frame_hw: tuple[int, int], image: PathLike | None = None, frame: int | None = None
) -> Prior:
    """The previous masks of a frame: those of `io.masks.read_previous`, the ids on its page of a TIFF of
    several frames (NAME.track.masks.tif, NAME.frames.masks.tif), or the segments of a DICOM SEG.

    Args:
        image: what they are masks of; a SEG must refer to it, where it is DICOM.
        frame: its number, from 0; None for the only one.

    Raises:
        FileError: the file can't be read. PromptError: it is empty, of another size, image or frame.
    """
    kind = kind_of(path).name
    if kind == "TIFF" and holds_pages(path):
        found = _on_page(path, frame_hw, frame)
        return Prior(found, [""] * len(found))
    if kind != "DICOM":
        found = read_previous(path, frame_hw)
        return Prior(found, [""] * len(found))
    from uniultra.io.dicom.seg_reader import masks_of, read_seg

    seg = read_seg(path)
    if seg.frame_hw != tuple(frame_hw):
        raise PromptError(
            f"{seg.name}: the segmentation has {seg.frame_hw[1]} x {seg.frame_hw[0]} pixels but the "
            f"frame is {frame_hw[1]} x {frame_hw[0]}; give the one of this image"
        )
    instance, count = (None, None) if image is None else instance_of(image)
    frames = dict(masks_of(seg, instance, count))
    number = _chosen(seg.name, list(frames), frame)
    return Prior(list(frames[number].values()), [seg.labels[segment] for segment in frames[number]])


def _on_page(path: PathLike, frame_hw: tuple[int, int], frame: int | None) -> list[np.ndarray]:
    """One bool mask (H, W) for each id on a frame's page."""
    there: list[int] = []
    kept: dict[int, np.ndarray] = {}  # a page, not all of a long cine's
    for number, ids in read_label_pages(path):
        if ids.any():
            there.append(number)
            if number == frame or not kept:
                kept = {number: ids}
    ids = kept[_chosen(shown(path), there, frame)]
    if ids.shape != tuple(frame_hw):
        raise PromptError(
            f"{shown(path)}: its pages have {ids.shape[1]} x {ids.shape[0]} pixels but the frame is "
            f"{frame_hw[1]} x {frame_hw[0]}; give the one of this cine"
        )
    return [ids == value for value in np.unique(check_ids(ids, shown(path), MISSING)) if value > 0]


def _chosen(name: str, frames: Sequence[int], frame: int | None) -> int:
    """The frame that is meant, of those with masks. Raises PromptError."""
    if frame is None and len(frames) > 1:
        raise PromptError(
            f"{name}: it has masks on frames {', '.join(map(str, frames[:6]))}; name one with --frame"
        )
    number = next(iter(frames), 0) if frame is None else frame
    if number not in frames:
        there = ", ".join(map(str, frames[:6])) or "none"
        raise PromptError(f"{name}: it has no mask on frame {number}; there are masks on {there}")
    return number


def instance_of(image: PathLike) -> tuple[str | None, int | None]:
    """SOPInstanceUID of a DICOM image and how many frames it has; None for other files."""
    from uniultra.io.dicom.attributes import uid
    from uniultra.io.dicom.header import read_header

    try:
        if kind_of(image).name != "DICOM":
            return None, None
        header = read_header(image)
    except (FileError, IsADirectoryError):  # a folder is a sequence of images
        return None, None
    return uid(header.dataset, "SOPInstanceUID"), header.frames
