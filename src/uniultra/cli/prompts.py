"""From what is typed to prompts: how boxes, points and a previous mask become objects."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from uniultra.errors import PromptError
from uniultra.io.texts import composed, read_json
from uniultra.types import NEGATIVE, POSITIVE, Prompt

MOST_OBJECTS, MOST_POINTS = 255, 250
MOST_BYTES = 50 * 10**6
"""A prompts file beyond this is refused."""
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


@dataclass(frozen=True)
class PromptSource:
    """Where the prompts of a call come from: its options, a previous mask, or a prompts file."""

    typed: Typed
    mask: Path | None = None
    listed: dict[str, list[Prompt]] | list[Prompt] | None = None

    def for_file(self, file: Path, frame_hw: tuple[int, int]) -> list[Prompt]:
        """The prompts of a file whose frames have this (height, width).

        Raises:
            PromptError: the prompts file doesn't name the file. FileError: the previous mask can't be read.
        """
        from uniultra.io.masks import read_previous

        if isinstance(self.listed, dict):
            alike = {composed(name): prompts for name, prompts in self.listed.items()} | self.listed
            prompts = self.listed.get(file.name) or alike.get(composed(file.name))
            if prompts is None:
                raise PromptError(f"{file}: the prompts file has no entry '{file.name}'")
            return prompts
        if self.listed is not None:
            return self.listed
        previous = [] if self.mask is None else read_previous(self.mask, frame_hw)
        return group(self.typed, previous)


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

    A point joins the smallest box (or the previous mask) that holds it. Points in none join the nearest previous mask where
    masks alone were given; else they are one object together, or one each with `each_point`. A negative point joins the
    smallest box or mask that holds it, and else every object.

    Raises:
        PromptError: nothing was given, or too much: over 255 objects, or 250 points in one.
    """
    holders: list[tuple[Box | None, np.ndarray | None]] = [(None, mask) for mask in previous] + [(box, None) for box in typed.boxes]
    inside: list[list[Point]] = [[] for _ in holders]
    loose: list[Point] = []
    for point in typed.points:
        holder = _holder(point, holders)
        (loose if holder is None else inside[holder]).append(point)
    if previous and not typed.boxes and not typed.each_point:
        for point in loose:  # a click beside the masks says what one of them missed: the nearest
            inside[_nearest(point, previous)].append(point)
        loose = []
    objects = [(*holder, points) for holder, points in zip(holders, inside, strict=True)]
    clicked = [[point] for point in loose] if typed.each_point else [loose] if loose else []
    objects += [(None, None, points) for points in clicked]
    if not objects:
        raise PromptError("no prompt: give --box x0,y0,x1,y1 or --point x,y (or --mask, --prompts)")
    return check_counts([_prompt(index, objects, typed.negatives, holders) for index in range(len(objects))])


def check_counts(prompts: list[Prompt]) -> list[Prompt]:
    """The same prompts; raises PromptError for more objects than an id mask tells apart, or more points than a model takes."""
    if len(prompts) > MOST_OBJECTS:
        raise PromptError(f"{len(prompts)} structures on one image; an id mask holds 1 to {MOST_OBJECTS}: split the prompts")
    for prompt in prompts:
        if len(prompt.points_xy) > MOST_POINTS:
            raise PromptError(f"{len(prompt.points_xy)} points on one structure; a model takes up to {MOST_POINTS}: leave some out")
    return prompts


def _prompt(index: int, objects: Sequence[Any], negatives: Sequence[Point], holders: Sequence[Any]) -> Prompt:
    box, mask, points = objects[index]
    excluded = [point for point in negatives if _holder(point, holders) in (None, index)]
    labels = [POSITIVE] * len(points) + [NEGATIVE] * len(excluded)
    return Prompt(box_xyxy=box, points_xy=(*points, *excluded), point_labels=tuple(labels), mask_hw=mask)


def _nearest(point: Point, masks: Sequence[np.ndarray]) -> int:
    distances = [float(np.min(np.hypot(*(np.argwhere(mask) - (point[1], point[0])).T), initial=np.inf)) for mask in masks]
    return int(np.argmin(distances))


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
        if path.stat().st_size > MOST_BYTES or not path.is_file():
            raise PromptError(f"prompts '{path}' is not a file of at most {MOST_BYTES // 10**6} MB; split it")
        content = read_json(path)
    except (OSError, ValueError, RecursionError) as error:
        raise PromptError(f"prompts '{path}' can't be read as JSON: {error}") from error
    if isinstance(content, dict):
        return {str(name): _objects(path, value) for name, value in content.items()}
    return _objects(path, content)


def _objects(path: Path, items: Any) -> list[Prompt]:
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise PromptError(f"prompts '{path}': each image needs a list of objects with box, points, labels")
    try:
        return check_counts([prompt_of(item) for item in items])
    except PromptError as error:
        raise PromptError(f"prompts '{path}': {error}") from error


def prompt_of(item: dict[str, Any]) -> Prompt:
    """One object of a prompts file; raises PromptError for unknown keys or what isn't numbers."""
    unknown = sorted(set(item) - {"box", "points", "labels"})
    if unknown:
        raise PromptError(f"key {json.dumps(unknown[0])[:40]} is unknown; an object has box, points, labels")
    try:
        box = None if item.get("box") is None else tuple(_real(v) for v in _listed(item["box"]))
        points = tuple((_real(x), _real(y)) for x, y in map(_listed, _listed(item.get("points") or [])))
        labels = tuple(_real(v) for v in _listed(item.get("labels") or [POSITIVE] * len(points)))
    except (TypeError, ValueError, OverflowError) as error:
        raise PromptError(f"{json.dumps(item)[:80]} is not numbers in the form of box, points, labels") from error
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
