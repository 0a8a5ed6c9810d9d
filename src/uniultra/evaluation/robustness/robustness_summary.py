"""From damaged records to the section of the report: means by corruption, severity and organ, with
intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from uniultra.evaluation.metrics import BOOTSTRAP_SAMPLES, bootstrap_means, mean, percentile_interval
from uniultra.evaluation.robustness.corruptions import CORRUPTIONS
from uniultra.evaluation.robustness.robustness_protocol import (
    SCHEMA_VERSION,
    UNDAMAGED,
    DamagedRecord,
    Robustness,
)
from uniultra.evaluation.settings import stable_seed
from uniultra.evaluation.summary import ALL_ORGANS

Interval = tuple[float, float]


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
    ellipse_dice: float


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


def _object(record: DamagedRecord) -> tuple[str, str, int]:
    return record.dataset, record.id, record.object_index


def _by_organ(
    records: Sequence[DamagedRecord],
    intact: dict[tuple[str, str, int], DamagedRecord],
    seed: int,
    samples: int,
) -> dict[str, DamagedCell]:
    """{} where nothing is left of any object."""
    cells: dict[str, DamagedCell] = {}
    worlds: list[tuple[np.ndarray, np.ndarray]] = []
    for organ in sorted({record.organ for record in records}):
        own = [record for record in records if record.organ == organ]
        groups = [record.group for record in own]
        falls = [intact[_object(record)].dice - record.dice for record in own]
        dices, drops = (
            bootstrap_means(values, groups, stable_seed(seed, organ), samples)
            for values in ([record.dice for record in own], falls)
        )
        worlds.append((dices, drops))
        counts = len(own), len(set(groups))
        cells[organ] = _cell(own, counts, falls, worlds[-1] if counts[1] > 1 else None)
    if not cells:
        return {}
    organs = list(cells.values())
    counts = sum(cell.objects for cell in organs), sum(cell.clusters for cell in organs)
    means = np.mean(worlds, axis=0) if any(cell.clusters > 1 for cell in organs) else None
    return {**cells, ALL_ORGANS: _cell(organs, counts, [cell.drop for cell in organs], means)}


def _cell(
    parts: Sequence[DamagedRecord] | Sequence[DamagedCell],
    counts: tuple[int, int],
    falls: Sequence[float],
    worlds: Sequence[np.ndarray] | np.ndarray | None,
) -> DamagedCell:
    """The means of records, or of organs' cells; `counts` are objects and clusters, `worlds` the bootstrapped
    means of Dice and drop, where there are several clusters.
    """
    dice_interval, drop_interval = (None, None) if worlds is None else map(percentile_interval, worlds)
    qualities = [part.quality for part in parts if part.quality is not None]
    quality, mean_iou = mean(qualities) if qualities else None, mean(part.iou for part in parts)
    return DamagedCell(
        *counts,
        dice=mean(part.dice for part in parts),
        dice_interval=dice_interval,
        drop=mean(falls),
        drop_interval=drop_interval,
        iou=mean_iou,
        quality=quality,
        over_confidence=None if quality is None else quality - mean_iou,
        ellipse_dice=mean(part.ellipse_dice for part in parts),
    )
