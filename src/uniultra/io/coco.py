"""Masks in COCO's terms: annotations with compressed run lengths, as pycocotools reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

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
    image: str, masks: Sequence[np.ndarray], scores: Sequence[float], names: Sequence[str] = ()
) -> dict[str, Any]:
    """The COCO object of one image: its masks, bool (H, W), as annotations 1..N.

    Categories are the different labels of `names`, from 1 in the order in which they come; "structure" is
    what nobody named.
    """
    height, width = masks[0].shape
    labels = labels_of(names, len(masks))
    categories = {label: number for number, label in enumerate(dict.fromkeys(labels), start=1)}
    annotations = [
        annotation(number, 1, categories[label], mask) | {"score": round(float(score), 4)}
        for number, (mask, score, label) in enumerate(zip(masks, scores, labels, strict=True), start=1)
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
