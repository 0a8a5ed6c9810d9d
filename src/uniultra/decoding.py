"""Prompts decoded on an embedding, as the model's own grids: one answer for each, and a second one beside it
where a last mask is corrected by clicks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from uniultra.backends.protocol import Backend
from uniultra.geometry import ModelMap
from uniultra.postprocess import overlap
from uniultra.prompt_arrays import alike, found_box, prompt_arrays
from uniultra.types import Embedding, Prompt


class Answer(NamedTuple):
    """What the model says to one prompt.

    Attributes:
        grid_hw: float32 (S/4, S/4) logits over the embedding's region.
        quality: the predicted IoU, as decoded.
    """

    grid_hw: np.ndarray
    quality: float


def decoded(backend: Backend, embedding: Embedding, prompts: Sequence[Prompt]) -> list[Answer]:
    """One answer per prompt, in order.

    Prompts with equally many points are decoded in one batch. Padding would be cheaper, but the model sees
    it: a prompt's answer would depend on its neighbours in the call.
    """
    facts = backend.facts
    to_model = ModelMap(embedding.region, facts.input_size)
    found: dict[int, Answer] = {}
    for places in alike(prompts, facts.structures):
        together = [prompts[place] for place in places]
        arrays = prompt_arrays(together, to_model, facts.box_fits, facts.structures)
        logits, quality = backend.decode(embedding.features, *arrays)
        for place, grid_hw, score in zip(places, logits, quality, strict=True):
            found[place] = Answer(grid_hw, float(score))
    return [found[place] for place in range(len(prompts))]


def with_box_answers(
    backend: Backend, embedding: Embedding, prompts: Sequence[Prompt], answers: Sequence[Answer]
) -> list[Answer]:
    """The answers; where clicks correct a last mask and no box is given, each is averaged with the answer to
    the same clicks and that mask's box, if the IoU of both is above `Passes.box_agreed`. The two err in
    different places; where they disagree, the box of a wrong mask would hold the next one back.
    """
    least = backend.facts.passes.box_agreed
    places = [place for place, prompt in enumerate(prompts) if least and _corrected(prompt)]
    seconds = decoded(backend, embedding, [_by_box(prompts[place]) for place in places])
    made = list(answers)
    for place, second in zip(places, seconds, strict=True):
        first = answers[place]
        if overlap(first.grid_hw > 0, second.grid_hw > 0) > least:
            made[place] = first._replace(grid_hw=(first.grid_hw + second.grid_hw) / 2)
    return made


def _corrected(prompt: Prompt) -> bool:
    return prompt.mask_hw is not None and prompt.box_xyxy is None and bool(prompt.points_xy)


def _by_box(prompt: Prompt) -> Prompt:
    assert prompt.mask_hw is not None
    return replace(prompt, mask_hw=None, box_xyxy=found_box(prompt.mask_hw, prompt))
