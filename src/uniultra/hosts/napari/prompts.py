"""Points and rectangles of napari's layers as prompts. Nothing here needs napari.

napari's coordinates of data are (frame, y, x) or (y, x), 0 at the centre of the first pixel, as here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from uniultra.errors import PromptError
from uniultra.hosts.description import NOTHING, Description
from uniultra.types import NEGATIVE, POSITIVE, Prompt

IN, OUT = "in", "out"
"""What a point says: it lies in the structure, or outside of it."""
_Given = tuple[list[tuple[float, float]], list[int], tuple[float, float, float, float] | None]
"""Points, their labels, and a box."""
Prompts = dict[int, dict[int, Prompt]]
"""Frame, from 0, to prompts by the structures' numbers."""


def prompts_of(
    points: np.ndarray,
    of_points: Sequence[tuple[int, str]],
    boxes: Sequence[np.ndarray],
    of_boxes: Sequence[int],
    said_of: Mapping[int, Description] | None = None,
    shown: Callable[[int, int], np.ndarray | None] = lambda frame, number: None,
) -> Prompts:
    """All prompts.

    Args:
        points: (N, 2 or 3).
        of_points: for each the structure's number, and IN or OUT.
        boxes: corners of each rectangle, (4, 2 or 3).
        of_boxes: for each the structure's number; of several of one structure on a frame the last counts.
        said_of: what is said of structures, by their numbers.
        shown: the mask (H, W) that a structure has on a frame, which points outside alone correct; None where
            it has none.

    Raises PromptError: a structure without a mask has points outside alone, or an empty box.
    """
    frames: dict[tuple[int, int], _Given] = {}
    for corners, number in zip(boxes, of_boxes, strict=True):
        low, high = corners[:, -2:].min(axis=0), corners[:, -2:].max(axis=0)
        box = (float(low[1]), float(low[0]), float(high[1]), float(high[0]))
        frames[_frame(corners[0]), int(number)] = ([], [], box)
    for point, (number, said) in zip(points, of_points, strict=True):
        at = frames.setdefault((_frame(point), int(number)), ([], [], None))
        at[0].append((float(point[-1]), float(point[-2])))
        at[1].append(NEGATIVE if said == OUT else POSITIVE)
    found: Prompts = {}
    for (frame, number), (places, labels, box_xyxy) in sorted(frames.items()):
        own = (said_of or {}).get(number, NOTHING)
        mask_hw = shown(frame, number) if box_xyxy is None and POSITIVE not in labels else None
        if box_xyxy is None and POSITIVE not in labels and mask_hw is None:
            raise PromptError(
                f"structure {number} has points outside alone on frame {frame}, and no mask that they could "
                "correct; add a point inside or a rectangle"
            )
        found.setdefault(frame, {})[number] = own.prompt(box_xyxy, tuple(places), tuple(labels), mask_hw)
    return found


def numbered(prompts: Prompts) -> tuple[Prompts, list[int]]:
    """The same with structures numbered 1 to N, as tracking wants them, and what each is called."""
    numbers = sorted({number for own in prompts.values() for number in own})
    place = {number: at for at, number in enumerate(numbers, 1)}
    return {frame: {place[n]: replace(p) for n, p in own.items()} for frame, own in prompts.items()}, numbers


def _frame(point: np.ndarray) -> int:
    return round(float(point[0])) if len(point) > 2 else 0
