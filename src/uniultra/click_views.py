"""Prompts of which nothing is found yet: where a first pass on clicks looks, and what is answered first."""

from __future__ import annotations

from dataclasses import replace

from uniultra.geometry import field_side, region_around
from uniultra.model_facts import Passes
from uniultra.prompt_arrays import click_box, clicks_of
from uniultra.types import POSITIVE, Prompt, Region

MOST_OUTSIDE = 4
"""Up to so many clicks outside have a turn each. More are answered together: a mask drifts where each of many
corrects no error (docs/LOG.md), and every turn is a pass.
"""


def closer_view(prompt: Prompt, frame_hw: tuple[int, int], passes: Passes, share: float) -> Region | None:
    """A square around the clicks, `share` of the frame's side; None where that shows all of it."""
    region = region_around(click_box(prompt), passes.crop_scale, min_side=share * field_side(frame_hw))
    return region if region.width < max(frame_hw) else None


def passes_on(passes: Passes, frame_hw: tuple[int, int]) -> Passes:
    """A model's passes; a panorama's first view shows it squeezed, and isn't preferred."""
    squeezed = field_side(frame_hw) < max(frame_hw)
    return replace(passes, sure=1.0, closer_by=0.0) if squeezed else passes


def turns(prompt: Prompt, passes: Passes) -> list[Prompt]:
    """The prompts that a prompt is answered by, each on the mask of the one before: its box alone, or the
    clicks inside; the clicks inside, now with that mask; then those outside, one more a turn, or all in one
    turn where they are more than `MOST_OUTSIDE`. A click outside is only right on the mask that it was meant
    for.

    One turn: a prompt with a previous mask, with a box alone, or with clicks inside alone; and every prompt
    of a model that is given all clicks at once (`Passes.in_turns`).
    """
    if prompt.mask_hw is not None and not prompt.mask_hw.any():  # it says nothing
        prompt = replace(prompt, mask_hw=None)
    clicks = clicks_of(prompt)
    inside = [click for click in clicks if click[1] == POSITIVE]
    outside = [click for click in clicks if click[1] != POSITIVE]
    boxed = prompt.box_xyxy is not None
    if not passes.in_turns or prompt.mask_hw is not None or not (outside or (boxed and inside)):
        return [prompt]
    first = [] if boxed else inside
    counts = range(len(outside) + 1) if len(outside) <= MOST_OUTSIDE else (0, len(outside))
    steps = [inside + outside[:count] for count in counts]
    return [_with(prompt, first), *(_with(prompt, step) for step in steps if step)]


def _with(prompt: Prompt, clicks: list[tuple[tuple[float, float], int]]) -> Prompt:
    return replace(
        prompt,
        points_xy=tuple(place for place, _ in clicks),
        point_labels=tuple(label for _, label in clicks),
    )
