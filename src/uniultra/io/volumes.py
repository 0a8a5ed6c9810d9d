"""Pixels that lie in a file one after the other, as MetaImage and NRRD keep them: plain, or as one compressed
stream.

A header becomes a `Volume`, that a cine here. Nothing is held but one frame: of a compressed stream it is
read by going through those before, and what it unpacks to is bounded by the header's own size.

Sizes of a pixel that are no anatomy are told from others here, too: ITK takes the dots per inch of a JPEG or
TIFF for millimetres, and keeps 1 mm where nobody knew (findings/simpleitk_dpi_is_millimetres.sh).
"""

from __future__ import annotations

import bz2
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from uniultra.array_pixels import spread
from uniultra.errors import FileError
from uniultra.io.cines import check_count, check_number
from uniultra.io.paths import LentFile, PathLike, shown
from uniultra.io.pillow_reader import check_size, span_of
from uniultra.io.place import Place
from uniultra.pixel_scale import UNKNOWN, Calibration
from uniultra.types import Cine, Frame

MAX_HEADER_BYTES = 64_000_000
MAX_LINE_BYTES = 100_000
MOST_FIELDS = 2_000_000
MOST_LABEL = 255
MAX_HELD_BYTES = 2_000_000_000
_CHUNK = 1 << 16
_OPENERS: dict[str, Callable[[], Any]] = {
    "zlib": zlib.decompressobj,
    "gzip": partial(zlib.decompressobj, 31),
    "bzip2": bz2.BZ2Decompressor,
}


@dataclass(frozen=True)
class Volume:
    """What a header says of its pixels.

    Attributes:
        name: of the header's file, for messages.
        data: the file of the pixels: the header's own, or one beside it.
        offset: bytes before the first pixel.
        encoding: "raw", or one of `_OPENERS`.
        dtype: of one value, byte order included.
        size: (columns, rows, frames).
        channels: 1, or 3 or 4 of colour, interleaved.
        flips: whether frames are turned over left to right, and top to bottom.
        calibration, times_s, notes: as of a `Cine`.
        place: of the first frame as it lies in the file; None where the header has none.
        slices: whether frames lie side by side in space, not in time.
        interleaved: whether each pixel's values of all frames lie together.
    """

    name: str
    data: LentFile
    offset: int
    encoding: str
    dtype: np.dtype
    size: tuple[int, int, int]
    channels: int = 1
    flips: tuple[bool, bool] = (False, False)
    calibration: Calibration = UNKNOWN
    times_s: tuple[float, ...] | None = None
    notes: tuple[str, ...] = field(default=())
    place: Place | None = None
    slices: bool = False
    interleaved: bool = False

    @property
    def frame_bytes(self) -> int:
        return self.size[0] * self.size[1] * self.channels * self.dtype.itemsize


def cine_of(volume: Volume) -> Cine:
    """The frames of a volume. Raises FileError: sizes out of range, colour of more than 8 bits, or pixels
    that aren't there.
    """
    width, height, count = volume.size
    check_size((width, height), volume.name)
    check_count(count, volume.name)
    if volume.channels not in (1, 3, 4) or (volume.channels > 1 and volume.dtype != np.uint8):
        raise FileError(
            f"{volume.name}: {volume.channels} channels of {volume.dtype.name}; legal are 1, or 3 or 4 "
            "of 8 bits; save it as grey"
        )
    there = volume.data.size - volume.offset
    expected = volume.frame_bytes * count if volume.encoding == "raw" else 1
    if volume.offset < 0 or there < expected:
        raise FileError(
            f"{volume.name}: {max(there, 0)} bytes of pixels where the header promises {expected}: "
            "truncated; copy or export it again"
        )
    plane, planes = _apart(volume) if volume.interleaved else (_plane, _planes)
    span = span_of(_grey(plane(volume, 0), volume))

    return Cine(
        volume.name,
        (height, width),
        count,
        read=lambda number: _finished(plane(volume, number), volume, span),
        stream=lambda: (_finished(one, volume, span) for one in planes(volume)),
        times_s=volume.times_s,
        calibration=volume.calibration,
        notes=volume.notes,
        in_order=volume.encoding != "raw" and not volume.interleaved,
    )


