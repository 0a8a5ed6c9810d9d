"""One structure's prompt as JSON and as a cell of a table, and how many an image may have."""

from __future__ import annotations

import json
from typing import Any

from uniultra.errors import PromptError
from uniultra.types import POSITIVE, Prompt

MOST_OBJECTS, MOST_POINTS = 255, 250
"""Objects that one id mask tells apart, and points that a model takes."""


def check_counts(prompts: list[Prompt]) -> list[Prompt]:
    """The same prompts; raises PromptError for more objects than an id mask tells apart, or more points than
    a model takes.
    """
    if len(prompts) > MOST_OBJECTS:
        raise PromptError(
            f"{len(prompts)} structures on one image; an id mask holds 1 to {MOST_OBJECTS}: split the prompts"
        )
    for prompt in prompts:
        if len(prompt.points_xy) > MOST_POINTS:
            raise PromptError(
                f"{len(prompt.points_xy)} points on one structure; a model takes up to {MOST_POINTS}: leave "
                "some out"
            )
    return prompts


def prompt_of(item: dict[str, Any]) -> Prompt:
    """One object of a prompts file, or what `prompt_json` made; raises PromptError for unknown keys or what
    isn't numbers.
    """
    if item.get("previous_mask"):
        raise PromptError("the prompt had a previous mask, which is a file of its own; give it with --mask")
    unknown = sorted(set(item) - {"box", "points", "labels", "previous_mask"})
    if unknown:
        raise PromptError(f"key {json.dumps(unknown[0])[:40]} is unknown; an object has box, points, labels")
    try:
        box = None if item.get("box") is None else tuple(_real(v) for v in _listed(item["box"]))
        points = tuple((_real(x), _real(y)) for x, y in map(_listed, _listed(item.get("points") or [])))
        labels = tuple(_real(v) for v in _listed(item.get("labels") or [POSITIVE] * len(points)))
    except (TypeError, ValueError, OverflowError) as error:
        raise PromptError(
            f"{json.dumps(item)[:80]} is not numbers in the form of box, points, labels"
        ) from error
    return Prompt(box_xyxy=box, points_xy=points, point_labels=labels)  # type: ignore[arg-type]


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _real(value: Any) -> float:
    """A JSON number; text and true or false are not numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("not a number")
    return float(value)


def prompt_json(prompt: Prompt) -> dict[str, Any]:
    """A prompt with the keys of a prompts file; of a previous mask only that there was one."""
    return {
        "box": prompt.box_xyxy,
        "points": prompt.points_xy,
        "labels": prompt.point_labels,
        "previous_mask": prompt.mask_hw is not None,
    }


def prompt_text(prompt: Prompt | None) -> str:
    """A prompt as one cell of a table: `box 1,2,3,4`, `points 5,6,1;7,8,0`, `mask`, or several of these."""
    if prompt is None:
        return ""
    parts = []
    if prompt.box_xyxy is not None:
        parts.append("box " + ",".join(f"{v:g}" for v in prompt.box_xyxy))
    if prompt.points_xy:
        clicks = zip(prompt.points_xy, prompt.point_labels, strict=True)
        parts.append("points " + ";".join(f"{x:g},{y:g},{label}" for (x, y), label in clicks))
    if prompt.mask_hw is not None:
        parts.append("mask")
    return " ".join(parts)
