"""The protocol of the paper (arXiv 2511.15771), to compare with its numbers; not how this project judges a
model.

Image and mask are stretched to a square of 1024 pixels. Each connected component of the mask gives one exact
box, the answers are united by the maximum of their logits, and the metrics are per IMAGE, in stretched
pixels: Dice, IoU and the maximum Hausdorff distance. Distances that are infinite, because the answer is
empty, are dropped from its mean, as there; here they are counted too. Images without a mask give no box and
can't be prompted. The mask is that of all objects, so ids of a few pixels are left out as elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from uniultra.data.manifest import Row
from uniultra.data.prompt_simulation import exact_box
from uniultra.evaluation.baselines import EllipseBaseline
from uniultra.evaluation.journal import Journal, score_rows
from uniultra.evaluation.metrics import dice, hausdorff, iou
from uniultra.evaluation.protocol import read_objects
from uniultra.evaluation.simulated_user import PromptableSegmenter
from uniultra.pixel_scale import Box
from uniultra.types import Frame, Prompt

PROTOCOL = "paper"
SIDE = 1024
CONNECTIVITY = 8


@dataclass(frozen=True)
class PaperScore:
    """One answer against the truth of one stretched image; the distance in stretched pixels, None where it is
    infinite.
    """

    dice: float
    iou: float
    hausdorff_px: float | None


@dataclass(frozen=True)
class PaperRecord:
    """One image: the manifest's id, dataset, organ and cluster, how many boxes it gave, and how model and
    ellipse did in them.
    """

    id: str
    dataset: str
    organ: str
    group: str
    boxes: int
    model: PaperScore
    ellipse: PaperScore


@dataclass(frozen=True)
class PaperImage:
    """All that one image gave; None where it has no mask."""

    record: PaperRecord | None


def evaluate_paper(
    segmenter: PromptableSegmenter,
    rows: Sequence[Row],
    workers: int = 1,
    journal: Journal | None = None,
    tick: Callable[[], None] | None = None,
) -> tuple[PaperImage, ...]:
    """Scores every row, in order; `tick` is called after each. Raises as `evaluate`."""
    return tuple(score_rows(lambda row: score_stretched(segmenter, row), rows, workers, journal, tick))


def score_stretched(segmenter: PromptableSegmenter, row: Row) -> PaperImage:
    """One image under this protocol."""
    frame, truths = read_objects(row)
    if not truths:
        return PaperImage(None)
    stretched, true_hw = stretch(frame, np.logical_or.reduce(truths))
    boxes = component_boxes(true_hw)
    if not boxes:
        return PaperImage(None)
    scores = [_score(united(each, stretched, boxes), true_hw) for each in (segmenter, EllipseBaseline())]
    return PaperImage(PaperRecord(row.id, row.dataset, row.organ, row.cluster, len(boxes), *scores))


def stretch(frame: Frame, mask_hw: np.ndarray) -> tuple[Frame, np.ndarray]:
    """Frame and bool mask at SIDE x SIDE, whatever their proportions; a spacing would not be isotropic, and
    is left out.
    """
    pixels_hw = cv2.resize(frame.pixels_hw, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    stretched_hw = cv2.resize(mask_hw.astype(np.uint8), (SIDE, SIDE), interpolation=cv2.INTER_NEAREST_EXACT)
    return Frame(np.asarray(pixels_hw), source=frame.source), stretched_hw > 0


def component_boxes(mask_hw: np.ndarray) -> list[Box]:
    """The exact box of each connected component of a bool mask (H, W); [] where it is empty."""
    count, parts_hw = cv2.connectedComponents(mask_hw.astype(np.uint8), connectivity=CONNECTIVITY)
    return [exact_box(parts_hw == number) for number in range(1, count)]


def united(segmenter: PromptableSegmenter, frame: Frame, boxes: Sequence[Box]) -> np.ndarray:
    """The answers to all boxes as one bool mask (H, W): where the maximum of their logits is above 0."""
    masks = segmenter.segment(frame, [Prompt(box_xyxy=box) for box in boxes])
    return np.maximum.reduce([mask.logits_hw for mask in masks]) > 0


def _score(found_hw: np.ndarray, true_hw: np.ndarray) -> PaperScore:
    distance = hausdorff(found_hw, true_hw)
    return PaperScore(
        dice(found_hw, true_hw), iou(found_hw, true_hw), None if math.isinf(distance) else distance
    )


def parse_paper(line: dict[str, Any]) -> PaperImage:
    """One image read back from a journal's line."""
    values = line["record"]
    if values is None:
        return PaperImage(None)
    return PaperImage(
        PaperRecord(
            **{**values, "model": PaperScore(**values["model"]), "ellipse": PaperScore(**values["ellipse"])}
        )
    )
