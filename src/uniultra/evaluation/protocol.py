"""One way to score anything that segments: true masks make prompts, prompts make masks, masks make records.

A prompt depends on the image's id, the object, the kind and the draw, never on order or threads; so any run of any segmenter
on the same manifest asks the same questions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, TypeVar

import numpy as np

from uniultra.data.manifest import Row, objects_in
from uniultra.data.prompts import Box, centre_click, correction_click, exact_box, jitter_box
from uniultra.data.splits import ReportSplit, SelectionSplit
from uniultra.errors import DataError
from uniultra.evaluation.baselines import ellipse_in_box
from uniultra.evaluation.metrics import dice, iou
from uniultra.evaluation.settings import EvaluationSettings, PromptKind, stable_seed
from uniultra.io.images import read_frame
from uniultra.io.masks import read_ids
from uniultra.types import POSITIVE, Frame, Mask, Prompt

T = TypeVar("T")
ScoredSplit = TypeVar("ScoredSplit", SelectionSplit, ReportSplit)


class PromptableSegmenter(Protocol):
    """What can be scored: teacher, student, ONNX, int8, peers and baselines alike. With several workers it must be safe in threads."""

    @property
    def name(self) -> str:
        """What reports call it."""

    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> list[Mask]:
        """One mask a prompt, in their order, at the frame's own size; quality NaN where it gives none."""


@dataclass(frozen=True)
class Record:
    """One object under one prompt.

    Attributes:
        id, dataset, organ: the manifest's.
        group: the cluster, which is resampled together.
        object_index: which object of the image, from 0, in the order of `objects_in`.
        kind: a name of `KINDS`.
        draw: which jittered box, from 0.
        dice, iou: against the truth, at the file's own resolution, 0 to 1.
        quality: the IoU that the segmenter predicts; None where it predicts none.
        ellipse_dice: Dice of the ellipse in the SAME box, jitter included; None for clicks.
        seconds: wall time of the call that gave the mask, divided by the prompts that it answered.
    """

    id: str
    dataset: str
    organ: str
    group: str
    object_index: int
    kind: str
    draw: int
    dice: float
    iou: float
    quality: float | None
    ellipse_dice: float | None
    seconds: float


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found: the records in the split's order, and how many images gave them or had no object to point at."""

    split: str
    settings: EvaluationSettings
    records: tuple[Record, ...]
    images: int
    images_without_objects: int


Progress = Callable[[Row, tuple[Record, ...]], None]
"""Called after each image, in the split's order."""


@dataclass(frozen=True)
class _Question:
    """What is asked about which object of an image; `box_xyxy` is None for clicks."""

    object_index: int
    kind: PromptKind
    draw: int = 0
    box_xyxy: Box | None = None


@dataclass(frozen=True)
class _Answer:
    mask: Mask
    seconds: float


def evaluate(
    segmenter: PromptableSegmenter, split: SelectionSplit | ReportSplit, settings: EvaluationSettings, progress: Progress | None = None
) -> Evaluation:
    """Scores every object of a split under every kind of prompt.

    Raises:
        DataError: a split that models learn from, or an image and a mask of different size.
        FileError: an image or mask that can't be read.
        PromptError: the segmenter doesn't take such prompts.
    """
    if not isinstance(split, SelectionSplit | ReportSplit):
        raise DataError(f"split '{getattr(split, 'name', split)}' is what models learn from; evaluate on val, test or external")
    records: list[Record] = []
    without_objects = 0
    for row, found in zip(split, _in_order(partial(score_image, segmenter, settings), split.rows, settings.workers), strict=True):
        records += found
        without_objects += not found
        if progress is not None:
            progress(row, found)
    return Evaluation(split.name, settings, tuple(records), len(split) - without_objects, without_objects)


def score_image(segmenter: PromptableSegmenter, settings: EvaluationSettings, row: Row) -> tuple[Record, ...]:
    """All records of one image; none where it shows no object. Raises as `evaluate`."""
    frame, trues = _read(row)
    if not trues:
        return ()
    pairs = [*_ask_boxes(segmenter, frame, trues, row.id, settings), *_ask_clicks(segmenter, frame, trues, settings)]
    return tuple(_record(row, question, answer, trues[question.object_index]) for question, answer in pairs)


def first_rows(split: ScoredSplit, count: int) -> ScoredSplit:
    """The first `count` rows of each data set, for a quick look. Raises DataError where `count` is below 1."""
    if count < 1:
        raise DataError(f"limit is {count}; it must be at least 1 image a data set")
    seen: dict[str, int] = {}
    kept = []
    for row in split:
        seen[row.dataset] = seen.get(row.dataset, 0) + 1
        if seen[row.dataset] <= count:
            kept.append(row)
    return replace(split, rows=tuple(kept))


def _read(row: Row) -> tuple[Frame, list[np.ndarray]]:
    """The frame with the manifest's spacing, and its objects as bool masks (H, W)."""
    frame = replace(read_frame(row.image), spacing_mm_yx=row.spacing_mm_yx)
    ids_hw = read_ids(row.mask)
    if ids_hw.shape != frame.pixels_hw.shape:
        sizes = f"mask {ids_hw.shape[1]} x {ids_hw.shape[0]}, image {frame.width} x {frame.height}"
        raise DataError(f"manifest row '{row.id}': {sizes} pixels; they must be equal; save the mask at the image's size")
    return frame, objects_in(ids_hw, row.dataset)


