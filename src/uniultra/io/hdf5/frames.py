"""Frames of samples in an HDF5 file, as a `Cine`: read one at a time, made grey, and put in their place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from uniultra.errors import FileError
from uniultra.io.cines import by_frames, check_count
from uniultra.io.hdf5.geometry import Geometry
from uniultra.io.hdf5.guard import opened
from uniultra.io.paths import PathLike, shown
from uniultra.io.pillow_reader import check_size
from uniultra.pixel_scale import UNKNOWN
from uniultra.types import Cine, Frame


@dataclass(frozen=True)
class Samples:
    """What a file holds.

    Attributes:
        path: of the file.
        size: (columns, rows) of samples.
        count: frames.
        grey: open file and number to samples from 0 to 255, float32 (rows, columns).
        geometry: how they become a picture; None where the file doesn't say.
        scale: what says how large a pixel is.
        times_s, notes: as of a `Cine`.
    """

    path: PathLike
    size: tuple[int, int]
    count: int
    grey: Callable[[Any, int], np.ndarray]
    geometry: Geometry | None
    scale: str
    times_s: tuple[float, ...] | None = None
    notes: tuple[str, ...] = ()


def cine_of(samples: Samples) -> Cine:
    """The frames. Raises FileError: sizes out of range."""
    name, geometry = shown(samples.path), samples.geometry
    check_size(samples.size, name)
    check_count(samples.count, name)
    calibration, notes = UNKNOWN, samples.notes
    frame_hw = samples.size[1], samples.size[0]
    if geometry is not None:
        calibration = calibration.with_fallback(samples.scale, geometry.spacing_mm_yx)
        notes = (*notes, geometry.note) if geometry.note else notes
        frame_hw = geometry.frame_hw
    read = partial(_one, samples, partial(_finished, samples, calibration))
    cine = by_frames(name, frame_hw, samples.count, read, calibration)
    return replace(cine, times_s=samples.times_s, notes=notes)


def spread(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """float32, `low` as 0 and `high` as 255, clipped; all 0 where they are the same. NaN stays NaN."""
    if high <= low:
        return np.where(np.isnan(values), np.float32(np.nan), np.float32(0))
    share = (values.astype(np.float32) - np.float32(low)) / np.float32(high - low)
    return np.clip(share, 0, 1) * np.float32(255)


def rising(seconds: np.ndarray, count: int) -> tuple[float, ...] | None:
    """Seconds from the first frame; None unless there is one a frame, and none goes back."""
    if count < 2 or seconds.shape != (count,) or (np.diff(seconds) < 0).any() or seconds[-1] <= seconds[0]:
        return None
    return tuple(float(second) for second in seconds - seconds[0])


def _finished(samples: Samples, calibration: Any, grey: np.ndarray) -> Frame:
    if not np.isfinite(grey).all():
        raise FileError(f"{shown(samples.path)}: holds values that are NaN; legal are numbers; replace them")
    geometry = samples.geometry or Geometry(grey.shape, (1.0, 1.0))
    return Frame(geometry.picture(grey), shown(samples.path), calibration)


def _one(samples: Samples, finish: Callable[[np.ndarray], Frame], number: int) -> Frame:
    with opened(samples.path) as file:
        return finish(samples.grey(file, number))
