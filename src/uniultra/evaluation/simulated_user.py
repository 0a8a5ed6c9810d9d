"""What a segmenter is asked about an image: boxes, rough previous masks, clicks; and what it answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
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
) -> list[tuple[Question, Answer]]:
    """Every question of the settings about every object of an image, with its answer."""
    return [
        *_ask_boxes(segmenter, frame, truths, row_id, settings),
        *_ask_masks(segmenter, frame, truths, row_id, settings),
        *_ask_clicks(segmenter, frame, truths, row_id, settings),
    ]


def ask_nothing(segmenter: PromptableSegmenter, frame: Frame) -> list[Mask]:
    """The answers to EMPTY_CLICKS, one positive click each, on an image that shows no object."""
    places = [(x * (frame.width - 1), y * (frame.height - 1)) for x, y in EMPTY_CLICKS]
    return segmenter.segment(
        frame, [Prompt(points_xy=(place,), point_labels=(POSITIVE,)) for place in places]
    )


def _ask_boxes(
    segmenter: PromptableSegmenter,
    frame: Frame,
    truths: list[np.ndarray],
    row_id: str,
    settings: EvaluationSettings,
) -> list[tuple[Question, Answer]]:
    """All boxes of an image in one call."""
    questions = [
        Question(index, kind, draw, box_for(row_id, index, kind, draw, true_hw))
        for index, true_hw in enumerate(truths)
        for kind in settings.boxes
        for draw in settings.draws_of(kind)
    ]
    return list(
        zip(
            questions, _timed(segmenter, frame, [Prompt(box_xyxy=q.box_xyxy) for q in questions]), strict=True
        )
    )


def box_for(row_id: str, object_index: int, kind: PromptKind, draw: int, true_hw: np.ndarray) -> Box:
    """The box of one question about an object with the mask `true_hw`, cut to the frame: nobody draws outside
    the picture.

    Where less than a pixel would be left, the exact edges stay.
    """
    exact = exact_box(true_hw)
    x0, y0, x1, y1 = _drawn_box(
        exact, kind, true_hw.shape, stable_seed(row_id, object_index, kind.name, draw)
    )
    height, width = true_hw.shape
    x0, y0, x1, y1 = max(x0, -0.5), max(y0, -0.5), min(x1, width - 0.5), min(y1, height - 0.5)
    if x1 - x0 < 1:
        x0, x1 = exact[0], exact[2]
    if y1 - y0 < 1:
        y0, y1 = exact[1], exact[3]
    return x0, y0, x1, y1


def _drawn_box(exact: Box, kind: PromptKind, frame_hw: tuple[int, int], seed: int) -> Box:
    if kind.jitter:
        return jitter_box(exact, kind.jitter, np.random.default_rng(seed))
    if kind.sam2:
        return sam2_box(exact, frame_hw, np.random.default_rng(seed))
    return widen_box(exact, kind.margin)


def _ask_masks(
    segmenter: PromptableSegmenter,
    frame: Frame,
    truths: list[np.ndarray],
    row_id: str,
    settings: EvaluationSettings,
) -> list[tuple[Question, Answer]]:
    """A previous mask that is about right, and nothing else: is it made better?"""
    questions = [
        Question(
            index,
            kind,
            start_hw=rough_mask(true_hw, np.random.default_rng(stable_seed(row_id, index, kind.name, 0))),
        )
        for index, true_hw in enumerate(truths)
        for kind in settings.masks
    ]
    return list(
        zip(questions, _timed(segmenter, frame, [Prompt(mask_hw=q.start_hw) for q in questions]), strict=True)
    )


def _ask_clicks(
    segmenter: PromptableSegmenter,
    frame: Frame,
    truths: list[np.ndarray],
    row_id: str,
    settings: EvaluationSettings,
) -> list[tuple[Question, Answer]]:
    """Runs of clicks that begin in the depth of each object, and those that begin anywhere on it or with a
    stroke, once a draw.
    """
    found: list[tuple[Question, Answer]] = []
    for begin in (_centred, _anywhere, _stroke):
        kinds = [kind for kind in settings.clicks if _beginning(kind) is begin]
        starts = [
            _Start(index, draw, true_hw, begin(true_hw, row_id, index, draw))
            for index, true_hw in enumerate(truths)
            for draw in (settings.draws_of(kinds[0]) if kinds else ())
        ]
        found += _ask_runs(segmenter, frame, starts, kinds)
    return found


Points = tuple[tuple[float, float], ...]


def _beginning(kind: PromptKind) -> Callable[[np.ndarray, str, int, int], Points]:
    """The function that gives a kind's first points, from mask, row id, object index and draw."""
    if kind.stroke:
        return _stroke
    return _anywhere if kind.anywhere else _centred


