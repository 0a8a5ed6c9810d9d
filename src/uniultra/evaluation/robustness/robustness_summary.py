"""From damaged records to the section of the report: means by corruption, severity and organ, with
intervals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from uniultra.evaluation.metrics import BOOTSTRAP_SAMPLES
from uniultra.evaluation.records import Record
from uniultra.evaluation.report.compare import differences_by_organ
from uniultra.evaluation.robustness.corruptions import CORRUPTIONS
from uniultra.evaluation.robustness.robustness_protocol import (
    SCHEMA_VERSION,
    UNDAMAGED,
    DamagedRecord,
    Robustness,
)
from uniultra.evaluation.summary import by_organ

Interval = tuple[float, float]
Place = tuple[str, str, int]
"""Data set, image and object."""


@dataclass(frozen=True)
class DamagedCell:
    """One severity of one corruption on one organ, or on all.

    Attributes:
        objects: of which something is left at this severity.
        clusters: groups of images that are resampled together.
        dice: mean over objects; for all organs the mean of the organs', each counting the same, as are all
            below.
        dice_interval: 95 % bootstrap interval over clusters; None below two.
        drop: by how much Dice is lower than of the same objects undamaged; below 0 where it is higher.
        drop_interval: of the paired difference.
        iou: mean.
        quality: mean predicted IoU; None where the segmenter predicts none.
        over_confidence: quality - iou, the two that can be compared; None as above.
        ellipse_dice: mean Dice of the ellipse in the same boxes.
    """

    objects: int
    clusters: int
    dice: float
    dice_interval: Interval | None
    drop: float
    drop_interval: Interval | None
    iou: float
    quality: float | None
    over_confidence: float | None
    ellipse_dice: float | None


def summarise_damage(
    records: Sequence[DamagedRecord], seed: int = 0, samples: int = BOOTSTRAP_SAMPLES
) -> dict[str, list[dict[str, DamagedCell]]]:
    """Corruption -> at each severity from 0 -> organ -> cell, organs by name and ALL_ORGANS last."""
    intact = {_object(r): r for r in records if r.corruption == UNDAMAGED}
    versions: dict[tuple[str, int], list[DamagedRecord]] = {}
    for record in records:
        versions.setdefault((record.corruption, record.severity), []).append(record)
    undamaged = _by_organ(versions.get((UNDAMAGED, 0), []), intact, seed, samples)
    return {
        name: [
            undamaged,
            *(
                _by_organ(versions.get((name, number), []), intact, seed, samples)
                for number in range(1, len(corruption.levels) + 1)
            ),
        ]
        for name, corruption in CORRUPTIONS.items()
    }


def build_section(robustness: Robustness, seed: int = 0, samples: int = BOOTSTRAP_SAMPLES) -> dict[str, Any]:
    """The report's section "robustness": plain values, unrounded; each corruption with its unit, and its
    severities from 0.
    """
    summary = summarise_damage(robustness.records, seed, samples)
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": robustness.settings.kind,
        "limit_a_dataset": robustness.settings.limit,
        "images": robustness.images,
        "objects": len({_object(record) for record in robustness.records}),
        "corruptions": {
            name: {
                "about": CORRUPTIONS[name].about,
                "unit": CORRUPTIONS[name].unit,
                "ordered": CORRUPTIONS[name].ordered,
                "severities": [
                    {
                        "severity": number,
                        "level": level,
                        "cells": {organ: asdict(cell) for organ, cell in cells.items()},
                    }
                    for number, (level, cells) in enumerate(
                        zip((None, *CORRUPTIONS[name].levels), severities, strict=True)
                    )
                ],
            }
            for name, severities in summary.items()
        },
    }


def _object(record: DamagedRecord) -> Place:
    return record.dataset, record.id, record.object_index


def _by_organ(
    records: Sequence[DamagedRecord], intact: Mapping[Place, DamagedRecord], seed: int, samples: int
) -> dict[str, DamagedCell]:
    """{} where nothing is left of any object. The drop is that of the undamaged to the damaged image."""
    if not records:
        return {}
    now = [_record(record) for record in records]
    before = [_record(intact[_object(record)]) for record in records]
    cells = by_organ(now, seed, samples)
    drops = differences_by_organ(list(zip(before, now, strict=True)), seed, samples)
    return {
        organ: DamagedCell(
            cell.objects,
            cell.clusters,
            cell.dice,
            cell.dice_interval,
            drop=drops[organ].difference,
            drop_interval=drops[organ].interval,
            iou=cell.iou,
            quality=cell.quality,
            over_confidence=None if cell.quality is None else cell.quality - cell.iou,
            ellipse_dice=cell.ellipse_dice,
        )
        for organ, cell in cells.items()
    }


def _record(damaged: DamagedRecord) -> Record:
    """As a record of the image as it is now."""
    place = damaged.id, damaged.dataset, damaged.organ, damaged.group, damaged.object_index
    scores = damaged.dice, damaged.iou, damaged.quality, damaged.ellipse_dice
    return Record(*place, damaged.corruption, 0, *scores, seconds=0.0)