def _ask_boxes(
    segmenter: PromptableSegmenter, frame: Frame, trues: list[np.ndarray], row_id: str, settings: EvaluationSettings
) -> list[tuple[_Question, _Answer]]:
    """All boxes of an image in one call."""
    questions = [
        _Question(index, kind, draw, box_for(row_id, index, kind, draw, true_hw))
        for index, true_hw in enumerate(trues)
        for kind in settings.boxes
        for draw in range(settings.draws if kind.jitter else 1)
    ]
    return list(zip(questions, _timed(segmenter, frame, [Prompt(box_xyxy=q.box_xyxy) for q in questions]), strict=True))


def box_for(row_id: str, object_index: int, kind: PromptKind, draw: int, true_hw: np.ndarray) -> Box:
    """The box of one question about an object with the mask `true_hw`, cut to the frame: nobody draws outside the picture.

    Where jitter would leave less than a pixel, the exact edges stay.
    """
    exact = exact_box(true_hw)
    if not kind.jitter:
        return exact
    rng = np.random.default_rng(stable_seed(row_id, object_index, kind.name, draw))
    x0, y0, x1, y1 = jitter_box(exact, kind.jitter, rng)
    height, width = true_hw.shape
    x0, y0, x1, y1 = max(x0, -0.5), max(y0, -0.5), min(x1, width - 0.5), min(y1, height - 0.5)
    if x1 - x0 < 1:
        x0, x1 = exact[0], exact[2]
    if y1 - y0 < 1:
        y0, y1 = exact[1], exact[3]
    return x0, y0, x1, y1


def _ask_clicks(
    segmenter: PromptableSegmenter, frame: Frame, trues: list[np.ndarray], settings: EvaluationSettings
) -> list[tuple[_Question, _Answer]]:
    """One run of clicks an object, looked at after as many clicks as each kind has."""
    if not settings.clicks:
        return []
    answers = list(_click_rounds(segmenter, frame, trues, max(kind.clicks for kind in settings.clicks)))
    return [(_Question(index, kind), answers[kind.clicks - 1][index]) for index in range(len(trues)) for kind in settings.clicks]


def _click_rounds(segmenter: PromptableSegmenter, frame: Frame, trues: list[np.ndarray], rounds: int) -> Iterator[list[_Answer]]:
    """The answers for all objects after 1, 2, ... clicks. An object without an error left keeps its answer, unasked."""
    prompts = [Prompt(points_xy=(centre_click(true_hw),), point_labels=(POSITIVE,)) for true_hw in trues]
    answers = _timed(segmenter, frame, prompts)
    for more in reversed(range(rounds)):
        yield answers
        if more:
            following = [_corrected(*each) for each in zip(prompts, answers, trues, strict=True)]
            asked = [index for index, prompt in enumerate(following) if prompt is not None]
            prompts = [new or old for new, old in zip(following, prompts, strict=True)]
            fresh = dict(zip(asked, _timed(segmenter, frame, [prompts[index] for index in asked]), strict=True))
            answers = [fresh.get(index, answer) for index, answer in enumerate(answers)]


def _corrected(prompt: Prompt, answer: _Answer, true_hw: np.ndarray) -> Prompt | None:
    """All clicks so far, one on the largest error, and the last mask unless it is empty; None where nothing is wrong."""
    click = correction_click(answer.mask.mask_hw, true_hw)
    if click is None:
        return None
    point_xy, label = click
    previous_hw = answer.mask.mask_hw if answer.mask.mask_hw.any() else None
    return Prompt(points_xy=(*prompt.points_xy, point_xy), point_labels=(*prompt.point_labels, label), mask_hw=previous_hw)


def _timed(segmenter: PromptableSegmenter, frame: Frame, prompts: list[Prompt]) -> list[_Answer]:
    if not prompts:
        return []
    start = time.perf_counter()
    masks = segmenter.segment(frame, prompts)
    seconds = (time.perf_counter() - start) / len(prompts)
    assert len(masks) == len(prompts), f"{segmenter.name} gave {len(masks)} masks for {len(prompts)} prompts"
    return [_Answer(mask, seconds) for mask in masks]


def _record(row: Row, question: _Question, answer: _Answer, true_hw: np.ndarray) -> Record:
    box, mask = question.box_xyxy, answer.mask
    return Record(
        id=row.id,
        dataset=row.dataset,
        organ=row.organ,
        group=row.cluster,
        object_index=question.object_index,
        kind=question.kind.name,
        draw=question.draw,
        dice=dice(mask.mask_hw, true_hw),
        iou=iou(mask.mask_hw, true_hw),
        quality=None if np.isnan(mask.quality) else float(mask.quality),
        ellipse_dice=None if box is None else dice(ellipse_in_box(box, (true_hw.shape[0], true_hw.shape[1])), true_hw),
        seconds=answer.seconds,
    )


def _in_order(function: Callable[[Row], T], rows: Sequence[Row], workers: int) -> Iterator[T]:
    """`function` of each row, in order, with up to `workers` at once."""
    if workers == 1:
        yield from map(function, rows)
        return
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(function, rows)
