"""What earlier masks were prompted with, and are called, from the JSON beside them: a correction goes on from
all that was given so far, not from the mask and the last click alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from uniultra.errors import PromptError
from uniultra.io.own_results import SCHEMAS, report_beside
from uniultra.io.priors import Prior
from uniultra.prompts.objects import prompt_of
from uniultra.structures import legal_name
from uniultra.types import Prompt


def with_earlier(prior: Prior, mask: Path, frame: int | None = None) -> Prior:
    """The same masks, with the prompts and names of the JSON that `segment` or `track` wrote beside `mask`;
    as they are where there is none, or it speaks of another number of structures. One that has another number
    of pixels was edited since, or lies partly under another, and is its mask alone.

    Args:
        frame: of a cine, from 0; None for the only one.
    """
    found = _structures(report_beside(mask), frame)
    if len(found) != len(prior.masks):
        return prior
    same = [
        int(item["area_px"]) == np.count_nonzero(one) for item, one in zip(found, prior.masks, strict=True)
    ]
    prompts = [_prompt(item) if kept else None for item, kept in zip(found, same, strict=True)]
    called = [_name(item) if kept else "" for item, kept in zip(found, same, strict=True)]
    names = [name or other for name, other in zip(prior.names, called, strict=True)]
    return replace(prior, names=names, prompts=prompts)


def _structures(report: Mapping[str, Any], frame: int | None) -> Sequence[Mapping[str, Any]]:
    """The structures that a report has on a frame, by their ids."""
    if report.get("schema") not in SCHEMAS:
        return ()
    try:
        frames = report.get("frames", [report])
        there = [one for one in frames if frame is None or one["frame"] in (None, frame)]
        if len(there) != 1:
            return ()
        return sorted(
            (item for item in there[0]["objects"] if int(item["area_px"]) > 0),
            key=lambda item: int(item["id"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return ()


def _prompt(item: Mapping[str, Any]) -> Prompt | None:
    """None where the structure had no box or point: it was tracked, drawn, or found by itself."""
    said = item.get("prompt")
    if not isinstance(said, dict):
        return None
    try:
        prompt = prompt_of(said | {"previous_mask": False})
    except PromptError:
        return None
    return replace(prompt, point_labels=tuple(int(label) for label in prompt.point_labels))


def _name(item: Mapping[str, Any]) -> str:
    try:
        return legal_name(item.get("name") or "")
    except PromptError:
        return ""
