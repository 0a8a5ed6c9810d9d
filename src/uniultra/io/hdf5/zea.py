"""zea's files (github.com/tue-bmd/zea): the reconstructed image, `data/image` of a track.

Source: zea 0.1.8, zea/data/spec.py. values is (frames, z, x), uint8, or float32 in dB of at most 0;
coordinates is [x, y, z] in metres of each pixel, with or without the axis of frames. Files before its tracks
keep `image` as a plain array without coordinates.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from uniultra.errors import FileError
from uniultra.io.cines import check_count
from uniultra.io.hdf5.frames import Samples, rising, spread
from uniultra.io.hdf5.geometry import MAX_SAMPLES, Geometry, geometry_of
from uniultra.io.hdf5.guard import dataset, member, names, scalar, vector
from uniultra.io.paths import PathLike, shown
from uniultra.io.pillow_reader import check_size

DYNAMIC_RANGE_DB = -60.0, 0.0
"""zea's own default: DEFAULT_DYNAMIC_RANGE."""
_TRACK = "tracks/track_0"
_IMAGES = ("image", "image_sc")
COLOUR = "the last axis of 3 is read as red, green, blue, as zea's converter of images writes it"
_COLOUR = 3
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def image_place(file: Any, name: str) -> str | None:
    """The path of the values of the image in an open file; None where there is none."""
    for root in (f"{_TRACK}/data", "data"):
        for image in _IMAGES:
            for path in (f"{root}/{image}/values", f"{root}/{image}"):
                if dataset(file, path, name) is not None:
                    return path
    return None


def samples_of(file: Any, path: PathLike, place: str) -> Samples:
    """What an open file of zea's holds at `place`. Raises FileError: axes or sizes out of range."""
    name = shown(path)
    values = dataset(file, place, name)
    shape = values.shape
    group = place.removesuffix("/values")
    coordinates = dataset(file, f"{group}/coordinates", name) if group != place else None
    is_colour = len(shape) == 4 and shape[3] == _COLOUR and values.dtype == np.uint8 and coordinates is None
    if is_colour or (len(shape) == 4 and shape[3] == 1):
        shape = shape[:3]
    if len(shape) not in (2, 3):
        raise FileError(
            f"{name}: '{place}' is {' x '.join(map(str, shape))}; legal is frames x depth x lateral; "
            "take out one plane"
        )
    count, rows, columns = (1, *shape) if len(shape) == 2 else shape
    check_size((columns, rows), name)
    check_count(count, name)
    geometry = None if coordinates is None else _geometry(coordinates, (count, rows, columns), name)
    span, notes = _span(file, values, group, name)
    if is_colour:
        notes = (*notes, COLOUR)
    tracks = member(file, "tracks", name)
    if place.startswith(_TRACK) and tracks is not None and len(tracks) > 1:
        notes = (*notes, f"the first of {len(tracks)} tracks is read")
    if coordinates is None:
        notes = (*notes, "the image has no coordinates, so the size of a pixel is unknown: give --spacing")
    grey = partial(_grey, place, span, name)
    times = _times(file, group, count, name)
    return Samples(path, (columns, rows), count, grey, geometry, "coordinates", times, notes)


def _geometry(coordinates: Any, size: tuple[int, int, int], name: str) -> Geometry:
    count, rows, columns = size
    shape = tuple(side for side in coordinates.shape[:-1])
    shape = shape[:-1] if len(shape) > 2 and shape[-1] == 1 and shape != (count, rows, columns) else shape
    if coordinates.shape[-1] != 3 or shape not in ((rows, columns), (count, rows, columns)):
        raise FileError(
            f"{name}: coordinates are {' x '.join(map(str, coordinates.shape))} for {count} x {rows} x "
            f"{columns} pixels; write them again"
        )
    if rows * columns > MAX_SAMPLES:
        raise FileError(f"{name}: {columns} x {rows} samples; the limit is {MAX_SAMPLES}; resample it")
    places = [(0,), (count - 1,)] if len(shape) == 3 else [()]
    x, z = (_plane(coordinates, (*places[0],), axis, rows, columns) for axis in (0, 2))
    for place in places[1:]:
        later = (_plane(coordinates, place, axis, rows, columns) for axis in (0, 2))
        if not all(np.allclose(a, b, atol=1e-6) for a, b in zip((x, z), later, strict=True)):
            raise FileError(f"{name}: coordinates differ from frame to frame; write one file per geometry")
    return geometry_of(x, z, name)


def _plane(coordinates: Any, place: tuple[int, ...], axis: int, rows: int, columns: int) -> np.ndarray:
    return np.asarray(coordinates[(*place, ..., axis)], np.float64).reshape(rows, columns)


def _span(file: Any, values: Any, group: str, name: str) -> tuple[tuple[float, float], tuple[str, ...]]:
    """The values that become black and white, with a note where they aren't plain."""
    if values.dtype == np.uint8:
        return (0.0, 255.0), ()
    low, high = (scalar(file, f"{group}/{end}", name) for end in ("min", "max"))
    if low is not None and high is not None and low < high:
        return (low, high), (f"{low:g} is black and {high:g} is white, by the image's min and max",)
    first = values[0] if values.ndim > 2 else values[()]
    if values.dtype.kind == "f" and first.max() <= 0:
        low, high = DYNAMIC_RANGE_DB
        return DYNAMIC_RANGE_DB, (f"values are dB: {low:g} is black and {high:g} is white",)
    finite = first[np.isfinite(first)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0), ()


def _grey(place: str, span: tuple[float, float], name: str, file: Any, number: int) -> np.ndarray:
    values = dataset(file, place, name)
    plane = np.asarray(values[number] if values.ndim > 2 else values[()])
    if plane.ndim == 3:
        plane = plane[..., 0] if plane.shape[2] == 1 else plane.astype(np.float32) @ _LUMA
    return spread(plane, *span)


def _times(file: Any, group: str, count: int, name: str) -> tuple[float, ...] | None:
    """By the image's time stamps; else by the intervals of the transmits, (frames, transmits) in seconds."""
    if member(file, f"{group}/timestamps", name) is not None:
        seconds = vector(file, f"{group}/timestamps", name, count)
        return None if seconds is None else rising(seconds, count)
    place = f"{_TRACK}/scan/time_to_next_transmit"
    intervals = dataset(file, place, name) if group.startswith(_TRACK) else None
    if intervals is None or intervals.ndim != 2 or intervals.shape[0] != count or intervals.size > 10_000_000:
        return None
    starts = np.concatenate([[0.0], np.cumsum(np.asarray(intervals[:-1], np.float64).sum(axis=1))])
    return rising(starts, count) if np.isfinite(starts).all() else None


def contents(file: Any, name: str) -> list[str]:
    """What data of zea's a file has that hold no image, for a message."""
    found = member(file, f"{_TRACK}/data", name) or member(file, "data", name)
    return [] if found is None or not hasattr(found, "keys") else names(found)
