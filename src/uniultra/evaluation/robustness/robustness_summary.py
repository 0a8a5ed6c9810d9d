"""From damaged records to the section of the report: means by corruption, severity and organ, with
intervals.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from uniultra.evaluation.metrics import BOOTSTRAP_SAMPLES, bootstrap_means, percentile_interval
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


@dataclass(frozen=True)
class _Means:
    """A cell with the bootstrap means of its Dice and of its drop, each (samples,)."""

    cell: DamagedCell
    dices: np.ndarray
    drops: np.ndarray


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
    found = {}
    for organ in sorted({record.organ for record in records}):
        own = [record for record in records if record.organ == organ]
        found[organ] = _organ_means(
            own, [intact[_object(record)] for record in own], stable_seed(seed, organ), samples
        )
    cells = {organ: means.cell for organ, means in found.items()}
    return {**cells, ALL_ORGANS: _over_organs(list(found.values()))} if cells else {}


def _organ_means(
    own: Sequence[DamagedRecord], before: Sequence[DamagedRecord], seed: int, samples: int
) -> _Means:
    groups, falls = (
        [r.group for r in own],
        [old.dice - new.dice for old, new in zip(before, own, strict=True)],
    )
    dices, drops = (
        bootstrap_means(values, groups, seed, samples) for values in ([r.dice for r in own], falls)
    )
    clusters, mean_iou = len(set(groups)), _mean(r.iou for r in own)
    qualities = [r.quality for r in own if r.quality is not None]
    quality = _mean(qualities) if qualities else None
    cell = DamagedCell(
        objects=len(own),
        clusters=clusters,
        dice=_mean(r.dice for r in own),
        dice_interval=percentile_interval(dices) if clusters > 1 else None,
        drop=_mean(falls),
        drop_interval=percentile_interval(drops) if clusters > 1 else None,
        iou=mean_iou,
        quality=quality,
        over_confidence=None if quality is None else quality - mean_iou,
        ellipse_dice=_mean(r.ellipse_dice for r in own),
    )
    return _Means(cell, dices, drops)


def _over_organs(found: Sequence[_Means]) -> DamagedCell:
    cells = [means.cell for means in found]
    dices, drops = (
        np.mean([means.dices for means in found], axis=0),
        np.mean([means.drops for means in found], axis=0),
    )
    spread = any(cell.clusters > 1 for cell in cells)
    quality = (
        None if any(cell.quality is None for cell in cells) else _mean(cell.quality or 0.0 for cell in cells)
    )
    mean_iou = _mean(cell.iou for cell in cells)
    return DamagedCell(
        objects=sum(cell.objects for cell in cells),
        clusters=sum(cell.clusters for cell in cells),
        dice=_mean(cell.dice for cell in cells),
        dice_interval=percentile_interval(dices) if spread else None,
        drop=_mean(cell.drop for cell in cells),
        drop_interval=percentile_interval(drops) if spread else None,
        iou=mean_iou,
        quality=quality,
        over_confidence=None if quality is None else quality - mean_iou,
        ellipse_dice=_mean(cell.ellipse_dice for cell in cells),
    )


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
