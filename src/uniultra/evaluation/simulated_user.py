"""What a segmenter is asked about an image: boxes, rough previous masks, clicks; and what it answers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Protocol

import numpy as np

from uniultra.data.prompt_simulation import (
    centre_click,
    correction_click,
    exact_box,
    jitter_box,
    rough_mask,
    sam2_box,
    scribble,
    uniform_click,
    widen_box,
)
from uniultra.evaluation.metrics import dice
from uniultra.evaluation.settings import GOAL_DICE, EvaluationSettings, PromptKind, stable_seed
from uniultra.pixel_scale import Box
from uniultra.types import POSITIVE, Frame, Mask, Prompt


class PromptableSegmenter(Protocol):
    """What can be scored: models, peers and baselines. With several workers it must be thread-safe."""

    @property
    def name(self) -> str:
        """What reports call it."""

    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> list[Mask]:
        """One mask per prompt, in their order, at the frame's own size; quality NaN where it gives none."""


@dataclass(frozen=True)
class Question:
    """What is asked about which object of an image; `box_xyxy` for boxes, `start_hw` for a previous mask,
    neither for clicks.
    """

    object_index: int
    kind: PromptKind
    draw: int = 0
    box_xyxy: Box | None = None
    start_hw: np.ndarray | None = None


@dataclass(frozen=True)
class Answer:
    """A mask, the seconds it took, and, of a run of clicks, the Dice after each."""

    mask: Mask
    seconds: float
    curve: tuple[float, ...] | None = None


EMPTY_CLICKS = ((0.5, 0.5), (0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75))
"""Where images without objects are clicked, as shares of width and height: there is no right place, so the
same on all.
"""


def ask(
    segmenter: PromptableSegmenter,
    frame: Frame,
    truths: list[np.ndarray],
    row_id: str,
    settings: EvaluationSettings,
    names: Sequence[str] = (),
) -> list[tuple[Question, Answer]]:
    """Every question of the settings about every object of an image, with its answer. With `settings.named`
    the prompts say what the objects are called.
    """
    names = list(names) if settings.named else [""] * len(truths)
    boxes = [
        Question(index, kind, draw, box_for(row_id, index, kind, draw, true_hw))
        for index, true_hw in enumerate(truths)
        for kind in settings.boxes
        for draw in settings.draws_of(kind)
    ]
    masks = [  # about right, and nothing else: are they made better?
        Question(index, kind, start_hw=rough_mask(true_hw, _rng(row_id, index, kind.name, 0)))
        for index, true_hw in enumerate(truths)
        for kind in settings.masks
    ]
    answered: list[tuple[Question, Answer]] = []
    for questions in (boxes, masks):
        prompts = [
            Prompt(
                question.box_xyxy,
                mask_hw=question.start_hw,
                name=names[question.object_index],
                box_fit=question.kind.fit,
            )
            for question in questions
        ]
        answered += zip(questions, _timed(segmenter, frame, prompts), strict=True)
    return [*answered, *_ask_clicks(segmenter, frame, truths, row_id, settings, names)]


def _rng(*parts: str | int) -> np.random.Generator:
    return np.random.default_rng(stable_seed(*parts))


def ask_nothing(segmenter: PromptableSegmenter, frame: Frame) -> list[Mask]:
    """The answers to EMPTY_CLICKS, one positive click each, on an image that shows no object."""
    places = [(x * (frame.width - 1), y * (frame.height - 1)) for x, y in EMPTY_CLICKS]
    return segmenter.segment(
        frame, [Prompt(points_xy=(place,), point_labels=(POSITIVE,)) for place in places]
    )


def box_for(row_id: str, object_index: int, kind: PromptKind, draw: int, true_hw: np.ndarray) -> Box:
    """The box of one question about an object with the mask `true_hw`, cut to the frame: nobody draws outside
    the picture.

    Where less than a pixel would be left, the exact edges stay.
    """
    exact = exact_box(true_hw)
    rng = _rng(row_id, object_index, kind.boxes or kind.name, draw)
    x0, y0, x1, y1 = _drawn_box(exact, kind, true_hw.shape, rng)
    height, width = true_hw.shape
    x0, y0, x1, y1 = max(x0, -0.5), max(y0, -0.5), min(x1, width - 0.5), min(y1, height - 0.5)
    if x1 - x0 < 1:
        x0, x1 = exact[0], exact[2]
    if y1 - y0 < 1:
        y0, y1 = exact[1], exact[3]
    return x0, y0, x1, y1


def _drawn_box(exact: Box, kind: PromptKind, frame_hw: tuple[int, int], rng: np.random.Generator) -> Box:
    if kind.jitter:
        return jitter_box(exact, kind.jitter, rng)
    if kind.sam2:
        return sam2_box(exact, frame_hw, rng)
    return widen_box(exact, kind.margin)


