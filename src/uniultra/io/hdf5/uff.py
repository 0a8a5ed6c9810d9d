"""USTB's Ultrasound File Format (www.ustb.no): `uff.beamformed_data` with its scan.

Source: +uff/write_object.m, beamformed_data.m, linear_scan.m and sector_scan.m of github.com/unioslo/USTB
(80ca014), and pyuff_ustb 3.0.0. Data are [pixel x channel x wave x frame]. MATLAB writes axes in the opposite
order of what h5py shows, and lets depth run fastest within a scan; pyuff_ustb writes them as they are, and
lets azimuth run fastest within a sector. So neither is assumed: the axis of pixels is the one of the scan's
length, and the order within it is the one in which the stored positions make a grid or a sector.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from uniultra.errors import FileError
from uniultra.io.cines import check_count
from uniultra.io.hdf5.frames import Samples, spread
from uniultra.io.hdf5.geometry import MAX_SAMPLES, Geometry, geometry_of
from uniultra.io.hdf5.guard import dataset, has_text, member, names, scalar, text, vector
from uniultra.io.paths import PathLike, shown
from uniultra.io.pillow_reader import check_size

BEAMFORMED = "uff.beamformed_data"
DYNAMIC_RANGE_DB = 60.0
"""USTB's own default of beamformed_data.plot."""
_AXES = (("depth_axis", "azimuth_axis"), ("z_axis", "x_axis"))
_UNSET_RATE = 1.0


@dataclass(frozen=True)
class _Layout:
    """Where the pixels of a frame lie in the data: `pixels_last` as MATLAB writes them, `depth_fastest` as
    its scans do.
    """

    pixels_last: bool
    depth_fastest: bool
    rows: int
    columns: int


def beamformed(file: Any, name: str) -> list[str]:
    """The names of the beamformed images at the top of an open file: those of that class, and where its name
    is one that isn't read, those with data and a scan.
    """
    groups = {one: found for one in names(file) if (found := member(file, one, name)) is not None}
    return [one for one, found in groups.items() if _is_beamformed(found, name)]


def _is_beamformed(found: Any, name: str) -> bool:
    said = text(found, "class")
    if said or not has_text(found, "class"):
        return said == BEAMFORMED
    return all(member(found, part, name) is not None for part in ("data", "scan"))


def samples_of(file: Any, path: PathLike, found: list[str]) -> Samples:
    """The first of the beamformed images. Raises FileError: several channels or waves, no scan, a scan of
    another shape, sizes out of range.
    """
    name, place = shown(path), found[0]
    notes = () if len(found) == 1 else (f"'{shown(place)}' is read, the first of {len(found)} images",)
    if text(member(file, place, name), "array") == "1":
        raise FileError(f"{name}: '{shown(place)}' is an array of images; write one by itself")
    real, _ = _parts(file, place, name)
    geometry, depth_fastest, (rows, columns) = _scan(file, f"{place}/scan", name)
    pixels_last, count = _axes(real.shape, rows * columns, name)
    check_count(count, name)
    layout = _Layout(pixels_last, depth_fastest, rows, columns)
    peak = float(np.nanmax(_envelope(file, place, layout, name, 0)))
    if not np.isfinite(peak):
        raise FileError(f"{name}: holds values that are NaN or infinite; legal are finite numbers")
    rate = scalar(file, f"{place}/frame_rate", name)
    times = None
    if count > 1 and rate is not None and 0 < rate != _UNSET_RATE:
        times = tuple(number / rate for number in range(count))
        notes = (*notes, "its rate is frame_rate, which USTB keeps for movies and need not be the probe's")
    notes = (*notes, f"log-compressed to {DYNAMIC_RANGE_DB:g} dB below the brightest pixel of frame 0")
    grey = partial(_grey, place, layout, peak, name)
    return Samples(path, (columns, rows), count, grey, geometry, "scan", times, notes)


