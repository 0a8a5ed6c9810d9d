"""What the encoder makes of a structure and of what lies around it: its tissue, as features, is known again
after the picture has changed in ways that pixels are not.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from uniultra.geometry import ModelMap
from uniultra.tracking.state import MaskGrid
from uniultra.types import Embedding

AROUND = 0.25
"""The surroundings reach this share of the box's sides beyond it, and 4 pixels more."""
PARTS = 4
"""A cell of the features counts by how many of its parts, so many a side, are inside."""
_ALIKE = 0.999
"""From this cosine on, a structure and its surroundings have the same features, which say nothing then."""


@dataclass(frozen=True)
class Tissue:
    """Mean features, float32 (D,), each of length 1: inside a mask, and around it."""

    inside: np.ndarray = field(repr=False)
    around: np.ndarray = field(repr=False)


def tissue_of(embedding: Embedding, grid: MaskGrid) -> Tissue | None:
    """The tissue of a mask on the frame that was encoded; None where the mask is empty or the embedding shows
    nothing of it or of its surroundings.
    """
    box = grid.box_xyxy
    if box is None:
        return None
    cells = embedding.features.image_embed[0].astype(np.float32)
    height, width = cells.shape[1:]
    x, y = (places(embedding, axis, count) for axis, count in ((0, width), (1, height)))
    inside = grid.at(x[None], y[:, None]) > 0
    x0, y0, x1, y1 = box
    far_x, far_y = AROUND * (x1 - x0) + 4, AROUND * (y1 - y0) + 4
    near = np.outer((y > y0 - far_y) & (y < y1 + far_y), (x > x0 - far_x) & (x < x1 + far_x)) & ~inside
    unit = cells / np.maximum(np.linalg.norm(cells, axis=0), 1e-6)
    means = [_mean(unit, shares(part, height, width)) for part in (inside, near)]
    return None if means[0] is None or means[1] is None else Tissue(means[0], means[1])


def resemblance(now: Tissue | None, first: Tissue | None) -> float:
    """How far what is inside is the tissue that was prompted rather than what lay around it: 1 the same, 0 no
    more like it than like its surroundings; 0 where nothing is seen now, a half where nothing can be told.
    """
    if first is None or float(first.inside @ first.around) > _ALIKE:
        return 0.5
    if now is None:
        return 0.0
    same, other = float(now.inside @ first.inside), float(now.inside @ first.around)
    return min(max((same - other) / max(1.0 - other, 1e-6), 0.0), 1.0)


def places(embedding: Embedding, axis: int, count: int) -> np.ndarray:
    """Source positions of the cells' parts along an axis, float64 (count * PARTS,)."""
    steps = np.arange(count * PARTS, dtype=np.float64)
    ends = ModelMap(embedding.region, count * PARTS).to_source(np.stack([steps, steps], axis=-1))
    return np.asarray(ends[:, axis])


def shares(part: np.ndarray, height: int, width: int) -> np.ndarray:
    """How much of each cell is in a part, 0 to 1, (height, width)."""
    return np.asarray(part.reshape(height, PARTS, width, PARTS).mean(axis=(1, 3), dtype=np.float32))


def _mean(unit: np.ndarray, part: np.ndarray) -> np.ndarray | None:
    total = unit.reshape(len(unit), -1) @ part.ravel()
    length = float(np.linalg.norm(total))
    return np.asarray(total / length, np.float32) if length > 1e-6 else None