def place_of(volume: Volume, number: int) -> Place | None:
    """Where frame `number` lies as it is shown; None where the header doesn't say."""
    if volume.place is None:
        return None
    first = volume.place.turned(volume.flips, volume.size[:2])
    return first.of_slice(number) if volume.slices else first


def labels_of(volume: Volume) -> tuple[np.ndarray, Calibration]:
    """The ids of a volume of one frame, uint8 (H, W), and the size of a pixel with what the header says of
    it. Raises FileError: several frames, colour, or values other than 0 to 255.
    """
    cine = cine_of(volume)
    if cine.count != 1 or volume.channels != 1:
        raise FileError(
            f"{volume.name}: {cine.count} frames of {volume.channels} channels; labels are of one frame "
            "and channel; write one file per frame"
        )
    plane = _grey(_plane(volume, 0), volume)
    if plane.min() < 0 or plane.max() > MOST_LABEL or (plane != np.rint(plane)).any():
        raise FileError(
            f"{volume.name}: values from {plane.min():g} to {plane.max():g}; labels are whole numbers "
            "from 0 to 255; renumber them"
        )
    return np.ascontiguousarray(plane.astype(np.uint8)), replace(volume.calibration, notes=volume.notes)


def header_line(file: BinaryIO, name: str) -> str | None:
    """The next line of a header, without its end; None at the end of the file. Raises FileError where it is
    no text or too long.
    """
    line = file.readline(MAX_LINE_BYTES + 1)
    if not line:
        return None
    if len(line) > MAX_LINE_BYTES or file.tell() > MAX_HEADER_BYTES or b"\0" in line:
        raise FileError(f"{name}: its header isn't text, or has no end; export it again")
    return line.decode("utf-8", errors="replace").rstrip("\r\n")


def beside(header: PathLike, named: str) -> LentFile:
    """The file of pixels that a header names. Raises FileError where that isn't the plain name of a file
    beside it.
    """
    if not named or named in (".", "..") or set(named) & set("/\\:%") or "\0" in named:
        raise FileError(
            f"{shown(header)}: its pixels are in {shown(named)}; legal is one file beside it; "
            "save it as one file"
        )
    return LentFile(Path(header).with_name(named))


def numbers(text: str, count: int | None, what: str, name: str) -> tuple[float, ...]:
    """The finite numbers of a header's field. Raises FileError."""
    try:
        values = tuple(float(part) for part in text.split())
    except ValueError:
        values = ()
    if not values or (count is not None and len(values) != count) or not np.isfinite(values).all():
        expected = "finite numbers" if count is None else f"{count} finite numbers"
        raise FileError(f"{name}: {what} is '{shown(text[:60])}', not {expected}; export it again")
    return values


def sides(text: str, what: str, name: str) -> tuple[int, ...]:
    """The lengths of a volume's axes: 2 to 5 whole numbers from 1 on. Raises FileError."""
    values = numbers(text, None, what, name)
    if not 2 <= len(values) <= 5 or any(value < 1 or value != int(value) or value > 1e9 for value in values):
        raise FileError(f"{name}: {what} is '{shown(text[:60])}', not 2 to 5 whole numbers; export it again")
    return tuple(int(value) for value in values)


def one_axis(axes: tuple[int, ...], name: str) -> tuple[int, int]:
    """Of the axes beyond columns and rows, which one counts frames (from 0; 0 where none does) and how many.
    Raises FileError.
    """
    more = [axis for axis, side in enumerate(axes) if side != 1]
    if len(more) > 1:
        raise FileError(
            f"{name}: axes beyond columns and rows of {' x '.join(map(str, axes))}; legal are columns x "
            "rows, and slices or frames; take out one slice or one frame"
        )
    return (more[0], axes[more[0]]) if more else (0, 1)


