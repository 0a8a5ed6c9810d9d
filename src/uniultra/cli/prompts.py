"""From what is typed to prompts: how boxes, points and a previous mask become objects."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from uniultra.errors import PromptError
from uniultra.types import NEGATIVE, POSITIVE, Prompt

Box = tuple[float, float, float, float]
Point = tuple[float, float]


@dataclass(frozen=True)
class Typed:
    """The prompt options of one call, as numbers."""

    boxes: tuple[Box, ...] = ()
    points: tuple[Point, ...] = ()
    negatives: tuple[Point, ...] = ()
    each_point: bool = False

    @property
    def empty(self) -> bool:
        return not (self.boxes or self.points)


def parse_typed(box: Sequence[str], point: Sequence[str], negative: Sequence[str], each_point: bool) -> Typed:
    """Options' texts to numbers; raises PromptError for what isn't 4 or 2 comma-separated numbers."""
    return Typed(
        boxes=tuple(_numbers(text, 4, "box", "x0,y0,x1,y1") for text in box),  # type: ignore[misc]
        points=tuple(_numbers(text, 2, "point", "x,y") for text in point),  # type: ignore[misc]
        negatives=tuple(_numbers(text, 2, "negative point", "x,y") for text in negative),  # type: ignore[misc]
        each_point=each_point,
    )


def _numbers(text: str, count: int, what: str, form: str) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) != count:
        raise PromptError(f"{what} '{text}' is not {count} numbers; give {form} in pixels")
    return values


def group(typed: Typed, previous: Sequence[np.ndarray] = ()) -> list[Prompt]:
    """Objects, in order: previous masks, then boxes, then clicks.

    A point joins the smallest box (or the previous mask) that holds it. Points in none are one object together, or one each
    with `each_point`. A negative point joins the smallest box that holds it, and else every object.

    Raises:
        PromptError: nothing was given, or a negative point has nothing to exclude from.
    """
    holders: list[tuple[Box | None, np.ndarray | None]] = [(None, mask) for mask in previous] + [(box, None) for box in typed.boxes]
    inside: list[list[Point]] = [[] for _ in holders]
    loose: list[Point] = []
    for point in typed.points:
        holder = _holder(point, holders)
        (loose if holder is None else inside[holder]).append(point)
    if len(holders) == 1 and loose and not typed.each_point and not typed.boxes:
        inside[0], loose = inside[0] + loose, []  # one previous mask: every click corrects it
    objects = [(*holder, points) for holder, points in zip(holders, inside, strict=True)]
    clicked = [[point] for point in loose] if typed.each_point else [loose] if loose else []
    objects += [(None, None, points) for points in clicked]
    if not objects:
        raise PromptError("no prompt: give --box x0,y0,x1,y1 or --point x,y (or --mask, --prompts)")
    return [_prompt(index, objects, typed.negatives, holders) for index in range(len(objects))]


def _prompt(index: int, objects: Sequence[Any], negatives: Sequence[Point], holders: Sequence[Any]) -> Prompt:
    box, mask, points = objects[index]
    excluded = [point for point in negatives if _holder(point, holders) in (None, index)]
    labels = [POSITIVE] * len(points) + [NEGATIVE] * len(excluded)
    return Prompt(box_xyxy=box, points_xy=(*points, *excluded), point_labels=tuple(labels), mask_hw=mask)


def _holder(point: Point, holders: Sequence[tuple[Box | None, np.ndarray | None]]) -> int | None:
    x, y = point
    found: list[tuple[float, int]] = []
    for index, (box, mask) in enumerate(holders):
        if box is not None and box[0] <= x <= box[2] and box[1] <= y <= box[3]:
            found.append(((box[2] - box[0]) * (box[3] - box[1]), index))
        if mask is not None:
            row, column = round(y), round(x)
            if 0 <= row < mask.shape[0] and 0 <= column < mask.shape[1] and mask[row, column]:
                found.append((float(np.count_nonzero(mask)), index))
    return min(found)[1] if found else None


def read_prompts(path: Path) -> dict[str, list[Prompt]] | list[Prompt]:
    """A JSON file of objects: a list for every image, or a dict from an image's file name to its list.

    An object is {"box": [x0, y0, x1, y1], "points": [[x, y], ...], "labels": [1, 0, ...]}, each key optional.

    Raises:
        PromptError: not such a file.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PromptError(f"prompts '{path}' can't be read as JSON: {error}") from error
    if isinstance(content, dict):
        return {str(name): _objects(path, value) for name, value in content.items()}
    return _objects(path, content)


def _objects(path: Path, items: Any) -> list[Prompt]:
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise PromptError(f"prompts '{path}': each image needs a list of objects with box, points, labels")
    try:
        return [prompt_of(item) for item in items]
    except PromptError as error:
        raise PromptError(f"prompts '{path}': {error}") from error


def prompt_of(item: dict[str, Any]) -> Prompt:
    """One object of a prompts file; raises PromptError for unknown keys or what isn't numbers."""
    unknown = sorted(set(item) - {"box", "points", "labels"})
    if unknown:
        raise PromptError(f"key '{unknown[0]}' is unknown; an object has box, points, labels")
    try:
        box = tuple(float(v) for v in item["box"]) if "box" in item else None
        points = tuple((float(x), float(y)) for x, y in item.get("points", ()))
        labels = tuple(int(v) for v in item.get("labels", [POSITIVE] * len(points)))
    except (TypeError, ValueError) as error:
        raise PromptError(f"{json.dumps(item)[:80]} is not numbers in the form of box, points, labels") from error
    return Prompt(box_xyxy=box, points_xy=points, point_labels=labels)  # type: ignore[arg-type]