def _centred(true_hw: np.ndarray, row_id: str, object_index: int, draw: int) -> Points:
    return (centre_click(true_hw),)


def _anywhere(true_hw: np.ndarray, row_id: str, object_index: int, draw: int) -> Points:
    return (uniform_click(true_hw, np.random.default_rng(stable_seed(row_id, object_index, "uclick", draw))),)


def _stroke(true_hw: np.ndarray, row_id: str, object_index: int, draw: int) -> Points:
    return scribble(true_hw, np.random.default_rng(stable_seed(row_id, object_index, "scribble", draw)))


@dataclass(frozen=True)
class _Start:
    """With which positive points a run of clicks begins, on which object."""

    object_index: int
    draw: int
    true_hw: np.ndarray
    points_xy: Points


def _ask_runs(
    segmenter: PromptableSegmenter, frame: Frame, starts: list[_Start], kinds: list[PromptKind]
) -> list[tuple[Question, Answer]]:
    """One run of clicks a start, looked at after as many clicks as each kind has, or as its goal takes."""
    if not starts:
        return []
    most = max(kind.clicks for kind in kinds)
    fixed = max((kind.clicks for kind in kinds if not kind.goal), default=0)
    rounds = list(_click_rounds(segmenter, frame, starts, fixed, most))
    return [
        (
            Question(start.object_index, kind, start.draw),
            _after(kind, [each[number] for each in rounds], start.true_hw),
        )
        for number, start in enumerate(starts)
        for kind in kinds
    ]


def _after(kind: PromptKind, answers: list[Answer], true_hw: np.ndarray) -> Answer:
    """The answer after the kind's clicks; for a goal, the first that reaches it, else the last, with the
    curve until there.
    """
    if not kind.goal:
        return answers[kind.clicks - 1]
    curve: list[float] = []
    for answer in answers[: kind.clicks]:
        curve.append(dice(answer.mask.mask_hw, true_hw))
        if curve[-1] >= kind.goal:
            break
    return replace(answers[len(curve) - 1], curve=tuple(curve))


def _click_rounds(
    segmenter: PromptableSegmenter, frame: Frame, starts: list[_Start], fixed: int, most: int
) -> Iterator[list[Answer]]:
    """The answers for all starts after 1, 2, ... `most` clicks.

    An object without an error left keeps its answer, unasked; after `fixed` clicks so does one that has
    reached GOAL_DICE.
    """
    truths = [start.true_hw for start in starts]
    prompts = [
        Prompt(points_xy=start.points_xy, point_labels=(POSITIVE,) * len(start.points_xy)) for start in starts
    ]
    answers = _timed(segmenter, frame, prompts)
    for done in range(1, most + 1):
        yield answers
        if done < most:
            following = [
                None
                if done >= fixed and dice(answer.mask.mask_hw, true_hw) >= GOAL_DICE
                else _corrected(prompt, answer, true_hw)
                for prompt, answer, true_hw in zip(prompts, answers, truths, strict=True)
            ]
            requested = [index for index, prompt in enumerate(following) if prompt is not None]
            prompts = [new or old for new, old in zip(following, prompts, strict=True)]
            fresh = dict(
                zip(requested, _timed(segmenter, frame, [prompts[index] for index in requested]), strict=True)
            )
            answers = [fresh.get(index, answer) for index, answer in enumerate(answers)]


def _corrected(prompt: Prompt, answer: Answer, true_hw: np.ndarray) -> Prompt | None:
    """All clicks so far, one on the largest error, and the last mask; None where nothing is wrong."""
    click = correction_click(answer.mask.mask_hw, true_hw)
    if click is None:
        return None
    point_xy, label = click
    previous_hw = answer.mask.mask_hw if answer.mask.mask_hw.any() else None
    return Prompt(
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
