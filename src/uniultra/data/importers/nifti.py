"""Single 2D slices from NIfTI-1 files, as much of the format as the public ultrasound sets use
(nifti.nimh.nih.gov/nifti-1).
"""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from uniultra.array_pixels import spread
from uniultra.data.importers.images import same_size
from uniultra.data.importers.sample import Finding, Problem, Sample
from uniultra.errors import FileError
from uniultra.io.masks import MAX_IDS, check_ids
from uniultra.io.paths import one_line, shown

_TYPES = {2: "u1", 4: "<i2", 8: "<i4", 16: "<f4", 64: "<f8", 256: "i1", 512: "<u2"}
_HEADER = 352
_MAX_SIDE = 4096
_MAX_BYTES = 200_000_000


_UNITS_MM = {1: 1000.0, 2: 1.0, 3: 0.001}
"""Millimetres of a unit by the header's code; 0, nibabel's default, is none."""
ENDINGS = (".nii", ".nii.gz")


@dataclass(frozen=True)
class Slice:
    """Values (H, W), x fastest in the file, the size of a pixel, which need not be square, and whether the
    file has a unit of it; without one it is taken to be millimetres.
    """

    values_hw: np.ndarray
    spacing_mm_yx: tuple[float, float]
    has_unit: bool = True


def read_nifti(path: Path) -> Slice:
    """A little-endian `.nii` or `.nii.gz` of one slice.

    Raises:
        FileError: damaged, of another kind, of several slices, or of values that are not finite.
    """
    try:
        with open(path, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else open(path, "rb") as file:
            data = file.read(_MAX_BYTES)
        return _parse(data)
    except (OSError, EOFError, ValueError, OverflowError, zlib.error, struct.error) as error:
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
    unit = _UNITS_MM.get(data[123] & 7)
    return Slice(values_hw, (spacing[2] * (unit or 1.0), spacing[1] * (unit or 1.0)), unit is not None)


def square_pixels(path: Path) -> np.ndarray:
    """The picture of a file, uint8 (H, W), with square pixels. Values from 0 to 255 are kept, unless none is
    over 1; all others are stretched from the smallest to the largest. Raises FileError.
    """
    image = read_nifti(path)
    values_hw = image.values_hw
    low, high = float(values_hw.min()), float(values_hw.max())
    if low < 0 or high <= 1 or high > 255:
        values_hw = spread(values_hw, low, high)
    return _squared(values_hw, image.spacing_mm_yx, cv2.INTER_LINEAR)


def square_ids(path: Path) -> np.ndarray:
    """The ids of a file, uint8 (H, W), with square pixels. Raises FileError, also where values are none."""
    image = read_nifti(path)
    values_hw = image.values_hw
    if values_hw.min() < 0 or values_hw.max() > MAX_IDS or (values_hw != np.rint(values_hw)).any():
        span = f"{values_hw.min():g} to {values_hw.max():g}"
        raise FileError(f"{path}: its values are {span}; ids are whole numbers from 0 to {MAX_IDS}; renumber")
    return _squared(values_hw, image.spacing_mm_yx, cv2.INTER_NEAREST)


def _squared(values_hw: np.ndarray, spacing_mm_yx: tuple[float, float], how: int) -> np.ndarray:
    """uint8 with square pixels of the smaller side."""
    sizes = zip(values_hw.shape, spacing_mm_yx, strict=True)
    height, width = (round(n * side / min(spacing_mm_yx)) for n, side in sizes)
    return cv2.resize(np.rint(values_hw).astype(np.uint8), (width, height), interpolation=how)


def square_side(path: Path, assumed_mm: bool = False) -> float | Problem | None:
    """The side of a square pixel in mm; None where the file has no unit, unless that is `assumed_mm`; a
    problem where the file can't be read.
    """
    try:
        image = read_nifti(path)
    except FileError as error:
        return Problem(str(path), str(error).removeprefix(f"{path}: "))
    return min(image.spacing_mm_yx) if image.has_unit or assumed_mm else None


def nifti_sample(name: str, image: Path, mask: Path, split: str = "") -> Finding:
    """Anyone's own slice with its labels, both NIfTI."""
    spacing = square_side(image)
    if isinstance(spacing, Problem):
        return spacing
    ids = partial(_own_ids, path=mask)
    return Sample(name, image, ids, (mask,), split=split, pixel_mm=spacing, pixels=square_pixels)


def _own_ids(hw: tuple[int, int], path: Path) -> np.ndarray:
    return check_ids(same_size(square_ids(path), hw, path), shown(path))
