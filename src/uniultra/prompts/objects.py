"""One structure's prompt as JSON and as a cell of a table, and how many an image may have."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from uniultra.errors import PromptError
from uniultra.structures import legal_name
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
    unknown = sorted(set(item) - {"box", "box_fit", "points", "labels", "label", "previous_mask"})
    if unknown:
        raise PromptError(
            f"key {json.dumps(unknown[0])[:40]} is unknown; an object has box, box_fit, points, labels, label"
        )
    try:
        box = None if item.get("box") is None else tuple(_real(v) for v in _listed(item["box"]))
        points = tuple((_real(x), _real(y)) for x, y in map(_listed, _listed(item.get("points") or [])))
        labels = tuple(_real(v) for v in _listed(item.get("labels") or [POSITIVE] * len(points)))
    except (TypeError, ValueError, OverflowError) as error:
        raise PromptError(
            f"{json.dumps(item)[:80]} is not numbers in the form of box, points, labels"
        ) from error
    name = legal_name(item["label"]) if item.get("label") is not None else ""
    return Prompt(box, points, labels, name=name, box_fit=item.get("box_fit") or "")  # type: ignore[arg-type]


def named_prompts(prompts: Sequence[Prompt], names: Sequence[str]) -> list[Prompt]:
    """The same prompts with these names, one for all or one each in their order; no name changes none.

    Raises:
        PromptError: another number of names.
    """
    each = names_of(names, len(prompts))
    return [replace(prompt, name=name or prompt.name) for prompt, name in zip(prompts, each, strict=True)]


def names_of(names: Sequence[str], count: int) -> list[str]:
    """A name for each of `count` structures: "" for each where there is none. Raises PromptError."""
    if len(names) in (0, 1):
        return [*(names or [""])] * count
    if len(names) != count:
        raise PromptError(
            f"{len(names)} labels for {count} structures; give one for all, or one each: masks, boxes, clicks"
        )
    return list(names)


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
    named = {"label": prompt.name} if prompt.name else {}
    fit = {"box_fit": prompt.box_fit} if prompt.box_fit else {}
    return {
        "box": prompt.box_xyxy,
        "points": prompt.points_xy,
        "labels": prompt.point_labels,
        "previous_mask": prompt.mask_hw is not None,
        **fit,
        **named,
    }


def prompt_text(prompt: Prompt | None) -> str:
    """A prompt as one cell of a table: `box 1,2,3,4`, which may begin with `tight` or `loose`,
    `points 5,6,1;7,8,0`, `mask`, or several of these.
    """
    if prompt is None:
        return ""
    parts = []
    if prompt.box_xyxy is not None:
        fit = f"{prompt.box_fit} " if prompt.box_fit else ""
        parts.append(f"{fit}box " + ",".join(f"{v:g}" for v in prompt.box_xyxy))
    if prompt.points_xy:
        clicks = zip(prompt.points_xy, prompt.point_labels, strict=True)
        parts.append("points " + ";".join(f"{x:g},{y:g},{label}" for (x, y), label in clicks))
    if prompt.mask_hw is not None:
        parts.append("mask")
    return " ".join(parts)
