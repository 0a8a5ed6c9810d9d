"""A linear model of a structure on the encoder's features: ridge regression from a view's cells to how much
of each is inside the mask, solved in closed form on the prompted frame and, with less and less weight, on the
sure frames since. On later frames it tells the structure from what lies right beside it.

Its size depends on the encoder's width alone, whatever the length of the cine.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache

import cv2
import numpy as np

from uniultra.tracking.state import MaskGrid
from uniultra.tracking.tissue import places, shares
from uniultra.types import Embedding

DAMPING = 0.01
"""Weight of the squared coefficients beside the mean squared error; chosen on val (docs/LOG.md)."""
KEPT = 0.8
"""What is kept of the earlier sure frames when another is learnt."""
FIRST_SHARE = 0.5
"""Weight of the prompted frame, for ever; the sure frames since have the rest."""
RIM = 2
"""How far the surroundings reach beyond the mask, in parts of a cell: half a cell."""
_AT_ONCE = 2**18
"""Multiplications in one product: beyond it OpenBLAS starts threads, which wait for each other on a busy
machine.
"""


@dataclass(frozen=True)
class Cells:
    """The cells of an encoded view.

    Attributes:
        features: of all levels, float32 (N, D).
        inside, rim: how much of each is inside a mask, and just outside of it, 0 to 1, float32 (N,).
    """

    features: np.ndarray = field(repr=False)
    inside: np.ndarray = field(repr=False)
    rim: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class TargetModel:
    """What was learnt.

    Attributes:
        mean, spread: of the prompted frame's features, float32 (D,).
        first, since: normal equations of the prompted frame and of the sure frames since, A beside b, float32
            (D + 1, D + 2).
        weights: their solution, float32 (D + 1,); the last is the constant.
    """

    mean: np.ndarray = field(repr=False)
    spread: np.ndarray = field(repr=False)
    first: np.ndarray = field(repr=False)
    since: np.ndarray = field(repr=False)
    weights: np.ndarray = field(repr=False)

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """All of it, in the order of the fields."""
        return self.mean, self.spread, self.first, self.since, self.weights

    def score(self, features: np.ndarray) -> np.ndarray:
        """How much of each cell is inside, float32 (N,), 0 to 1, from its features (N, D)."""
        slopes = self.weights[:-1] / self.spread
        return np.clip(features @ slopes + (self.weights[-1] - slopes @ self.mean), 0.0, 1.0)

    def contrast(self, cells: Cells) -> float:
        """The mean score inside a mask less that just outside of it, -1 to 1: about a half where the mask is
        the structure's, about 0 where it is another's or its outline lies elsewhere.
        """
        score = self.score(cells.features)
        inner, outer = (float(score @ part / part.sum()) for part in (cells.inside, cells.rim))
        return inner - outer

    def with_sure(self, cells: Cells) -> TargetModel:
        """The same after a sure frame."""
        seen = _equations(_scaled(cells.features, self.mean, self.spread), cells.inside)
        since = KEPT * self.since + (1.0 - KEPT) * seen
        both = FIRST_SHARE * self.first + (1.0 - FIRST_SHARE) * since
        weights = _solved(both)
        return self if weights is None else replace(self, since=since, weights=weights)


def cells_of(embedding: Embedding, grid: MaskGrid) -> Cells | None:
    """The cells of a view with a mask; None where nothing of the mask or nothing beside it is in view."""
    height, width = embedding.features.image_embed.shape[2:]
    across, down = (places(embedding, axis, count) for axis, count in ((0, width), (1, height)))
    inside = (grid.at(across[None], down[:, None]) > 0).astype(np.uint8)
    wider = cv2.dilate(inside, np.ones((2 * RIM + 1, 2 * RIM + 1), np.uint8))
    part, rim = (shares(one > 0, height, width).ravel() for one in (inside, wider - inside))
    if not (part.any() and rim.any()):
        return None
    levels = embedding.features
    found = [
        _pooled(level[0], height, width)
        for level in (levels.image_embed, levels.high_res_feats_1, levels.high_res_feats_0)
    ]
    return Cells(np.concatenate(found).T, part, rim)


def learnt(cells: Cells | None) -> TargetModel | None:
    """The model of the prompted frame; None where its cells can't be told apart."""
    if cells is None:
        return None
    mean, spread = cells.features.mean(axis=0), cells.features.std(axis=0) + np.float32(1e-3)
    first = _equations(_scaled(cells.features, mean, spread), cells.inside)
    weights = _solved(first)
    return None if weights is None else TargetModel(mean, spread, first, first, weights)


def _pooled(level: np.ndarray, height: int, width: int) -> np.ndarray:
    """A level's means over the cells, float32 (D, N)."""
    down, across = _means(level.shape[1], height), _means(level.shape[2], width)
    return np.asarray(down @ level @ across.T, np.float32).reshape(len(level), -1)


@cache
def _means(count: int, cells: int) -> np.ndarray:
    """What takes the means of `count` rows over each cell, float32 (cells, count)."""
    return np.repeat(np.eye(cells, dtype=np.float32), count // cells, axis=1) * np.float32(cells / count)


def _scaled(features: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    scaled = np.ones((len(features), len(mean) + 1), np.float32)
    scaled[:, :-1] = (features - mean) * (1.0 / spread)
    return scaled


def _equations(scaled: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The normal equations of a frame; what is inside and what is outside have half of the weight each."""
    outside = 1.0 - inside
    weight = inside / max(float(inside.sum()), 1e-3) + outside / max(float(outside.sum()), 1e-3)
    weighed = scaled * (weight / 2)[:, None]
    width = scaled.shape[1]
    found = np.zeros((width, width + 1), np.float32)
    rows = max(_AT_ONCE // width**2, 1)
    for start in range(0, len(scaled), rows):
        found[:, :-1] += weighed[start : start + rows].T @ scaled[start : start + rows]
    found[:, -1] = inside @ weighed
    return found


def _solved(equations: np.ndarray) -> np.ndarray | None:
    """The weights; None where the equations have no solution, as with features that aren't numbers."""
    count = len(equations)
    damped = equations[:, :count].copy()
    damped.ravel()[:: count + 1] += np.append(np.full(count - 1, DAMPING, np.float32), np.float32(1e-6))
    found, weights = cv2.solve(damped, equations[:, count:].copy(), flags=cv2.DECOMP_CHOLESKY)
    return np.asarray(weights[:, 0]) if found and np.isfinite(weights).all() else None
