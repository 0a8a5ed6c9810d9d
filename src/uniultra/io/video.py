"""Video and animation as cines: MP4, MOV, AVI, MKV, WebM and MPEG by PyAV (FFmpeg), GIF by Pillow. One frame
is decoded at a time.

PyAV takes 0.1 s to import, so it is imported when a video is opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import accumulate, islice
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np
from PIL import Image, ImageSequence
from PIL.GifImagePlugin import GifImageFile

from uniultra.errors import FileError
from uniultra.io.cines import MAX_FRAMES, check_number
from uniultra.io.paths import LentFile, PathLike, one_line, shown
from uniultra.io.pillow_reader import check_size, flatten
from uniultra.io.silence import quiet
from uniultra.pixel_scale import UNKNOWN, Calibration
from uniultra.types import Cine, Frame

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

MAX_ASPECT = 10.0
INTERLACED = (
    "the video is interlaced: even and odd lines of a frame come from two moments, so moving edges look "
    "combed"
)
_FORMATS = ((8, b"AVI ", "avi"), (0, b"\x1aE\xdf\xa3", "matroska"), (0, b"\0\0\x01\xba", "mpeg"))
"""Offset and first bytes of a container, and FFmpeg's name for it; anything else is MP4 or MOV."""
_TINT, _TINTED_SHARE = 18, 0.0005
"""How far a pixel's chroma is from grey's where it has colour, and the share of such pixels in a frame that
has: lossy coding tints grey a little.
"""
_GIF_STEP_S = 0.1
"""What a GIF means that gives no delay, as browsers play it."""


def open_video(path: PathLike, form: str | None = None) -> Cine:
    """An MP4, MOV, AVI, MKV, WebM or MPEG. Frames are read in order; a frame on its own costs decoding those
    before it.

    Count and times are those of the frames that are shown: by each frame's own time stamp, without what an
    edit list cuts away.

    Args:
        form: FFmpeg's name for the container, where it is known; else the file's first bytes say it.

    Raises:
        FileError: damaged, empty, of an unknown codec, too large; while reading, a frame that isn't there.
    """
    name = shown(path)
    file = LentFile(path)
    with _opened(file, name, form) as container:
        check_size((container.streams.video[0].width, container.streams.video[0].height), name)
        first = _first(container, name)
        aspect, turned = _aspect(container.streams.video[0]), _turned(first)
    frame_hw = (first.height, first.width) if turned % 2 == 0 else (first.width, first.height)
    check_size((frame_hw[1], frame_hw[0]), name)
    with _opened(file, name, form) as container:
        times = _times(container, name)
    notes = (INTERLACED,) if first.interlaced_frame else ()
    calibration = UNKNOWN.with_aspect("the video", 1 / aspect if turned % 2 else aspect)
    stream = partial(_video_frames, file, name, form, frame_hw, calibration)
    read = partial(_one, stream, name, len(times))
    return Cine(name, frame_hw, len(times), read, stream, times, calibration, notes, in_order=True)


def open_gif(path: PathLike) -> Cine:
    """A GIF, animated or not; times from its delays. Raises FileError: damaged or too large; while reading, a
    broken frame.
    """
    name = shown(path)
    file = LentFile(path)
    with quiet("PIL"), _gif(file) as image:
        check_size(image.size, name)
        frame_hw = image.size[1], image.size[0]
        frames = islice(ImageSequence.Iterator(image), MAX_FRAMES + 1)
        steps = [(frame.info.get("duration") or 1000 * _GIF_STEP_S) / 1000 for frame in frames]
    count = len(steps)
    if count > MAX_FRAMES:
        raise FileError(f"{name}: over {MAX_FRAMES} frames; split it")
    times = tuple(accumulate([0.0, *steps[:-1]])) if count > 1 else None
    stream = partial(_gif_frames, file, name, count)
    return Cine(name, frame_hw, count, partial(_one, stream, name, count), stream, times, in_order=True)


def _one(stream: partial[Iterator[Frame]], name: str, count: int, number: int) -> Frame:
    """Frame `number` of a stream, by passing the ones before it."""
    check_number(number, count, name)
    for frame in stream(number):
        return frame
    raise FileError(
        f"{name}: frame {number} of the promised {count} isn't in the file; choose an earlier one, or copy "
        "it again"
    )


def _format_of(file: BinaryIO) -> str:
    head = file.read(12)
    file.seek(0)
    return next((form for at, mark, form in _FORMATS if head[at:].startswith(mark)), "mov")


@contextmanager
def _opened(source: LentFile, name: str, form: str | None = None) -> Iterator[InputContainer]:
    """The open file, which has video. Its format is what its first bytes say, and it may name no other file
    to be opened.
    """
    import av

    try:
        with (
            source.lent() as file,
            av.open(
                file, "r", format=form or _format_of(file), options={"protocol_whitelist": "file"}
            ) as container,
        ):
            if not container.streams.video:
                raise FileError(
                    f"{name}: holds no video; legal are files with at least 1 frame; export it again"
                )
            decoder = container.streams.video[0].codec_context
            if decoder is None:
                raise FileError(
                    f"{name}: its video is of a codec that FFmpeg lacks; convert it to MP4 (H.264)"
                )
            decoder.thread_count = 1
            yield container
    except (av.FFmpegError, ValueError, RuntimeError) as error:
        raise FileError(
            f"{name}: the video is damaged, truncated, or of a codec that FFmpeg lacks "
            f"({one_line(error)}); convert it to MP4 (H.264)"
        ) from error


def _first(container: InputContainer, name: str) -> VideoFrame:
    for frame in container.decode(container.streams.video[0]):
        return frame
    raise FileError(f"{name}: no frame of the video can be decoded; convert it to MP4 (H.264)")