def _ask_clicks(
    segmenter: PromptableSegmenter,
    frame: Frame,
    truths: list[np.ndarray],
    row_id: str,
    settings: EvaluationSettings,
    names: Sequence[str],
) -> list[tuple[Question, Answer]]:
    """Runs of clicks that begin in the depth of each object, and those that begin anywhere on it, with a
    stroke or with a box, once a draw.
    """
    answered: list[tuple[Question, Answer]] = []
    for _, alike in groupby(sorted(settings.clicks, key=_beginning), key=_beginning):
        kinds = list(alike)
        starts = [(index, draw) for index in range(len(truths)) for draw in settings.draws_of(kinds[0])]
        begun = [
            replace(_first_prompt(kinds[0], truths[index], row_id, index, draw), name=names[index])
            for index, draw in starts
        ]
        rounds = list(_click_rounds(segmenter, frame, begun, [truths[index] for index, _ in starts], kinds))
        answered += [
            (Question(index, kind, draw), _after(kind, [each[run] for each in rounds], truths[index]))
            for run, (index, draw) in enumerate(starts)
            for kind in kinds
        ]
    return answered


def _beginning(kind: PromptKind) -> tuple[str, bool, bool, bool]:
    """Alike for kinds whose runs begin alike, and go on alike."""
    return kind.boxes, kind.stroke, kind.anywhere, kind.at_once


def _first_prompt(kind: PromptKind, true_hw: np.ndarray, row_id: str, object_index: int, draw: int) -> Prompt:
    if kind.corrects:
        return Prompt(box_for(row_id, object_index, kind, draw, true_hw), box_fit=kind.fit)
    if kind.stroke:
        points = scribble(true_hw, _rng(row_id, object_index, "scribble", draw))
    elif kind.anywhere:
        points = (uniform_click(true_hw, _rng(row_id, object_index, "uclick", draw)),)
    else:
        points = (centre_click(true_hw),)
    return Prompt(points_xy=points, point_labels=(POSITIVE,) * len(points))


def _after(kind: PromptKind, answers: list[Answer], true_hw: np.ndarray) -> Answer:
    """The answer after the kind's clicks; for a goal, the first that reaches it, else the last, with the
    curve until there.
    """
    if not kind.goal:
        return answers[kind.answers - 1]
    curve: list[float] = []
    for answer in answers[: kind.clicks]:
        curve.append(dice(answer.mask.mask_hw, true_hw))
        if curve[-1] >= kind.goal:
            break
    return replace(answers[len(curve) - 1], curve=tuple(curve))


def _click_rounds(
    segmenter: PromptableSegmenter,
    frame: Frame,
    prompts: list[Prompt],
    truths: list[np.ndarray],
    kinds: list[PromptKind],
) -> Iterator[list[Answer]]:
    """The answers for all runs after their first prompt, then after each further click, up to the most that a
    kind has; each begins with one of `prompts`.

    An object without an error left keeps its answer, unasked; after the clicks of kinds without a goal so
    does one that has reached GOAL_DICE.
    """
    most = max(kind.answers for kind in kinds)
    fixed = max((kind.answers for kind in kinds if not kind.goal), default=0)
    answers = _timed(segmenter, frame, prompts)
    for done in range(1, most + 1):
        yield answers
        if done < most:
            following = [
                None
                if done >= fixed and dice(answer.mask.mask_hw, true_hw) >= GOAL_DICE
                else _corrected(prompt, answer, true_hw, kinds[0].at_once)
                for prompt, answer, true_hw in zip(prompts, answers, truths, strict=True)
            ]
            prompts = [new or old for new, old in zip(following, prompts, strict=True)]
            fresh = iter(_timed(segmenter, frame, [prompt for prompt in following if prompt is not None]))
            answers = [
                old if prompt is None else next(fresh) for prompt, old in zip(following, answers, strict=True)
            ]


def _corrected(prompt: Prompt, answer: Answer, true_hw: np.ndarray, at_once: bool) -> Prompt | None:
    """The box and all clicks so far, one on the largest error, and, unless all are given `at_once`, the last
    mask; None where nothing is wrong.
    """
    click = correction_click(answer.mask.mask_hw, true_hw)
    if click is None:
        return None
    point_xy, label = click
    previous_hw = answer.mask.mask_hw if answer.mask.mask_hw.any() and not at_once else None
    return replace(
        prompt,
        points_xy=(*prompt.points_xy, point_xy),
        point_labels=(*prompt.point_labels, label),
        mask_hw=previous_hw,
    )


def _timed(segmenter: PromptableSegmenter, frame: Frame, prompts: list[Prompt]) -> list[Answer]:
    if not prompts:
        return []
    start = time.perf_counter()
    masks = segmenter.segment(frame, prompts)
    seconds = (time.perf_counter() - start) / len(prompts)
    assert len(masks) == len(prompts), f"{segmenter.name} gave {len(masks)} masks for {len(prompts)} prompts"
    return [Answer(mask, seconds) for mask in masks]
