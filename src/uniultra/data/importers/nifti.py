"""Single 2D slices from NIfTI-1 files, as much of the format as the public ultrasound sets use
(nifti.nimh.nih.gov/nifti-1).
"""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from uniultra.data.problems import Problem
from uniultra.errors import FileError
from uniultra.io.paths import one_line

_TYPES = {2: "u1", 4: "<i2", 8: "<i4", 16: "<f4", 64: "<f8", 256: "i1", 512: "<u2"}
_HEADER = 352
_MAX_SIDE = 4096
_MAX_BYTES = 200_000_000


@dataclass(frozen=True)
class Slice:
    """Values (H, W), x fastest in the file, and the size of a pixel, which need not be square."""

    values_hw: np.ndarray
    spacing_mm_yx: tuple[float, float]


def read_nifti(path: Path) -> Slice:
    """A little-endian `.nii.gz` of one slice.

    Raises:
        FileError: damaged, of another kind, of several slices, or of values that are not finite.
    """
    try:
        with gzip.open(path, "rb") as file:
            data = file.read(_MAX_BYTES)
        return _parse(data)
    except (OSError, EOFError, ValueError, zlib.error, struct.error) as error:
        raise FileError(
            f"{path}: not a NIfTI file of one slice ({one_line(error)}); unpack it again"
        ) from error


def _parse(data: bytes) -> Slice:
    if (
        len(data) < _HEADER
        or data[344:347] not in (b"n+1", b"ni1")
        or struct.unpack_from("<i", data)[0] != 348
    ):
        raise ValueError("no little-endian NIfTI-1 header")
    dims = struct.unpack_from("<8h", data, 40)
    kind = _TYPES.get(struct.unpack_from("<h", data, 70)[0])
    spacing = struct.unpack_from("<8f", data, 76)
    start = int(struct.unpack_from("<f", data, 108)[0])
    width, height = dims[1:3]
    if (
        kind is None
        or not 0 < width <= _MAX_SIDE
        or not 0 < height <= _MAX_SIDE
        or any(d > 1 for d in dims[3 : dims[0] + 1])
    ):
        raise ValueError(f"dimensions {dims}")
    if not (spacing[1] > 0 and spacing[2] > 0 and np.isfinite(spacing[1:3]).all()) or start < _HEADER:
        raise ValueError(f"spacing {spacing[1:3]}")
    values_hw = np.frombuffer(data, kind, width * height, start).reshape(height, width)
    slope, shift = struct.unpack_from("<2f", data, 112)
    if slope and (slope, shift) != (1.0, 0.0):  # nifti1.h: a slope of 0 means that values are as stored
        values_hw = values_hw * np.float64(slope) + shift
    if not np.isfinite(values_hw).all():
        raise ValueError("values are not finite")
    return Slice(values_hw, (spacing[2], spacing[1]))


def squared(image: Slice, smooth: bool) -> np.ndarray:
    """uint8 (H, W) with square pixels of the smaller side; `smooth` for images, not for labels. Values are
    cut to 0..255.
    """
    pixel = min(image.spacing_mm_yx)
    height, width = (
        round(n * s / pixel) for n, s in zip(image.values_hw.shape, image.spacing_mm_yx, strict=True)
    )
    values_hw = np.clip(np.rint(image.values_hw.astype(np.float32)), 0, 255).astype(np.uint8)
    return cv2.resize(
        values_hw, (width, height), interpolation=cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
    )


def square_pixels(path: Path) -> np.ndarray:
    """The picture of a file, uint8 (H, W), with square pixels. Raises FileError."""
    return squared(read_nifti(path), smooth=True)


def square_side(path: Path) -> float | Problem:
    """The side of a square pixel in mm; a problem where the file can't be read."""
    try:
        return min(read_nifti(path).spacing_mm_yx)
    except FileError as error:
        return Problem(str(path), str(error).removeprefix(f"{path}: "))
