"""Numbers drawn for a scene."""

from __future__ import annotations

import numpy as np


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """A number between two others, all alike."""
    return float(rng.uniform(low, high))


def perhaps(rng: np.random.Generator, chance: float, low: float, high: float) -> float:
    """A number between two others in `chance` of the calls, else 0."""
    return between(rng, low, high) if rng.random() < chance else 0.0
