"""How much a score depends on chance in the prompts: the mean Dice of each draw, their mean and standard
deviation.

Rows of others' papers that are "mean +- SD over seeds" compare to this, not to the intervals of `summary`,
which are over patients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from uniultra.evaluation.metrics import mean
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
    by_kind = {kind: [record for record in records if record.kind == kind] for kind in KINDS}
    return {kind: _by_organ(own) for kind, own in by_kind.items() if len({r.draw for r in own}) > 1}


def _by_organ(records: Sequence[Record]) -> dict[str, Spread]:
    draws = sorted({record.draw for record in records})
    means = {
        organ: {draw: mean(r.dice for r in records if (r.organ, r.draw) == (organ, draw)) for draw in draws}
        for organ in sorted({record.organ for record in records})
    }
    means[ALL_ORGANS] = {draw: mean(dice[draw] for dice in means.values()) for draw in draws}
    return {
        organ: Spread(dice, mean(dice.values()), float(np.std(list(dice.values()), ddof=1)))
        for organ, dice in means.items()
    }
