"""Masks in COCO's terms, out and in: annotations with compressed run lengths, as pycocotools reads them, and
run lengths that anybody may have written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from uniultra.errors import PromptError
from uniultra.io.annotation_files import labels_of
from uniultra.types import mask_box


def run_lengths(mask_hw: np.ndarray) -> list[int]:
    """Lengths of the runs of a bool mask (H, W) in column order, beginning with background (0 where the first
    pixel is inside).
    """
    box = mask_box(mask_hw)
    if box is None:
        return [mask_hw.size] if mask_hw.size else []
    height = mask_hw.shape[0]
    first, end = int(box[0] + 0.5), int(box[2] + 0.5)  # the columns beside the mask are one run each
    flat = mask_hw[:, first:end].ravel(order="F")
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1 + first * height
    edges = [0, first * height] if flat[0] else [0]
    edges += [*changes.tolist(), end * height] if flat[-1] else changes.tolist()
    if edges[-1] < mask_hw.size:
        edges.append(mask_hw.size)
    return np.diff(edges).tolist()


def compressed(runs: Sequence[int]) -> str:
    """COCO's compact text: from the fourth on each run less the one two before it; 5 bits a sign, lowest
    first, from "0" on.
    """
    signs = []
    for i, run in enumerate(runs):
        left = run - runs[i - 2] if i > 2 else run
        while True:
            part, left = left & 0x1F, left >> 5
            done = left == (-1 if part & 0x10 else 0)
            signs.append(chr((part if done else part | 0x20) + 48))
            if done:
                break
    return "".join(signs)


def coco(
    image: str, masks: Sequence[np.ndarray], more: Sequence[Mapping[str, Any]], names: Sequence[str] = ()
) -> dict[str, Any]:
    """The COCO object of one image: its masks, bool (H, W), as annotations 1..N, each with what `more` says
    of it.

    Categories are the different labels of `names`, from 1 in the order in which they come; "structure" is
    what nobody named.
    """
    height, width = masks[0].shape
    labels = labels_of(names, len(masks))
    categories = {label: number for number, label in enumerate(dict.fromkeys(labels), start=1)}
    annotations = [
        annotation(number, 1, categories[label], mask) | dict(own)
        for number, (mask, own, label) in enumerate(zip(masks, more, labels, strict=True), start=1)
    ]
    return {
        "images": [{"id": 1, "file_name": image, "width": int(width), "height": int(height)}],
        "categories": [{"id": number, "name": label} for label, number in categories.items()],
        "annotations": annotations,
    }


def annotation(number: int, image: int, category: int, mask_hw: np.ndarray) -> dict[str, Any]:
    """One annotation of an image and a category, by their ids."""
    x0, y0, x1, y1 = mask_box(mask_hw) or (-0.5, -0.5, -0.5, -0.5)
    return {
        "id": number,
        "image_id": image,
        "category_id": category,
        "iscrowd": 0,
        "area": int(np.count_nonzero(mask_hw)),
        "bbox": [x0 + 0.5, y0 + 0.5, x1 - x0, y1 - y0],
        "segmentation": {
            "size": [int(side) for side in mask_hw.shape],
            "counts": compressed(run_lengths(mask_hw)),
        },
    }


_MAX_SHIFT = 30
"""A run takes at most 7 characters: more is longer than any legal image."""


def mask_of(counts: str | Sequence[int], size_hw: tuple[int, int]) -> np.ndarray:
    """The bool mask (H, W) of COCO's compressed text, or of plain run lengths in column order, beginning with
    background.

    Raises:
        PromptError: characters that are no run lengths, or runs that don't fill (height, width) exactly.
    """
    pixels = size_hw[0] * size_hw[1]
    runs = _decompressed(counts, pixels) if isinstance(counts, str) else list(counts)
    if any(run < 0 for run in runs) or sum(runs) != pixels:
        raise PromptError(
            f"the runs of the mask don't add up to {size_hw[1]} x {size_hw[0]} pixels; give COCO run "
            "lengths in column order, background first"
        )
    height = size_hw[0]
    mask_hw = np.zeros(size_hw, np.bool_)
    edges = np.cumsum(runs)  # the run at an odd place is inside: from the edge before it to its own
    filled = [place for place in range(1, len(runs), 2) if runs[place]]
    if filled:
        first, last = int(edges[filled[0] - 1]) // height, (int(edges[filled[-1]]) - 1) // height
        cut = np.clip(edges, first * height, (last + 1) * height) - first * height
        inside = np.arange(len(runs)) % 2 == 1
        columns = np.repeat(inside, np.diff(cut, prepend=0))
        mask_hw[:, first : last + 1] = columns.reshape(height, last + 1 - first, order="F")
    return mask_hw


def _decompressed(text: str, pixels: int) -> list[int]:
    """Runs of COCO's text, none above `pixels`: 5 bits a sign, lowest first; from the fourth on each is less
    the one two before it.
    """
    runs: list[int] = []
    value, shift = 0, 0
    for sign in text:
        part = ord(sign) - 48
        if not 0 <= part < 64 or shift > _MAX_SHIFT:
            raise PromptError(
                f"the text of the mask has {sign!a} where COCO's run lengths can't; send it as it was given"
            )
        value |= (part & 0x1F) << shift
        shift += 5
        if part & 0x20:
            continue
        if part & 0x10:
            value |= -1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        if not 0 <= runs[-1] <= pixels:
            raise PromptError(
                f"a run of the mask is {runs[-1]} pixels; legal are 0 to {pixels}; send it as it was given"
            )
        value, shift = 0, 0
    if shift:
        raise PromptError("the text of the mask is truncated; send it as it was given")
    return runs
