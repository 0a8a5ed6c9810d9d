"""How Dice and the predicted quality fall as the image gets worse: every object once more in every damaged
version of its image.

An object keeps its box in all versions, moved along where the picture moves; so a fall is the damage's and
not another box's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uniultra.data.manifest import Row
from uniultra.data.splits import ReportSplit, SelectionSplit
from uniultra.errors import PromptError
from uniultra.evaluation.baselines import ellipse_in_box
from uniultra.evaluation.journal import Journal, Key, score_rows
from uniultra.evaluation.metrics import dice, iou
from uniultra.evaluation.protocol import drawn, read_objects
from uniultra.evaluation.records import Record
from uniultra.evaluation.robustness.corruptions import CORRUPTIONS, Scene
from uniultra.evaluation.settings import DAMAGED_IMAGES, KINDS, stable_seed
from uniultra.evaluation.simulated_user import PromptableSegmenter, box_for
from uniultra.evaluation.summary import known
from uniultra.types import Prompt

SCHEMA_VERSION = 1
UNDAMAGED = "undamaged"
"""The corruption of severity 0, which all have in common."""


@dataclass(frozen=True)
class RobustnessSettings:
    """The numbers of one run.

    Attributes:
        limit: images per data set; the time is that of 53 answers per object.
        kind: the prompt, a kind of box; of jittered boxes the first draw.
        workers: threads, each with images of its own; changes no result.

    Raises:
        PromptError: a kind that is no box, or a count below 1.
    """

    limit: int = DAMAGED_IMAGES
    kind: str = "box10"
    workers: int = 1

    def __post_init__(self) -> None:
        if self.kind not in KINDS or not KINDS[self.kind].is_box:
            raise PromptError(
                f"robustness is measured with a box, not with '{self.kind}'; use one of "
                f"{', '.join(kind.name for kind in KINDS.values() if kind.is_box)}"
            )
        for name, value in (("robustness limit", self.limit), ("workers", self.workers)):
            if value < 1:
                raise PromptError(f"{name} is {value}; it must be at least 1")

    def requested(self) -> dict[str, Any]:
        """What must be equal for two runs to be the same: all but the workers."""
        levels = {
            corruption.name: [corruption.unit, *corruption.levels] for corruption in CORRUPTIONS.values()
        }
        return {
            "robustness_schema_version": SCHEMA_VERSION,
            "limit_a_dataset": self.limit,
            "kind": self.kind,
            "corruptions": levels,
        }


@dataclass(frozen=True)
class DamagedRecord:
    """One object in one version of its image.

    Attributes:
        id, dataset, organ, group, object_index: as in `Record`.
        corruption: a name of CORRUPTIONS, or UNDAMAGED.
        severity: 0 for UNDAMAGED, else from 1: a place in the corruption's levels.
        dice, iou: against the truth as it is in this version.
        quality: the IoU that the segmenter predicts; None where it predicts none.
        ellipse_dice: Dice of the ellipse in the same box.
    """

    id: str
    dataset: str
    organ: str
    group: str
    object_index: int
    corruption: str
    severity: int
    dice: float
    iou: float
    quality: float | None
    ellipse_dice: float


@dataclass(frozen=True)
class DamagedImage:
    """All that one image gave."""

    records: tuple[DamagedRecord, ...]


@dataclass(frozen=True)
class Robustness:
    """What `evaluate_robustness` found: the records in the rows' order, and of how many images they are."""

    settings: RobustnessSettings
    records: tuple[DamagedRecord, ...]
    images: int


def draw_rows(split: SelectionSplit | ReportSplit, shown: Iterable[Record], limit: int) -> tuple[Row, ...]:
    """Up to `limit` rows per data set, of those that `shown` has objects of, in the split's order.

    Drawn by a seed that follows from the ids: clusters in turn, one image of each, so that no video or
    patient fills the sample.
    """
    with_objects = {(record.dataset, record.id) for record in shown}
    rows = [row for row in split if (row.dataset, row.id) in with_objects]
    return tuple(drawn(rows, limit, "robustness"))


def evaluate_robustness(
    segmenter: PromptableSegmenter,
    rows: Sequence[Row],
    settings: RobustnessSettings,
    journal: Journal | None = None,
    tick: Callable[[], None] | None = None,
) -> Robustness:
    """Asks about every object of the rows in every version of its image; `tick` is called after each image.
    Raises as `evaluate`.
    """
    images = list(
        score_rows(
            lambda row: damage_image(segmenter, settings.kind, row), rows, settings.workers, journal, tick
        )
    )
    return Robustness(settings, tuple(record for image in images for record in image.records), len(images))


def damage_image(segmenter: PromptableSegmenter, kind: str, row: Row) -> DamagedImage:
    """The answers for all objects of one image, undamaged and at every severity of every corruption.

    Where nothing of an object is left (a speck, made smaller still) there is no such answer, and the objects
    of that severity are fewer.
    """
    frame, truths = read_objects(row)
    records = []
    for index, true_hw in enumerate(truths):
        scene = Scene(frame, true_hw, box_for(row.id, index, KINDS[kind], 0, true_hw))
        records.append(_record(segmenter, scene, row, index, (UNDAMAGED, 0)))
        for corruption in CORRUPTIONS.values():
            seed = stable_seed("robustness", row.id, index, corruption.name)
            for severity in range(1, len(corruption.levels) + 1):
                damaged = corruption.apply(scene, severity, seed)
                if damaged.true_hw.any():
                    records.append(_record(segmenter, damaged, row, index, (corruption.name, severity)))
    return DamagedImage(tuple(records))


def _record(
    segmenter: PromptableSegmenter, scene: Scene, row: Row, index: int, version: tuple[str, int]
) -> DamagedRecord:
    (mask,) = segmenter.segment(scene.frame, [Prompt(box_xyxy=scene.box_xyxy)])
    return DamagedRecord(
        id=row.id,
        dataset=row.dataset,
        organ=row.organ,
        group=row.cluster,
        object_index=index,
        corruption=version[0],
        severity=version[1],
        dice=dice(mask.mask_hw, scene.true_hw),
        iou=iou(mask.mask_hw, scene.true_hw),
        quality=known(mask.quality),
        ellipse_dice=dice(
            ellipse_in_box(scene.box_xyxy, (scene.frame.height, scene.frame.width)), scene.true_hw
        ),
    )


def open_robustness(
    path: Path,
    settings: RobustnessSettings,
    requested: dict[str, Any],
    files: Mapping[Key, str] | None = None,
) -> Journal:
    """The journal of a new or a stopped run; `requested` is what the evaluation beside it is of. Raises as
    `Journal`.
    """
    return Journal(path, {**requested, **settings.requested()}, _parse, files)


def _parse(line: dict[str, Any]) -> DamagedImage:
    return DamagedImage(tuple(DamagedRecord(**record) for record in line["records"]))
