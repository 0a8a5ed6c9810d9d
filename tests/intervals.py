"""The interval of a mean over groups, as reports state it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from uniultra.evaluation.metrics import BOOTSTRAP_SAMPLES, bootstrap_means, percentile_interval


def bootstrap_interval(
    values: Sequence[float] | np.ndarray, groups: Sequence[str], seed: int, samples: int = BOOTSTRAP_SAMPLES
) -> tuple[float, float]:
    """The 95 % percentile interval (low, high) of the mean over groups; (NaN, NaN) below two groups, which
    tell nothing of spread.
    """
    if len(set(groups)) < 2:
        return math.nan, math.nan
    return percentile_interval(bootstrap_means(values, groups, seed, samples))
