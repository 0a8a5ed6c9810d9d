"""How far two readers agree: overlap of their masks, and the differences of what they measured.

Bland and Altman, "Statistical methods for assessing agreement between two methods of clinical measurement",
Lancet 327 (1986).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WIDTH = 1.96
"""Standard deviations from the mean difference to a 95 % limit of agreement."""


@dataclass(frozen=True)
class BlandAltman:
    """Differences, second reader minus first, in the unit of what was measured.

    Attributes:
        pairs: how many; they should be of different patients, which nothing here checks.
        bias: the mean difference.
        deviation: the differences' standard deviation (n - 1).
        low, high: the 95 % limits of agreement, bias -+ 1.96 deviations.
    """

    pairs: int
    bias: float
    deviation: float
    low: float
    high: float


def bland_altman(first: Sequence[float], second: Sequence[float]) -> BlandAltman | None:
    """The agreement of paired measurements; None below two pairs, which have no deviation."""
    assert len(first) == len(second), f"{len(first)} and {len(second)} measurements"
    if len(first) < 2:
        return None
    differences = np.asarray(second, np.float64) - np.asarray(first, np.float64)
    bias, deviation = float(differences.mean()), float(differences.std(ddof=1))
    return BlandAltman(len(first), bias, deviation, bias - WIDTH * deviation, bias + WIDTH * deviation)


def dice(first_hw: np.ndarray, second_hw: np.ndarray) -> float:
    """2 |A and B| / (|A| + |B|) of two bool masks (H, W); 1 for two empty ones."""
    both, sum_ = int(np.count_nonzero(first_hw & second_hw)), int(first_hw.sum()) + int(second_hw.sum())
    return 1.0 if sum_ == 0 else 2.0 * both / sum_