def _plane(volume: Volume, number: int) -> np.ndarray:
    check_number(number, volume.size[2], volume.name)
    if volume.encoding != "raw":
        for at, plane in enumerate(_planes(volume)):
            if at == number:
                return plane
    with volume.data.lent() as file:
        file.seek(volume.offset + number * volume.frame_bytes)
        return _shaped(file.read(volume.frame_bytes), volume, number)


def _planes(volume: Volume) -> Iterator[np.ndarray]:
    """All frames in their order."""
    with volume.data.lent() as file:
        file.seek(volume.offset)
        stream = None if volume.encoding == "raw" else _OPENERS[volume.encoding]()
        left = b""
        for number in range(volume.size[2]):
            if stream is None:
                data = file.read(volume.frame_bytes)
            else:
                data, left = _unpacked(file, stream, left, volume, number)
            yield _shaped(data, volume, number)


def _apart(
    volume: Volume,
) -> tuple[Callable[[Volume, int], np.ndarray], Callable[[Volume], Iterator[np.ndarray]]]:
    """`_plane` and `_planes` of interleaved frames, which are read at once and kept. Raises FileError where
    that is too much.
    """
    width, height, count = volume.size
    if volume.frame_bytes * count > MAX_HELD_BYTES:
        raise FileError(
            f"{volume.name}: {volume.frame_bytes * count / 1e9:.1f} GB of frames that lie pixel by pixel; "
            f"legal are {MAX_HELD_BYTES / 1e9:.1f}; save it with Slicer 5.10 or later"
        )

    @cache
    def whole() -> np.ndarray:
        pixels = _plane(replace(volume, size=(width, height, 1), channels=count), 0)
        return np.ascontiguousarray(np.moveaxis(pixels, -1, 0))[..., None]

    def one(volume: Volume, number: int) -> np.ndarray:
        check_number(number, count, volume.name)
        return whole()[number]

    return one, lambda _: iter(whole())


def _unpacked(file: BinaryIO, stream: Any, left: bytes, volume: Volume, number: int) -> tuple[bytes, bytes]:
    """The bytes of the next frame of a compressed stream, and what of the file was read and not unpacked
    yet.
    """
    parts, expected = [], volume.frame_bytes
    is_zlib = volume.encoding != "bzip2"
    try:
        while expected and not stream.eof:
            if not left and (is_zlib or stream.needs_input):
                left = file.read(_CHUNK)
            part = stream.decompress(left, expected)  # of nothing: what is still held back
            if not part and not left:
                break
            left = stream.unconsumed_tail if is_zlib else b""
            parts.append(part)
            expected -= len(part)
    except (zlib.error, OSError, EOFError, ValueError) as error:
        raise FileError(
            f"{volume.name}: frame {number} can't be unpacked ({type(error).__name__}): damaged; "
            "copy or export it again"
        ) from error
    return b"".join(parts), left


def _shaped(data: bytes, volume: Volume, number: int) -> np.ndarray:
    if len(data) != volume.frame_bytes:
        raise FileError(f"{volume.name}: frame {number} is truncated; copy or export it again")
    width, height, _ = volume.size
    plane = np.frombuffer(data, volume.dtype).reshape(height, width, volume.channels)
    across, down = volume.flips
    return plane[:: -1 if down else 1, :: -1 if across else 1]


def _grey(plane: np.ndarray, volume: Volume) -> np.ndarray:
    """(H, W) of a frame (H, W, channels): colour becomes luma."""
    if volume.channels > 1:
        return np.asarray(Image.fromarray(np.ascontiguousarray(plane[..., :3])).convert("L"))
    if not np.isfinite(plane).all():
        raise FileError(f"{volume.name}: holds values that are NaN or infinite; legal are finite numbers")
    return plane[..., 0]


def _finished(plane: np.ndarray, volume: Volume, span: tuple[float, float]) -> Frame:
    grey = _grey(plane, volume)
    if grey.dtype != np.uint8:
        grey = spread(grey, *span)
    return Frame(np.ascontiguousarray(grey), volume.name, volume.calibration)
