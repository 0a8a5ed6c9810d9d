"""How boxes, points and previous masks that are given side by side become objects; and where the prompts of a
call come from: these options, or a file of prompts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from uniultra.box_fit import BoxFit
from uniultra.errors import PromptError
from uniultra.io.paths import shown
from uniultra.pixel_scale import Box
from uniultra.prompts.objects import check_counts, named_prompts
from uniultra.types import NEGATIVE, POSITIVE, Prompt

if TYPE_CHECKING:
    from uniultra.io.priors import Prior


Point = tuple[float, float]
NO_PROMPT = "no prompt: give --box x0,y0,x1,y1 or --point x,y (or --mask, --prompts)"


@dataclass(frozen=True)
class Typed:
    """The prompt options of one call, as numbers."""

    boxes: tuple[Box, ...] = ()
    points: tuple[Point, ...] = ()
    negatives: tuple[Point, ...] = ()
    each_point: bool = False
    box_fit: str = ""

    @property
    def empty(self) -> bool:
        return not (self.boxes or self.points)

    def check(self, mask: Path | None, prompts: Path | None) -> None:
        """Raises PromptError where neither these, a mask nor a file of prompts is given, or the file beside
        another of them.
        """
        if self.empty and mask is None and prompts is None:
            raise PromptError(NO_PROMPT)
        if prompts is not None and not (self.empty and not self.negatives and mask is None):
            raise PromptError(
                "--prompts can't be combined with these; put boxes, points and labels into the file"
            )
        if self.box_fit and not self.boxes:
            raise PromptError(
                f"--box-fit {self.box_fit} without --box; give the box"
                + (", or box_fit in the file of prompts" if prompts is not None else ", or leave it out")
            )


def parse_typed(
    box: Sequence[str],
    point: Sequence[str],
    negative: Sequence[str],
    each_point: bool,
    box_fit: BoxFit | None = None,
) -> Typed:
    """Options' texts to numbers; raises PromptError for what isn't 4 or 2 comma-separated numbers."""
    return Typed(
        boxes=tuple(_numbers(text, 4, "box", "x0,y0,x1,y1") for text in box),  # type: ignore[misc]
        points=tuple(_numbers(text, 2, "point", "x,y") for text in point),  # type: ignore[misc]
        negatives=tuple(_numbers(text, 2, "negative point", "x,y") for text in negative),  # type: ignore[misc]
        each_point=each_point,
        box_fit="" if box_fit is None else box_fit.value,
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

    A point joins the smallest box (or the previous mask) that holds it. Points in none join the nearest
    previous mask where masks alone were given; else they are one object together, or one each with
    `each_point`. A negative point joins the smallest box or mask that holds it, and else every object.

    Raises:
        PromptError: nothing was given, or too much: over 255 objects, or 250 points in one.
    """
    holders: list[tuple[Box | None, np.ndarray | None]] = [(None, mask) for mask in previous] + [
        (box, None) for box in typed.boxes
    ]
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
    together = [loose] if loose else []
    clicked = [[point] for point in loose] if typed.each_point else together
    objects += [(None, None, points) for points in clicked]
    if not objects:
        raise PromptError(NO_PROMPT)
    prompts = []
    for index, (box, mask, points) in enumerate(objects):
        excluded = [point for point in typed.negatives if _holder(point, holders) in (None, index)]
        labels = (POSITIVE,) * len(points) + (NEGATIVE,) * len(excluded)
        fit = "" if box is None else typed.box_fit
        prompts.append(Prompt(box, (*points, *excluded), labels, mask, box_fit=fit))
    return check_counts(prompts)


def _nearest(point: Point, masks: Sequence[np.ndarray]) -> int:
    distances = [
        float(np.min(np.hypot(*(np.argwhere(mask) - (point[1], point[0])).T), initial=np.inf))
        for mask in masks
    ]
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


def group_prior(typed: Typed, prior: Prior) -> list[Prompt]:
    """As `grouping.group`, from previous masks that may have names, and prompts that led to them. Raises
    PromptError.
    """
    prompts = group(typed, prior.masks)
    called = [*prior.names, *[""] * (len(prompts) - len(prior.names))]
    earlier = [*prior.prompts, *[None] * (len(prompts) - len(prior.prompts))]
    return check_counts(
        [
            replace(_going_on(prompt, before), name=name)
            for prompt, before, name in zip(prompts, earlier, called, strict=True)
        ]
    )


def _going_on(prompt: Prompt, earlier: Prompt | None) -> Prompt:
    """A prompt that corrects a mask by clicks, with the box and the clicks that the mask came from before its
    own. Without clicks of its own it stays as it is.
    """
    if earlier is None or not prompt.points_xy:
        return prompt
    return replace(
        prompt,
        box_xyxy=earlier.box_xyxy,
        points_xy=(*earlier.points_xy, *prompt.points_xy),
        point_labels=(*earlier.point_labels, *prompt.point_labels),
        box_fit=earlier.box_fit,
    )


def prior_of(mask: Path | None, frame_hw: tuple[int, int], file: Path, frame: int | None) -> Prior:
    """The previous masks in a file, None for none, for a frame of `file`, with what the JSON beside them
    says. Raises FileError, PromptError.
    """
    from uniultra.io.priors import Prior, read_prior
    from uniultra.prompts.earlier import with_earlier

    return Prior() if mask is None else with_earlier(read_prior(mask, frame_hw, file, frame), mask, frame)


@dataclass(frozen=True)
class PromptSource:
    """Options, or a previous mask with them, or what `files.read_prompts` read for files named by
    `as_posix()`; and what structures are called, one name for all or one each.
    """

    typed: Typed
    mask: Path | None = None
    listed: Mapping[tuple[str, int | None], list[Prompt]] | None = None
    names: tuple[str, ...] = ()

    @property
    def said_names(self) -> list[str]:
        """The names that are given, `names` alone where there are any, as they count on every file."""
        own = (prompt.name for prompts in (self.listed or {}).values() for prompt in prompts)
        return list(self.names or own)

    def for_file(self, file: Path, frame_hw: tuple[int, int], frame: int | None = None) -> list[Prompt]:
        """The prompts of a file whose frames have this (height, width); of one frame, where that was chosen.

        Raises:
            PromptError: the prompts file doesn't name the file, or other frames of it. FileError: the
                previous mask can't be read.
        """
        if self.listed is None:
            prior = prior_of(self.mask, frame_hw, file, frame)
            return named_prompts(group_prior(self.typed, prior), self.names)
        name = file.as_posix()
        prompts = self.listed.get((name, frame)) or self.listed.get((name, None))
        if prompts is not None:
            return named_prompts(prompts, self.names)
        frames = sorted(number for called, number in self.listed if called == name and number is not None)
        if frames:
            raise PromptError(
                f"{shown(file)}: the prompts file has rows of frame {frames[0]}, and none for this call; "
                f"choose one with --frame {frames[0]}, or leave the column frame empty"
            )
        raise PromptError(f"{shown(file)}: the prompts file has no entry '{file.name}'")
