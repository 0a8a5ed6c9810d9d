"""How far the masks of two people agree on one picture: what no model can be asked to beat.

Either two readers outlined the same images, or a set holds some pictures twice, each with a mask of its own.
Each structure of the one mask is held against the one of the other mask that overlaps it most.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from uniultra.data.manifest import Row, objects_in
from uniultra.data.same_picture import Pair
from uniultra.evaluation.metrics import (
    BOOTSTRAP_SAMPLES,
    bootstrap_means,
    dice,
    mean,
    percentile_interval,
    surface_scores,
)
from uniultra.evaluation.settings import stable_seed

PARTNER = 0.2
"""Dice from which two outlines may be of one structure; neighbours that touch overlap by less."""


@dataclass(frozen=True)
class Agreed:
    """One structure as both masks of a picture have it.

    Attributes:
        number: the structure's, from 1, among those that both have on this picture.
        structure: its name, else its id in the first mask.
        dice: 0 to 1.
        hd95_px: 95 % Hausdorff distance, in pixels of the first image.
        areas_px: the first's and the other's, in pixels of the first image.
    """

    number: int
    structure: str
    dice: float
    hd95_px: float
    areas_px: tuple[int, int]

    @property
    def area_difference(self) -> float:
        """The distance of both areas as a share of their mean, 0 to 2."""
        first, second = self.areas_px
        return 2 * abs(second - first) / (first + second)


@dataclass(frozen=True)
class Agreement:
    """What both masks of a picture have, and how many structures one of them has alone; no pixels, as there
    may be thousands.

    Attributes:
        one, other: the rows of both masks.
        contradict: both outline something, and nothing of it is the same.
    """

    one: Row
    other: Row
    both: tuple[Agreed, ...]
    alone: int
    contradict: bool


@dataclass(frozen=True)
class Spread:
    """How far the masks of one organ agree, over the structures that both have.

    Attributes:
        clusters: of pictures, resampled together.
        alone: structures that one mask of a picture has and the other hasn't.
        dice: the mean; `interval` its 95 % bootstrap interval over clusters, None below two.
        dice_median, dice_low: the median, and the 10th percentile.
        hd95: the median 95 % Hausdorff distance in `unit`: mm where all pixel sizes are known, else px.
        area_difference: the median of `Agreed.area_difference`.
    """

    pictures: int
    structures: int
    clusters: int
    alone: int
    dice: float
    interval: tuple[float, float] | None
    dice_median: float
    dice_low: float
    hd95: float
    unit: str
    area_difference: float


Partners = tuple[np.ndarray, np.ndarray, float]
"""One structure's masks, bool (H, W), as the first and the other have it, and their Dice."""


def agreement_of(pair: Pair) -> Agreement:
    """How far both masks of a picture agree."""
    found, alone = partners_of(pair)
    both = tuple(_agreed(pair, number, *partners) for number, partners in enumerate(found, start=1))
    contradict = not both and all(bool(ids_hw.any()) for ids_hw in (pair.ids_hw, pair.other_ids_hw))
    return Agreement(pair.one, pair.other, both, alone, contradict)


def partners_of(pair: Pair) -> tuple[list[Partners], int]:
    """The structures of both masks that overlap best, each in one pair, from a Dice of PARTNER on, in the
    order of the first mask; and how many are in one mask alone.
    """
    ours = objects_in(pair.ids_hw, pair.one.dataset)
    theirs = objects_in(pair.other_ids_hw, pair.other.dataset)
    overlaps = [(dice(mine, other), i, j) for i, mine in enumerate(ours) for j, other in enumerate(theirs)]
    partner: dict[int, tuple[int, float]] = {}
    taken: set[int] = set()
    for overlap, i, j in sorted(overlaps, reverse=True):
        if overlap >= PARTNER and i not in partner and j not in taken:
            partner[i] = j, overlap
            taken.add(j)
    both = [(ours[i], theirs[partner[i][0]], partner[i][1]) for i in sorted(partner)]
    return both, len(ours) + len(theirs) - 2 * len(both)


def spreads(
    agreements: Iterable[Agreement], seed: int = 0, samples: int = BOOTSTRAP_SAMPLES
) -> dict[str, Spread]:
    """By organ, in the order of the alphabet; organs of which both masks never have a structure are left
    out.
    """
    by_organ: dict[str, list[Agreement]] = {}
    for each in agreements:
        by_organ.setdefault(each.one.organ, []).append(each)
    return {
        organ: _spread(by_organ[organ], stable_seed(seed, organ), samples)
        for organ in sorted(by_organ)
        if any(each.both for each in by_organ[organ])
    }


def _spread(agreements: Sequence[Agreement], seed: int, samples: int) -> Spread:
    found = [(each.one, agreed) for each in agreements for agreed in each.both]
    scores = [agreed.dice for _, agreed in found]
    groups = [row.cluster for row, _ in found]
    clusters = len(set(groups))
    known = all(row.pixel_mm is not None for row, _ in found)
    interval = percentile_interval(bootstrap_means(scores, groups, seed, samples)) if clusters > 1 else None
    return Spread(
        pictures=len(agreements),
        structures=len(found),
        clusters=clusters,
        alone=sum(each.alone for each in agreements),
        dice=mean(scores),
        interval=interval,
        dice_median=median(scores),
        dice_low=float(np.percentile(scores, 10)),
        hd95=median(agreed.hd95_px * (row.pixel_mm or 1.0 if known else 1.0) for row, agreed in found),
        unit="mm" if known else "px",
        area_difference=median(agreed.area_difference for _, agreed in found),
    )


def _agreed(pair: Pair, number: int, mask_hw: np.ndarray, other_hw: np.ndarray, overlap: float) -> Agreed:
    value = int(pair.ids_hw[mask_hw][0])
    distance, _ = surface_scores(other_hw, mask_hw)
    name = pair.one.structure_of(value) or str(value)
    areas = int(np.count_nonzero(mask_hw)), int(np.count_nonzero(other_hw))
    return Agreed(number, name, overlap, distance, areas)