def _scan(file: Any, place: str, name: str) -> tuple[Geometry, bool, tuple[int, int]]:
    """How its pixels make a picture; whether depth runs fastest; (rows, columns)."""
    lengths = None
    for down, across in _AXES:
        sizes = [vector(file, f"{place}/{axis}", name, MAX_SAMPLES) for axis in (down, across)]
        if sizes[0] is not None and sizes[1] is not None:
            lengths = sizes[0].size, sizes[1].size
            break
    x, z = (vector(file, f"{place}/{axis}", name, MAX_SAMPLES) for axis in "xz")
    if lengths is None or x is None or z is None:
        kind = text(member(file, place, name), "class") if member(file, place, name) is not None else "none"
        raise FileError(
            f"{name}: its scan is {shown(kind[:40])}; legal are uff.linear_scan and uff.sector_scan with "
            "the positions of their pixels; scan-convert it first"
        )
    rows, columns = lengths
    if not x.size == z.size == rows * columns:
        raise FileError(
            f"{name}: a scan of {x.size} pixels for {columns} lines of {rows} samples; legal is one "
            "plane; take out one plane"
        )
    check_size((columns, rows), name)
    for depth_fastest in (True, False):
        try:
            places = [_ordered(axis, depth_fastest, rows, columns) for axis in (x, z)]
            return geometry_of(places[0], places[1], name), depth_fastest, lengths
        except FileError:
            if not depth_fastest:
                raise
    raise AssertionError("unreachable")


def _ordered(flat: np.ndarray, depth_fastest: bool, rows: int, columns: int) -> np.ndarray:
    return flat.reshape(columns, rows).T if depth_fastest else flat.reshape(rows, columns)


def _axes(shape: tuple[int, ...], pixels: int, name: str) -> tuple[bool, int]:
    """Whether the axis of pixels comes last, and how many frames there are."""
    if shape[-1:] == (pixels,):
        others, pixels_last = shape[-2::-1], True
    elif shape[:1] == (pixels,):
        others, pixels_last = shape[1:], False
    else:
        others, pixels_last = (0, 0, 0, 0), False
    channels, waves, count, *more = (*others, 1, 1, 1)[: max(len(others), 3)]
    if (channels, waves) != (1, 1) or more:
        raise FileError(
            f"{name}: data of {' x '.join(map(str, shape))}; legal are {pixels} pixels x 1 channel x 1 "
            "wave x frames; sum channels and waves first"
        )
    return pixels_last, count


def _parts(file: Any, place: str, name: str) -> tuple[Any, Any]:
    """The datasets of the real and of the imaginary part; None for that of real data."""
    whole = dataset(file, f"{place}/data", name)
    if whole is not None:
        return whole, None
    real, imaginary = (dataset(file, f"{place}/data/{part}", name) for part in ("real", "imag"))
    if real is None or imaginary is None or real.shape != imaginary.shape or real.ndim == 0:
        raise FileError(f"{name}: '{shown(place)}' has no data, or half of them; write it again")
    return real, imaginary


def _envelope(file: Any, place: str, layout: _Layout, name: str, number: int) -> np.ndarray:
    """The magnitude of frame `number`, float32 (rows, columns)."""
    planes = []
    for part in _parts(file, place, name):
        if part is None:
            continue
        others = ([0] * (part.ndim - 2) + [number])[: part.ndim - 1]
        index = (*others[::-1], slice(None)) if layout.pixels_last else (slice(None), *others)
        flat = np.asarray(part[index], np.float32).ravel()
        planes.append(_ordered(flat, layout.depth_fastest, layout.rows, layout.columns))
    return np.hypot(*planes) if len(planes) == 2 else np.abs(planes[0])


def _grey(place: str, layout: _Layout, peak: float, name: str, file: Any, number: int) -> np.ndarray:
    envelope = _envelope(file, place, layout, name, number)
    if peak <= 0:
        return np.where(np.isfinite(envelope), np.float32(0), np.float32(np.nan))
    with np.errstate(divide="ignore", invalid="ignore"):
        decibels = 20 * np.log10(envelope / np.float32(peak))
    return spread(decibels, -DYNAMIC_RANGE_DB, 0.0)
