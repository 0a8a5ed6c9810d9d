"""What the tables say of the objects of one frame."""

from __future__ import annotations

from typing import Any

import numpy as np

from uniultra.cluster.job import Found
from uniultra.io.masks import ids_of
from uniultra.measure import area_px
from uniultra.measure.report import scale_of
from uniultra.types import Prompt


def id_mask(found: Found) -> np.ndarray:
    """uint8 (H, W), 1..N in the order of the objects; all 0 where there are none."""
    return ids_of(found.masks) if found.masks else np.zeros((found.frame.height, found.frame.width), np.uint8)


def describe_objects(found: Found) -> list[dict[str, Any]]:
    """One entry an object: its prompt as text, its area in pixels and, where the scale is known, mm2, and its quality."""
    return [
        {
            "frame": found.number,
            "id": number,
            "prompt": prompt_text(prompt),
            "area_px": area_px(mask),
            "area_mm2": _area_mm2(found, mask.mask_hw, prompt),
            "quality": round(mask.quality, 4),
            "box_xyxy": mask.box_xyxy,
        }
        for number, (prompt, mask) in enumerate(zip(found.prompts, found.masks, strict=True), start=1)
    ]


def prompt_text(prompt: Prompt) -> str:
    """As it would stand in a prompts file: `box 1,2,3,4`, `points 5,6,1;7,8,0`, `mask`, or several of these."""
    parts = []
    if prompt.box_xyxy is not None:
        parts.append("box " + ",".join(f"{v:g}" for v in prompt.box_xyxy))
    if prompt.points_xy:
        clicks = zip(prompt.points_xy, prompt.point_labels, strict=True)
        parts.append("points " + ";".join(f"{x:g},{y:g},{label}" for (x, y), label in clicks))
    if prompt.mask_hw is not None:
        parts.append("mask")
    return " ".join(parts)


def _area_mm2(found: Found, mask_hw: np.ndarray, prompt: Prompt) -> float | None:
    spacing = scale_of(found.frame, mask_hw, prompt).spacing_mm_yx
    return None if spacing is None else round(float(np.count_nonzero(mask_hw)) * spacing[0] * spacing[1], 3)
