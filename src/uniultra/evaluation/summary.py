"""From records to means: by kind of prompt and organ, with skill, interval and calibration.

Every mean is over objects within an organ (an object's draws count like the draws of the others), then over
organs, each counting the same: else the largest data set would be the result.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from uniultra.evaluation.metrics import (
    BOOTSTRAP_SAMPLES,
    bootstrap_means,
    expected_calibration_error,
    mean,
    percentile_interval,
    skill,
)
from uniultra.evaluation.records import EmptyAnswer, Record
from uniultra.evaluation.settings import GOAL_DICE, KINDS, stable_seed

ALL_ORGANS = "mean over organs"
"""The row below the organs'; no organ may have this name."""


@dataclass(frozen=True)
class Cell:
    """One kind of prompt on one organ, or on all.

    Attributes:
        objects: distinct objects, however many draws each had.
        clusters: groups of images that are resampled together.
        dice, iou: means, 0 to 1.
        dice_interval: 95 % bootstrap interval over clusters; None below two. For all organs, clusters are
            drawn within each organ, and an organ of one cluster stays as it is, so there the interval is too
            narrow.
        ellipse_dice: mean Dice of the ellipse in the same boxes; None for clicks.
        skill: of the two means, not the mean of skills: one object on which the ellipse is near 1 would swamp
            the others. None without an ellipse, and where it is perfect.
        quality: mean predicted IoU; None where the segmenter predicts none.
        ece: how far the quality is from the IoU, see `expected_calibration_error`; None as above.
        seconds: mean wall time a prompt.
        hd95_px, hd95_mm, nsd: means of the outlines' distances, in mm over those with a known spacing; see
            `surface`.
        start_dice: mean Dice of the previous masks that were given.
        clicks: mean number of clicks to 0.9 Dice, a failure counted as all of them; None for kinds without a
            goal.
        failures: objects that didn't get there; None as above.
    """

    objects: int
    clusters: int
    dice: float
    dice_interval: tuple[float, float] | None
    iou: float
    ellipse_dice: float | None
    skill: float | None
    quality: float | None
    ece: float | None
    seconds: float
    hd95_px: float | None = None
    hd95_mm: float | None = None
    nsd: float | None = None
    start_dice: float | None = None
    clicks: float | None = None
    failures: int | None = None


Summary = dict[str, dict[str, Cell]]
"""Kind -> organ -> Cell, kinds in the order of `KINDS`, organs by name and `ALL_ORGANS` last."""


def summarise(records: Sequence[Record], seed: int = 0, samples: int = BOOTSTRAP_SAMPLES) -> Summary:
    """The table of cells. The same seed resamples the same clusters for every segmenter and kind, so they
    compare pair by pair.
    """
    requested = {record.kind for record in records}
    return {
        kind: by_organ([r for r in records if r.kind == kind], seed, samples)
        for kind in KINDS
        if kind in requested
    }


def summarise_structures(records: Sequence[Record], seed: int, samples: int) -> Summary:
    """The same with a cell for each structure of the organs that have several, and none for their mean; {}
    where no organ has several.
    """
    names: dict[str, set[str]] = {}
    for record in records:
        names.setdefault(record.organ, set()).add(record.structure)
    several = [
        replace(record, organ=f"{record.organ}: {record.structure}")
        for record in records
        if record.structure and len(names[record.organ]) > 1
    ]
    if not several:
        return {}
    return {
        kind: {called: cell for called, cell in cells.items() if called != ALL_ORGANS}
        for kind, cells in summarise(several, seed, samples).items()
    }


@dataclass(frozen=True)
class EmptyCell:
    """Clicks on images without objects: how many images, the mean predicted quality, and the masks' mean
    share of the image.
    """

    images: int
    quality: float | None
    area: float


def summarise_empty(answers: Sequence[EmptyAnswer]) -> dict[str, EmptyCell]:
    """Organ -> cell, organs by name; {} where no such image was clicked."""
    cells = {}
    for organ in sorted({answer.organ for answer in answers}):
        own = [answer for answer in answers if answer.organ == organ]
        images = len({(answer.dataset, answer.id) for answer in own})
        cells[organ] = EmptyCell(
            images, _mean_known(answer.quality for answer in own), mean(answer.area for answer in own)
        )
    return cells


def objects_of(records: Iterable[Record]) -> int:
    """How many distinct objects the records are about."""
    return len({(r.dataset, r.id, r.object_index) for r in records})


def by_organ(records: Sequence[Record], seed: int, samples: int) -> dict[str, Cell]:
    """One kind's cells, organs by name and ALL_ORGANS last."""
    cells: dict[str, Cell] = {}
    worlds: list[np.ndarray] = []
    for organ in sorted({record.organ for record in records}):
        own = [record for record in records if record.organ == organ]
        means = bootstrap_means(
            [r.dice for r in own], [r.group for r in own], stable_seed(seed, organ), samples
        )
        cells[organ] = _organ_cell(own, means)
        worlds.append(means)
    return {**cells, ALL_ORGANS: _mean_cell(list(cells.values()), np.mean(worlds, axis=0))}


def _organ_cell(records: Sequence[Record], bootstrap: np.ndarray) -> Cell:
    clusters = len({r.group for r in records})
    quality = np.array([r.quality for r in records], dtype=np.float64)  # None becomes NaN
    failed = [bool(r.curve) and r.dice < GOAL_DICE for r in records if r.curve is not None]
    return Cell(
        objects=objects_of(records),
        clusters=clusters,
        dice_interval=percentile_interval(bootstrap) if clusters > 1 else None,
        ece=known(expected_calibration_error(quality, [r.iou for r in records])),
        clicks=_mean_known(None if r.curve is None else len(r.curve) for r in records),
        failures=sum(failed) if failed else None,
        **_means(records),
    )


def _mean_cell(cells: Sequence[Cell], bootstrap: np.ndarray) -> Cell:
    failures = [cell.failures for cell in cells if cell.failures is not None]
    return Cell(
        objects=sum(cell.objects for cell in cells),
        clusters=sum(cell.clusters for cell in cells),
        dice_interval=percentile_interval(bootstrap) if any(cell.clusters > 1 for cell in cells) else None,
        ece=_mean_known(cell.ece for cell in cells),
        clicks=_mean_known(cell.clicks for cell in cells),
        failures=sum(failures) if failures else None,
        **_means(cells),
    )


def _means(parts: Sequence[Record] | Sequence[Cell]) -> dict[str, Any]:
    """What is alike over objects and over organs, and the skill that follows from it."""
    found: dict[str, Any] = {key: mean(getattr(part, key) for part in parts) for key in _ALWAYS}
    found |= {key: _mean_known(getattr(part, key) for part in parts) for key in _AT_TIMES}
    ellipse = found["ellipse_dice"]
    return found | {"skill": None if ellipse is None else known(skill(found["dice"], ellipse))}


_ALWAYS = ("dice", "iou", "seconds")
_AT_TIMES = ("ellipse_dice", "quality", "hd95_px", "hd95_mm", "nsd", "start_dice")


def _mean_known(values: Iterable[float | None]) -> float | None:
    """The mean of what is not None; None where all is."""
    there = [value for value in values if value is not None]
    return mean(there) if there else None


def known(value: float) -> float | None:
    """None for NaN, which JSON doesn't have."""
    return None if math.isnan(value) else float(value)
