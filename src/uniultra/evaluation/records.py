"""What an evaluation keeps: one record an object and prompt, one answer a click where there is nothing to find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


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
        hd95_px, hd95_mm: 95th percentile Hausdorff distance of the outlines; in mm where the spacing is known; see `surface`.
        nsd: normalised surface Dice at 2 pixels, 0 to 1.
        start_dice: Dice of the previous mask that was given; None without one.
        curve: Dice after each click until the goal, of a kind with a goal; None for others.
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
    hd95_px: float | None = None
    hd95_mm: float | None = None
    nsd: float | None = None
    start_dice: float | None = None
    curve: tuple[float, ...] | None = None


@dataclass(frozen=True)
class EmptyAnswer:
    """What a click on an image without objects gave: the best is a low quality.

    Attributes:
        id, dataset, organ, group: as in `Record`.
        click: which of EMPTY_CLICKS.
        quality: the predicted IoU; None where none is predicted.
        area: the mask's share of the image.
    """

    id: str
    dataset: str
    organ: str
    group: str
    click: int
    quality: float | None
    area: float


@dataclass(frozen=True)
class ScoredImage:
    """All that one image gave: records where it shows objects, empty answers where it shows none and clicks were asked."""

    records: tuple[Record, ...] = ()
    empty: tuple[EmptyAnswer, ...] = ()


def record_from(values: dict[str, Any]) -> Record:
    """A record read back from JSON; a file without times has them 0."""
    curve = values.get("curve")
    return Record(**{"seconds": 0.0, **values, "curve": None if curve is None else tuple(curve)})
