"""What an evaluation keeps: one record an object and prompt, one answer a click where there is nothing to
find.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uniultra.data.manifest import Row
from uniultra.data.problems import Problem
from uniultra.errors import DataError


@dataclass(frozen=True)
class Record:
    """One object under one prompt.

    Attributes:
        id, dataset, organ: the manifest's.
        group: the cluster, which is resampled together.
        object_index: which object of the image, from 0, in the order of `objects_in`.
        kind: a name of `KINDS`.
        draw: which of the drawn prompts: its number from 0, or its seed where seeds were given.
        dice, iou: against the truth, at the file's own resolution, 0 to 1.
        quality: the IoU that the segmenter predicts; None where it predicts none.
        ellipse_dice: Dice of the ellipse in the SAME box, jitter included; None for clicks.
        seconds: wall time of the call that gave the mask, divided by the prompts that it answered.
        hd95_px, hd95_mm: 95th percentile Hausdorff distance of the outlines; in mm where the spacing is
            known; see `surface`.
        nsd: normalised surface Dice at 2 pixels, 0 to 1.
        start_dice: Dice of the previous mask that was given; None without one.
        curve: Dice after each click until the goal, of a kind with a goal; None for others.
        stability: of the answer (`uniultra.quality.stability`); None where no quality is predicted.
        first_quality: `Mask.first_quality`.
        structure: what the object is called (`data.structure_names`); "" where nobody says it.
        truth: a hash of the true mask (`hashes.mask_hash`); "" where an earlier version made the record.
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
    stability: float | None = None
    first_quality: float | None = None
    structure: str = ""
    truth: str = ""


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
class Skipped:
    """An image that was left out: the manifest's line, from 1, and what is wrong with it, each `column:
    problem`.
    """

    row: int
    dataset: str
    id: str
    problems: tuple[str, ...]


@dataclass(frozen=True)
class ScoredImage:
    """All that one image gave: records where it shows objects, empty answers where it shows none and clicks
    were asked; or why it was skipped.
    """

    records: tuple[Record, ...] = ()
    empty: tuple[EmptyAnswer, ...] = ()
    skipped: Skipped | None = None


def skip(row: Row, problems: Sequence[Problem]) -> Skipped:
    """The note that a row was left out for its own problems."""
    return Skipped(
        row.number,
        row.dataset,
        row.id,
        tuple(str(each).removeprefix(f"row {row.number}, ") for each in problems),
    )


def report_file(path: Path) -> Path:
    """The report of a run: `path` itself, or the report.json of the folder that it is. Raises DataError for
    the folder of a run of tracking alone.
    """
    report = path / "report.json" if path.is_dir() else path
    if not report.exists() and (path / "tracking.json").is_file():
        raise DataError(
            f"'{path}' holds a report of --protocol track, which has scores of its own; give one of "
            "`uniultra evaluate --out` without --protocol"
        )
    return report


def check_standard(content: dict[str, Any], path: Path) -> None:
    """Raises DataError for the report of another protocol, which has other prompts and scores."""
    protocol = content.get("protocol")
    if protocol is not None:
        raise DataError(
            f"'{path}' is a report of --protocol {str(protocol)[:20]}, which has prompts of its own; give "
            "one of `uniultra evaluate --out` without --protocol"
        )


def record_from(values: dict[str, Any]) -> Record:
    """A record read back from JSON; a file without times has them 0."""
    curve = values.get("curve")
    return Record(**{"seconds": 0.0, **values, "curve": None if curve is None else tuple(curve)})
