"""How much a score depends on chance in the prompts: the mean Dice of each draw, their mean and standard
deviation.

Rows of others' papers that are "mean +- SD over seeds" compare to this, not to the intervals of `summary`,
which are over patients.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from uniultra.evaluation.records import Record
from uniultra.evaluation.settings import KINDS
from uniultra.evaluation.summary import ALL_ORGANS


@dataclass(frozen=True)
class Spread:
    """One kind of prompt on one organ, or on all.

    Attributes:
        dice: mean Dice of each draw, by its number.
        mean: of these means.
        deviation: their standard deviation, of a sample (n - 1).
    """

    dice: dict[int, float]
    mean: float
    deviation: float


def spread_of(records: Sequence[Record]) -> dict[str, dict[str, Spread]]:
    """Kind -> organ -> spread, as `summary.summarise` orders them; kinds that were asked once alone are left
    out.
    """
    found = {}
    for kind in KINDS:
        own = [record for record in records if record.kind == kind]
        if len({record.draw for record in own}) > 1:
            found[kind] = _by_organ(own)
    return found


def _by_organ(records: Sequence[Record]) -> dict[str, Spread]:
    draws = sorted({record.draw for record in records})
    means = {
        organ: {draw: _mean(r.dice for r in records if (r.organ, r.draw) == (organ, draw)) for draw in draws}
        for organ in sorted({record.organ for record in records})
    }
    means[ALL_ORGANS] = {draw: _mean(dice[draw] for dice in means.values()) for draw in draws}
    return {
        organ: Spread(dice, _mean(dice.values()), float(np.std(list(dice.values()), ddof=1)))
        for organ, dice in means.items()
    }


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
