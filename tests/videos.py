"""Videos for tests, made by PyAV: grey frames with the time stamps, shape of pixels and codec that a test
asks for.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

SIZE_HW = (96, 128)


def flat(level: int) -> np.ndarray:
    """A frame of one luma code."""
    return np.full(SIZE_HW, level, np.uint8)


def save_video(
    path: Path,
    lumas: Sequence[np.ndarray],
    times_ms: Sequence[int] | None = None,
    codec: str = "libx264",
    aspect: Fraction | None = None,
    **options: str,
) -> Path:
    """Writes uint8 (H, W) luma codes as they are, 25 a second or at the given times."""
    times_ms = times_ms or [40 * number for number in range(len(lumas))]
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=25)
        stream.height, stream.width = lumas[0].shape
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.bit_rate, stream.options = 8_000_000, options
        steady = path.suffix in (".avi", ".mpg")
        if not steady:
            stream.codec_context.time_base = Fraction(1, 1000)
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        for luma, at in zip(lumas, times_ms, strict=True):
            frame = av.VideoFrame(luma.shape[1], luma.shape[0], stream.pix_fmt)
            _fill(frame, luma)
            frame.pts = at // 40 if steady else at
            frame.time_base = Fraction(1, 25 if steady else 1000)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())
    return path


def _fill(frame: av.VideoFrame, luma: np.ndarray) -> None:
    for number, plane in enumerate(frame.planes):
        values = np.full((plane.height, plane.line_size), 128, np.uint8)
        if number == 0:
            values[:, : luma.shape[1]] = luma
        plane.update(values.tobytes())


def patch(path: Path, boxes: Sequence[bytes], change: Callable[[bytes], bytes]) -> None:
    """Changes the contents of one box of an MP4, named by its path (b"moov", b"trak", ...), to others of the
    same length.
    """
    data = path.read_bytes()
    start, end = 0, len(data)
    for kind in boxes:
        while data[start + 4 : start + 8] != kind:
            start += int.from_bytes(data[start : start + 4], "big")
            assert start < end, f"no box {kind!r}"
        end, start = start + int.from_bytes(data[start : start + 4], "big"), start + 8
    new = change(data[start:end])
    assert len(new) == end - start
    path.write_bytes(data[:start] + new + data[end:])


def save_palette_avi(path: Path, frames: Sequence[np.ndarray], palette: bytes) -> Path:
    """An uncompressed AVI of 8 bits as frame grabbers write it: uint8 (H, W) indices, rows from the bottom
    up, and once, in its header, 256 colours as blue, green, red and 0. Columns in fours.
    """
    (rows, columns), size, count = frames[0].shape, frames[0].size, len(frames)
    main = struct.pack("<14I", 40_000, size * 25, 0, 0x10, count, 0, 1, size, columns, rows, 0, 0, 0, 0)
    rates = struct.pack("<10I4H", 0, 0, 0, 1, 25, 0, count, size, 0xFFFFFFFF, 0, 0, 0, columns, rows)
    form = struct.pack("<IiiHHIIiiII", 40, columns, rows, 1, 8, 0, size, 0, 0, 256, 256) + palette
    stream = _chunk(b"strh", b"vidsDIB " + rates) + _chunk(b"strf", form)
    header = _chunk(b"LIST", b"hdrl" + _chunk(b"avih", main) + _chunk(b"LIST", b"strl" + stream))
    pictures = b"".join(_chunk(b"00db", frame[::-1].tobytes()) for frame in frames)
    places = (struct.pack("<III", 0x10, 4 + (size + 8) * number, size) for number in range(count))
    index = b"".join(b"00db" + place for place in places)
    body = b"AVI " + header + _chunk(b"LIST", b"movi" + pictures) + _chunk(b"idx1", index)
    path.write_bytes(_chunk(b"RIFF", body))
    return path


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
