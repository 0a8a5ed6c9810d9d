"""Where the samples of a frame lie, and the picture that they make: a grid with its millimetres, or a sector
that has to be scan-converted.

Samples are (rows, columns), rows going away from the probe. Positions are metres: x to the right, z down.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from uniultra.errors import FileError
from uniultra.io.pillow_reader import check_size

MAX_SAMPLES = 8_000_000
"""The most samples of a frame whose positions are read."""
LONGEST = 1200
"""The most pixels that a side of a scan-converted frame has."""
_OFF_GRID = 1e-3
"""How far a sample may lie from where a grid or a sector has it, as a share of the frame's extent."""
_UNEVEN = 0.01
"""By how much a step may differ from the mean one on a grid that is shown as it is."""
_OUTSIDE = -1.0


@dataclass(frozen=True)
class Geometry:
    """How samples become a frame.

    Attributes:
        frame_hw: of the frame.
        spacing_mm_yx: millimetres per pixel (down, right).
        maps: for each pixel the column and the row of its sample, float32 (H, W), -1 where there is none;
            None where samples are pixels.
        note: what was done; "" for nothing.
    """

    frame_hw: tuple[int, int]
    spacing_mm_yx: tuple[float, float]
    maps: tuple[np.ndarray, np.ndarray] | None = None
    note: str = ""

    def picture(self, grey: np.ndarray) -> np.ndarray:
        """The frame, uint8 (H, W), of samples 0 to 255, float32 (rows, columns); bilinear, black outside."""
        if self.maps is not None:
            grey = cv2.remap(grey, *self.maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        return np.ascontiguousarray(np.rint(grey).astype(np.uint8))


def geometry_of(x_m: np.ndarray, z_m: np.ndarray, name: str) -> Geometry:
    """Of the positions of all samples, (rows, columns) in metres. Raises FileError where they are neither a
    grid nor a sector.
    """
    check_size((x_m.shape[1], x_m.shape[0]), name)
    x, z = x_m.astype(np.float64), z_m.astype(np.float64)
    if not (np.isfinite(x).all() and np.isfinite(z).all()):
        raise FileError(f"{name}: positions of pixels are NaN or infinite; export it again")
    extent = float(max(np.ptp(x), np.ptp(z)))
    if not 1e-6 <= extent <= 10:
        raise FileError(
            f"{name}: the pixels reach over {extent:g} m; legal are 0.000001 to 10; positions are in metres"
        )
    geometry = _grid(x, z, extent, name) or _sector(x, z, extent, name)
    if geometry is None:
        raise FileError(
            f"{name}: its pixels lie neither on a grid nor on a sector with one apex; scan-convert it first"
        )
    return geometry


def _grid(x: np.ndarray, z: np.ndarray, extent: float, name: str) -> Geometry | None:
    """Where x goes by column and z by row; uneven steps and turned axes are resampled."""
    across, down = x.mean(axis=0), z.mean(axis=1)
    if max(np.abs(x - across).max(), np.abs(z - down[:, None]).max()) > _OFF_GRID * extent:
        return None
    steps_x, steps_z = np.diff(across), np.diff(down)
    if not (_goes_one_way(steps_x) and _goes_one_way(steps_z)):
        return None
    right, below = float(np.abs(steps_x.mean())), float(np.abs(steps_z.mean()))
    spacing = below * 1000, right * 1000
    if _is_even(steps_x) and _is_even(steps_z):
        return Geometry(x.shape, spacing)
    right = max(float(np.abs(steps_x).min()), float(np.ptp(across)) / LONGEST)
    below = max(float(np.abs(steps_z).min()), float(np.ptp(down)) / LONGEST)
    columns = _places(across, across.min() + right * np.arange(_count(np.ptp(across), right)))
    rows = _places(down, down.min() + below * np.arange(_count(np.ptp(down), below)))
    check_size((len(columns), len(rows)), name)
    map_x, map_y = np.meshgrid(columns.astype(np.float32), rows.astype(np.float32))
    note = "its grid is uneven or turned over, and was resampled"
    return Geometry(map_x.shape, (below * 1000, right * 1000), (map_x, map_y), note)


def _sector(x: np.ndarray, z: np.ndarray, extent: float, name: str) -> Geometry | None:
    """Where each column is a ray from one apex, and each row an arc around it."""
    directions = np.stack([x[-1] - x[0], z[-1] - z[0]])
    lengths = np.hypot(*directions)
    if lengths.min() <= 0:
        return None
    directions /= lengths
    apex = _apex(np.stack([x[0], z[0]]), directions)
    if apex is None:
        return None
    radii, angles = np.hypot(x - apex[0], z - apex[1]), np.arctan2(*directions)
    radius = radii.mean(axis=1)
    ideal = apex[:, None, None] + directions[:, None, :] * radius[:, None]
    off = np.hypot(x - ideal[0], z - ideal[1]).max()
    if off > _OFF_GRID * extent or not _goes_one_way(np.diff(angles)) or (np.diff(radius) <= 0).any():
        return None
    step = max(float(np.diff(radius).mean()), extent / LONGEST)
    counts = _count(np.ptp(x), step), _count(np.ptp(z), step)
    check_size(counts, name)
    across = x.min() + step * np.arange(counts[0]) - apex[0]
    down = z.min() + step * np.arange(counts[1])[:, None] - apex[1]
    columns = _places(angles, np.arctan2(across, down))
    rows = _places(radius, np.hypot(across, down))
    outside = (columns < 0) | (rows < 0)
    columns[outside] = rows[outside] = _OUTSIDE
    lines = f"{x.shape[1]} lines of {x.shape[0]} samples"
    note = f"scan-converted from {lines}, to {step * 1000:.4g} mm per pixel"
    maps = columns.astype(np.float32), rows.astype(np.float32)
    return Geometry((counts[1], counts[0]), (step * 1000, step * 1000), maps, note)


def _apex(points: np.ndarray, directions: np.ndarray) -> np.ndarray | None:
    """The point nearest to all rays, (x, z), by least squares; None where they are as good as parallel."""
    dx, dz = directions
    system = np.array([[(dz * dz).sum(), -(dx * dz).sum()], [-(dx * dz).sum(), (dx * dx).sum()]])
    cross = dz * points[0] - dx * points[1]
    if np.linalg.det(system) < 1e-6 * len(dx) ** 2:
        return None
    return np.linalg.solve(system, np.array([(dz * cross).sum(), -(dx * cross).sum()]))


def _places(axis: np.ndarray, requested: np.ndarray) -> np.ndarray:
    """Where on an ascending or descending axis each wanted value lies, in samples; -1 beyond its ends."""
    numbers = np.arange(len(axis), dtype=np.float64)
    if axis[-1] < axis[0]:
        axis, numbers = axis[::-1], numbers[::-1]
    slack = 1e-6 * (axis[-1] - axis[0])
    found = np.interp(requested, axis, numbers)
    return np.where((requested < axis[0] - slack) | (requested > axis[-1] + slack), _OUTSIDE, found)


def _count(extent: float, step: float) -> int:
    return int(extent / step + 1e-6) + 1


def _goes_one_way(steps: np.ndarray) -> bool:
    return bool((steps > 0).all() or (steps < 0).all())


def _is_even(steps: np.ndarray) -> bool:
    return bool(steps.mean() > 0 and np.abs(steps - steps.mean()).max() <= _UNEVEN * steps.mean())
