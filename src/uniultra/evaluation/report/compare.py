"""Is one segmenter better than another? Their paired difference on the same prompts, with an interval over
clusters.

Both are resampled with the same clusters, so what is hard for both cancels; two intervals of their own that
overlap prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from uniultra.errors import DataError
from uniultra.evaluation.metrics import BOOTSTRAP_SAMPLES, bootstrap_means, mean, percentile_interval
from uniultra.evaluation.records import Record
from uniultra.evaluation.settings import KINDS, stable_seed
from uniultra.evaluation.summary import ALL_ORGANS, objects_of

BETTER, WORSE, UNDECIDED = "better", "worse", "no difference shown"
NOT_JUDGED = "not judged"
FEWEST_CLUSTERS = 6
"""Clusters for a verdict. Were there no difference, five would all lie on one side of 0 in one of 16 cases,
more often than an interval of 95 % may be wrong; and where all do, so does the interval.
"""

ROUNDING = 1e-4
"""By how much a Dice of a report may differ from the same one computed again."""
Pair = tuple[Record, Record]
"""The same object under the same prompt: ours, theirs."""


@dataclass(frozen=True)
class Difference:
    """Mean Dice of one segmenter minus that of the other, of one kind of prompt on one organ, or on all.

    Attributes:
        objects: distinct objects that both answered.
        clusters: groups of images that are resampled together.
        dice, other_dice: their means over these objects.
        difference: dice - other_dice.
        interval: 95 % bootstrap interval of the difference over clusters; None below two clusters. For all
            organs, clusters are drawn within each organ.
        verdict: 'not judged' below `FEWEST_CLUSTERS`; 'better' where the interval lies above 0, 'worse' where
            below, else 'no difference shown', which is no proof of equality. No correction is made for
            looking at many organs and kinds.
    """

    objects: int
    clusters: int
    dice: float
    other_dice: float
    difference: float
    interval: tuple[float, float] | None
    verdict: str


Comparison = dict[str, dict[str, Difference]]
"""Kind -> organ -> Difference, ordered as a `Summary`."""


def compare(
    ours: Sequence[Record], theirs: Sequence[Record], seed: int = 0, samples: int = BOOTSTRAP_SAMPLES
) -> Comparison:
    """The paired differences on the prompts that both answered; the others are left out.

    Raises:
        DataError: they have no prompt in common.
    """
    pairs = pairs_of(ours, theirs)
    if not pairs:
        raise DataError(
            "the two evaluations have no prompt in common; compare runs on the same images and kinds of "
            "prompt"
        )
    kinds = {mine.kind for mine, _ in pairs}
    return {
        kind: differences_by_organ([pair for pair in pairs if pair[0].kind == kind], seed, samples)
        for kind in (*KINDS, *sorted(kinds - set(KINDS)))
        if kind in kinds
    }


def pairs_of(ours: Iterable[Record], theirs: Iterable[Record]) -> list[Pair]:
    """Both answers to each prompt that both answered, in our order."""
    known = {_prompt_of(record): record for record in theirs}
    return [(record, known[_prompt_of(record)]) for record in ours if _prompt_of(record) in known]


def changed_images(ours: Iterable[Record], theirs: Iterable[Record]) -> set[tuple[str, str]]:
    """Data set and id of the images whose masks aren't those that `theirs`, read from a file, was scored by:
    their hashes differ, or, in reports of earlier versions, the Dice of the ellipse in the same box does.
    """
    return {
        (mine.dataset, mine.id)
        for mine, other in pairs_of(ours, theirs)
        if (mine.truth and other.truth and mine.truth != other.truth)
        or (
            mine.ellipse_dice is not None
            and other.ellipse_dice is not None
            and abs(mine.ellipse_dice - other.ellipse_dice) > ROUNDING
        )
    }


def verdict_of(interval: tuple[float, float] | None, clusters: int) -> str:
    """'better', 'worse', 'no difference shown', or 'not judged' for too few clusters."""
    if interval is None or clusters < FEWEST_CLUSTERS:
        return NOT_JUDGED
    if interval[0] <= 0.0 <= interval[1]:
        return UNDECIDED
    return BETTER if interval[0] > 0.0 else WORSE


def _prompt_of(record: Record) -> tuple[str, str, int, str, int]:
    return record.dataset, record.id, record.object_index, record.kind, record.draw


def differences_by_organ(pairs: Sequence[Pair], seed: int, samples: int) -> dict[str, Difference]:
    """One kind's differences, organs by name and ALL_ORGANS last."""
    cells: dict[str, Difference] = {}
    worlds: list[np.ndarray] = []
    for organ in sorted({mine.organ for mine, _ in pairs}):
        mine, other = zip(*(pair for pair in pairs if pair[0].organ == organ), strict=True)
        gaps = [ours.dice - theirs.dice for ours, theirs in zip(mine, other, strict=True)]
        groups = [record.group for record in mine]
        worlds.append(bootstrap_means(gaps, groups, stable_seed(seed, organ), samples))
        dices = mean(record.dice for record in mine), mean(record.dice for record in other)
        spread = worlds[-1] if len(set(groups)) > 1 else None
        cells[organ] = _difference(objects_of(mine), len(set(groups)), dices, spread)
    own = list(cells.values())
    dices = mean(cell.dice for cell in own), mean(cell.other_dice for cell in own)
    objects, clusters = sum(cell.objects for cell in own), sum(cell.clusters for cell in own)
    spread = np.mean(worlds, axis=0) if any(cell.clusters > 1 for cell in own) else None
    counted = sum(cell.clusters for cell in own if cell.clusters > 1)
    return {**cells, ALL_ORGANS: _difference(objects, clusters, dices, spread, counted)}


def _difference(
    objects: int,
    clusters: int,
    dices: tuple[float, float],
    worlds: np.ndarray | None,
    counted: int | None = None,
) -> Difference:
    """Of two mean Dices, with the interval of their bootstrapped difference, where there is one.

    `counted` are the clusters that the interval spreads over; None for all.
    """
    interval = None if worlds is None else percentile_interval(worlds)
    verdict = verdict_of(interval, clusters if counted is None else counted)
    return Difference(objects, clusters, *dices, dices[0] - dices[1], interval, verdict)
