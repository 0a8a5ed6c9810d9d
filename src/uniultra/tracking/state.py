"""What a tracker remembers between two frames: a few arrays of fixed size, whatever the length of the cine:
soft masks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from uniultra.geometry import ModelMap
from uniultra.pixel_scale import Box
from uniultra.types import Region

GRID = 96
"""Cells a side of a remembered mask: one is about a sixtieth of the structure."""
PATCH = 32
"""Pixels a side of a remembered appearance."""
FAR = 8.0
"""Logits are cut to this either way, and beyond a grid they are its negative."""
SLOPE = 4.0
"""Of a mask that was given, logits a cell. With 1, or FAR from the first pixel on, thin bands are kept less
well (docs/LOG.md).
"""


@dataclass(frozen=True)
class MaskGrid:
    """A soft mask over a region of the frame.

    Attributes:
        region: what the grid covers, by outer edges in source pixels.
        logits_hw: float32 (GRID, GRID), positive inside, cut to FAR either way.
    """

    region: Region
    logits_hw: np.ndarray = field(repr=False)

    @property
    def map(self) -> ModelMap:
        return ModelMap(self.region, GRID)

    @property
    def inside_hw(self) -> np.ndarray:
        return np.asarray(self.logits_hw > 0)

    @property
    def area_px(self) -> float:
        """Source pixels inside."""
        return int(np.count_nonzero(self.inside_hw)) * self.region.width * self.region.height / GRID**2

    @property
    def box_xyxy(self) -> Box | None:
        """The tight box by outer edges in source pixels; None where nothing is inside."""
        rows = np.flatnonzero(self.inside_hw.any(axis=1))
        if not rows.size:
            return None
        columns = np.flatnonzero(self.inside_hw.any(axis=0))
        corners = np.array([(columns[0] - 0.5, rows[0] - 0.5), (columns[-1] + 0.5, rows[-1] + 0.5)])
        (x0, y0), (x1, y1) = self.map.to_source(corners)
        return float(x0), float(y0), float(x1), float(y1)

    def at(self, x_hw: np.ndarray, y_hw: np.ndarray) -> np.ndarray:
        """Logits at source positions, two float arrays that broadcast to one shape; float32 of that."""
        return np.asarray(_sampled(self.logits_hw, *cells_at(self.region, GRID, x_hw, y_hw)))

    def positions(self) -> tuple[np.ndarray, np.ndarray]:
        """The source positions x and y of all cells, float64 (1, GRID) and (GRID, 1)."""
        return positions(self.region)


def area_ratio(a: MaskGrid, b: MaskGrid) -> float:
    """Of two masks' areas, the larger over the smaller one; a mask has at least one pixel."""
    sizes = max(a.area_px, 1.0), max(b.area_px, 1.0)
    return max(sizes) / min(sizes)


def agreement(a: MaskGrid, b: MaskGrid) -> float:
    """Dice of two masks on the cells of the first, 0 to 1; 1 where both are empty there."""
    inside, other = a.inside_hw, b.at(*a.positions()) > 0
    size = int(np.count_nonzero(inside)) + int(np.count_nonzero(other))
    return 2 * int(np.count_nonzero(inside & other)) / size if size else 1.0


def cells_at(region: Region, side: int, x_hw: np.ndarray, y_hw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`ModelMap.to_model` of a grid over a region, of x and y apart, as float32 of the shape to which both
    broadcast.
    """
    sx, sy = ModelMap(region, side).scale_xy
    cells = []
    for values, origin, scale in ((x_hw, region.x0, sx), (y_hw, region.y0, sy)):
        placed = np.asarray(values, np.float64) - origin
        placed *= scale
        placed -= 0.5
        cells.append(placed.astype(np.float32))
    return in_full(*cells)


def positions(region: Region, side: int = GRID) -> tuple[np.ndarray, np.ndarray]:
    """The source positions x and y of the cells of a grid over a region, float64 (1, side) and (side, 1)."""
    steps = np.arange(side, dtype=np.float64)
    ends = ModelMap(region, side).to_source(np.stack([steps, steps], axis=-1))
    return ends[None, :, 0], ends[:, 1, None]


def in_full(x_hw: np.ndarray, y_hw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both in the shape that they broadcast to, as OpenCV takes them."""
    across, down = np.broadcast_arrays(x_hw, y_hw)
    return np.ascontiguousarray(across), np.ascontiguousarray(down)


def logits_of(mask_hw: np.ndarray, region: Region) -> np.ndarray:
    """Logits of a mask, bool (H, W), in which there is no doubt, float32 of its shape: by the distance to its
    outline, SLOPE for each cell of a grid over `region` (of its longer side), cut to FAR.
    """
    inside = mask_hw.astype(np.uint8)
    cell = max(region.width, region.height) / GRID
    within, beyond = (cv2.distanceTransform(one, cv2.DIST_L2, 5) for one in (inside, 1 - inside))
    away = np.where(mask_hw, within - np.float32(0.5), np.float32(0.5) - beyond)
    far = np.float32(FAR * cell / SLOPE)  # where there is no outline, the distance is the largest number
    return np.clip(away, -far, far) * np.float32(SLOPE / cell)


def grid_of(logits_hw: np.ndarray, region: Region) -> MaskGrid:
    """A grid over a region of a frame's logits, float32 (height, width)."""
    across, down = positions(region)
    rows, columns = (
        slice(max(int(low) - 2, 0), max(int(high) + 4, 0))
        for low, high in ((region.y0, region.y1), (region.x0, region.x1))
    )
    cut = np.empty(logits_hw.shape, np.float32)  # what isn't near the region isn't read
    np.clip(logits_hw[rows, columns], -FAR, FAR, out=cut[rows, columns])
    return MaskGrid(region, _sampled(cut, *in_full(across.astype(np.float32), down.astype(np.float32))))


def _sampled(values_hw: np.ndarray, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    found = cv2.remap(
        values_hw, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=-FAR
    )
    return np.asarray(found, np.float32)