def _times(container: InputContainer, name: str) -> tuple[float, ...]:
    """Seconds from the first frame that is shown to each, in the order of showing, without decoding them.

    A packet without data repeats the frame before it (AVI); one to be discarded lies outside of the edit list
    (ISO/IEC 14496-12 8.6.6). Where nothing says when a frame is shown, its place in the file does.
    """
    import av

    stream = container.streams.video[0]
    stamps: list[int] = []
    with suppress(av.FFmpegError):  # truncated: what is whole is counted
        for packet in container.demux(stream):
            if packet.size and not packet.is_discard:
                stamp = packet.dts if packet.pts is None else packet.pts
                stamps.append(len(stamps) if stamp is None else stamp)
            if len(stamps) > MAX_FRAMES:
                raise FileError(f"{name}: over {MAX_FRAMES} frames; legal are 1 to {MAX_FRAMES}; split it")
    if not stamps:
        raise FileError(f"{name}: no frame of the video can be decoded; convert it to MP4 (H.264)")
    stamps.sort()
    base = float(stream.time_base or 0)
    return tuple((stamp - stamps[0]) * base for stamp in stamps)


def _aspect(stream: VideoStream) -> float:
    """Width over height of a pixel; 1 where the file doesn't say, or says what no recorder means."""
    aspect = stream.sample_aspect_ratio
    return float(aspect) if aspect and 1 / MAX_ASPECT <= aspect <= MAX_ASPECT else 1.0


def _turned(frame: VideoFrame) -> int:
    """Quarter turns against the clock that bring a frame upright (the display matrix of a phone's video)."""
    return round(frame.rotation / 90) % 4


def _video_frames(
    source: LentFile,
    name: str,
    form: str | None,
    frame_hw: tuple[int, int],
    calibration: Calibration,
    start: int = 0,
) -> Iterator[Frame]:
    count = 0
    with _opened(source, name, form) as container:
        for frame in container.decode(container.streams.video[0]):
            count += 1
            if count <= start:
                continue
            if count > MAX_FRAMES:
                return
            # limited range (16 to 235, ITU-R BT.601) is spread to 0 to 255
            yield Frame(_upright(frame, "gray", count - 1, name, frame_hw), name, calibration)
    if not count:
        raise FileError(f"{name}: no frame of the video can be decoded; convert it to MP4 (H.264)")


def video_colours(path: PathLike, frame_hw: tuple[int, int]) -> Iterator[np.ndarray]:
    """The frames of a video that `open_video` opened, upright: uint8 RGB (H, W, 3) of those with colour, and
    grey (H, W) of the others, which costs no more than grey alone. Raises FileError.
    """
    name = shown(path)
    with _opened(LentFile(path), name) as container:
        for number, frame in enumerate(container.decode(container.streams.video[0])):
            yield _upright(frame, "rgb24" if _is_tinted(frame) else "gray", number, name, frame_hw)


def _is_tinted(frame: VideoFrame) -> bool:
    """Whether enough chroma differs from grey's, 128; True for what isn't planar YCbCr of 8 bits."""
    if not frame.format.name.startswith("yuv") or frame.format.components[0].bits != 8:
        return not frame.format.name.startswith("gray")
    count = 0
    for plane in frame.planes[1:3]:
        stored = np.frombuffer(cast("bytes", plane), np.uint8)  # it has bytes' interface
        chroma = stored.reshape(plane.height, plane.line_size)[::2, : plane.width : 2]
        count = max(count, int(np.count_nonzero((chroma > 128 + _TINT) | (chroma < 128 - _TINT))))
    return count > _TINTED_SHARE * chroma.size


def _upright(frame: VideoFrame, form: str, number: int, name: str, frame_hw: tuple[int, int]) -> np.ndarray:
    pixels = np.rot90(_grey(frame) if form == "gray" else frame.to_ndarray(format=form), _turned(frame))
    if pixels.shape[:2] != frame_hw:
        raise FileError(
            f"{name}: frame {number} is {pixels.shape[1]} x {pixels.shape[0]} pixels, the first "
            f"{frame_hw[1]} x {frame_hw[0]}; convert it to one size"
        )
    return np.ascontiguousarray(pixels)


def _grey(frame: VideoFrame) -> np.ndarray:
    """Grey (H, W). FFmpeg's own conversion of a palette is off by one for some levels, so a palette of greys
    is read as colours.
    """
    if frame.format.name == "pal8":
        red, green, blue = np.moveaxis(frame.to_ndarray(format="rgb24"), -1, 0)
        if np.array_equal(red, green) and np.array_equal(green, blue):
            return red
    return frame.to_ndarray(format="gray")


@contextmanager
def _gif(source: LentFile) -> Iterator[GifImageFile]:
    try:
        with source.lent() as file:
            yield GifImageFile(file)
    except FileError:
        raise
    except Exception as error:  # a broken file makes Pillow raise almost anything
        raise FileError(
            f"{shown(source.path)}: the GIF data is damaged or truncated ({one_line(error)}); export it again"
        ) from error


def gif_pictures(source: LentFile, count: int, start: int = 0) -> Iterator[Image.Image]:
    """The frames of a GIF that `open_gif` opened, from `start` on, of mode L or RGB. Raises FileError."""
    with _gif(source) as image:
        for number in range(count):
            with quiet("PIL"):
                image.seek(number)
                image.load()  # each frame is drawn over the one before
                picture = flatten(image) if number >= start else None
            if picture is not None:
                yield picture


def _gif_frames(source: LentFile, name: str, count: int, start: int = 0) -> Iterator[Frame]:
    for picture in gif_pictures(source, count, start):
        yield Frame(np.array(picture.convert("L")), source=name)
