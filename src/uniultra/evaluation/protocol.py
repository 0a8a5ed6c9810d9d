"""One way to score anything that segments: true masks make prompts, prompts make masks, masks make records.

A prompt depends on the image's id, the object, the kind and the draw, never on order or threads; so any run
of any segmenter on the same manifest asks the same questions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np

from uniultra.data.loading import read_row
from uniultra.data.manifest import Row, objects_in
from uniultra.data.problems import RowError
from uniultra.data.splits import ReportSplit, SelectionSplit
from uniultra.errors import DataError
from uniultra.evaluation.baselines import ellipse_in_box
from uniultra.evaluation.journal import Journal, score_rows
from uniultra.evaluation.metrics import dice, iou, surface_scores
from uniultra.evaluation.records import EmptyAnswer, Record, ScoredImage, Skipped, skip
from uniultra.evaluation.settings import EvaluationSettings, stable_seed
from uniultra.evaluation.simulated_user import Answer, PromptableSegmenter, Question, ask, ask_nothing
from uniultra.evaluation.summary import Summary, known, summarise, summarise_structures
from uniultra.hashes import mask_hash
from uniultra.quality import stability
from uniultra.types import Frame

ScoredSplit = TypeVar("ScoredSplit", SelectionSplit, ReportSplit)


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found: the records in the split's order, and how many images gave them or had no object
    to point at, what clicks on the latter gave, and which rows turned out bad in the middle and were skipped.
    """

    split: str
    settings: EvaluationSettings
    records: tuple[Record, ...]
    images: int
    images_without_objects: int
    empty: tuple[EmptyAnswer, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    _drawn: dict[Any, Summary] = field(default_factory=dict, init=False, repr=False, compare=False)

    def summary(self, seed: int, samples: int) -> Summary:
        """`summarise` of its records; each bootstrap is drawn once."""
        return self._once(summarise, seed, samples)

    def structures(self, seed: int, samples: int) -> Summary:
        """`summarise_structures` of its records, likewise."""
        return self._once(summarise_structures, seed, samples)

    def _once(self, how: Callable[..., Summary], seed: int, samples: int) -> Summary:
        if (how, seed, samples) not in self._drawn:
            self._drawn[how, seed, samples] = how(self.records, seed, samples)
        return self._drawn[how, seed, samples]


Progress = Callable[[Row, tuple[Record, ...]], None]
"""Called after each image, in the split's order."""


def evaluate(
    segmenter: PromptableSegmenter,
    split: SelectionSplit | ReportSplit,
    settings: EvaluationSettings,
    progress: Progress | None = None,
    journal: Journal | None = None,
) -> Evaluation:
    """Scores every object of a split under every kind of prompt. What `journal` knows isn't asked again; what
    is new is added to it.

    Raises:
        DataError: a split that models learn from.
        RowError: an image or mask that can't be used, unless `settings.skip_bad`, which leaves it out.
        PromptError: the segmenter doesn't take such prompts.
    """
    if not isinstance(split, SelectionSplit | ReportSplit):
        raise DataError(
            f"split '{getattr(split, 'name', split)}' is what models are trained on; evaluate on val, "
            "test or "
            "external"
        )

    score = partial(_score_or_skip, segmenter, settings)
    images: list[ScoredImage] = []
    for row, found in zip(split, score_rows(score, split.rows, settings.workers, journal), strict=True):
        images.append(found)
        if progress is not None:
            progress(row, found.records)
    records = tuple(record for image in images for record in image.records)
    with_objects = sum(bool(image.records) for image in images)
    empty = tuple(answer for image in images for answer in image.empty)
    skipped = tuple(image.skipped for image in images if image.skipped is not None)
    return Evaluation(
        split.name, settings, records, with_objects, len(split) - with_objects - len(skipped), empty, skipped
    )


def score_image(segmenter: PromptableSegmenter, settings: EvaluationSettings, row: Row) -> ScoredImage:
    """All that one image gives. Raises as `evaluate`."""
    frame, truths, names = read_named(row)
    if truths:
        return ScoredImage(
            tuple(
                _record(row, question, answer, truths[question.object_index], names[question.object_index])
                for question, answer in ask(segmenter, frame, truths, row.id, settings, names)
            )
        )
    clicked = any(not kind.corrects for kind in settings.clicks)
    return ScoredImage(empty=_empty_answers(segmenter, frame, row) if clicked else ())


def read_objects(row: Row) -> tuple[Frame, list[np.ndarray]]:
    """The frame with the manifest's spacing, and its objects as bool masks (H, W). Raises RowError."""
    frame, truths, _ = read_named(row)
    return frame, truths


def read_named(row: Row) -> tuple[Frame, list[np.ndarray], list[str]]:
    """The same, and what each object is called, "" where nobody says it. Raises RowError."""
    frame, ids_hw = read_row(row)
    truths = objects_in(ids_hw, row.dataset)
    return frame, truths, [row.structure_of(int(ids_hw[true_hw][0])) for true_hw in truths]


def first_rows(split: ScoredSplit, count: int) -> ScoredSplit:
    """The first `count` rows of each data set, for a quick look. Raises DataError where `count` is below
    1.
    """
    seen = Counter[str]()
    kept = []
    for row in split:
        seen[row.dataset] += 1
        if seen[row.dataset] <= count:
            kept.append(row)
    return _limited(split, count, kept)


def drawn_rows(split: ScoredSplit, count: int) -> ScoredSplit:
    """`count` rows of each data set in the split's order, as `drawn`. Raises DataError where `count` is below
    1.
    """
    return _limited(split, count, drawn(split.rows, count, "limit"))


def drawn(rows: Sequence[Row], count: int, purpose: str) -> list[Row]:
    """`count` rows of each data set in their order, drawn by a seed that follows from the purpose and the
    ids, clusters in turn, so that no patient and no video fills the sample.
    """
    turns = Counter[str]()
    places: dict[str, list[tuple[int, int, str]]] = {}
    for row in sorted(rows, key=lambda row: stable_seed(purpose, row.dataset, row.id)):
        place = (turns[row.cluster], stable_seed(purpose, row.cluster), row.id)
        turns[row.cluster] += 1
        places.setdefault(row.dataset, []).append(place)
    kept = {(name, id) for name, own in places.items() for _, _, id in sorted(own)[:count]}
    return [row for row in rows if (row.dataset, row.id) in kept]


def _limited(split: ScoredSplit, count: int, kept: Iterable[Row]) -> ScoredSplit:
    if count < 1:
        raise DataError(f"limit is {count}; it must be at least 1 image per data set")
    return replace(split, rows=tuple(kept))


@dataclass(frozen=True)
class Limit:
    """How many images of each data set are scored (None: all), drawn by a seed or the `first` ones."""

    count: int | None = None
    first: bool = False

    @property
    def drawn(self) -> bool:
        return self.count is not None and not self.first

    def rows(self, split: ScoredSplit) -> ScoredSplit:
        """The rows that are left. Raises DataError for a count below 1."""
        if self.count is None:
            return split
        return first_rows(split, self.count) if self.first else drawn_rows(split, self.count)


def _score_or_skip(segmenter: PromptableSegmenter, settings: EvaluationSettings, row: Row) -> ScoredImage:
    try:
        return score_image(segmenter, settings, row)
    except RowError as error:
        if not settings.skip_bad:
            raise
        return ScoredImage(skipped=skip(row, error.problems))


def _record(row: Row, question: Question, answer: Answer, true_hw: np.ndarray, name: str) -> Record:
    box, mask = question.box_xyxy, answer.mask
    hd95_px, nsd = surface_scores(mask.mask_hw, true_hw)
    quality = known(mask.quality)
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
        quality=quality,
        ellipse_dice=None
        if box is None
        else dice(ellipse_in_box(box, (true_hw.shape[0], true_hw.shape[1])), true_hw),
        seconds=answer.seconds,
        hd95_px=hd95_px,
        hd95_mm=None if row.pixel_mm is None else hd95_px * row.pixel_mm,
        nsd=nsd,
        start_dice=None if question.start_hw is None else dice(question.start_hw, true_hw),
        curve=answer.curve,
        stability=None if quality is None else stability(mask.logits_hw),
        first_quality=mask.first_quality,
        structure=name,
        truth=mask_hash(true_hw),
    )


def _empty_answers(segmenter: PromptableSegmenter, frame: Frame, row: Row) -> tuple[EmptyAnswer, ...]:
    return tuple(
        EmptyAnswer(
            row.id,
            row.dataset,
            row.organ,
            row.cluster,
            click,
            known(mask.quality),
            float(mask.mask_hw.mean()),
        )
        for click, mask in enumerate(ask_nothing(segmenter, frame))
    )
