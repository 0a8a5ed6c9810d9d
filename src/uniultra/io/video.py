"""Video and animation as cines: MP4, MOV, AVI, Matroska and WebM by PyAV, GIF by Pillow. One frame is decoded at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL.GifImagePlugin import GifImageFile

from uniultra.calibration import UNKNOWN, Calibration, aspect_note
from uniultra.errors import FileError
from uniultra.io.paths import MAX_CINE_BYTES, PathLike, first_bytes, one_line, shown
from uniultra.io.pictures import check_size, flatten
from uniultra.io.quiet import quiet
from uniultra.types import Cine, Frame

if TYPE_CHECKING:
    from av.container import InputContainer

MAX_FRAMES = 1_000_000
UNEVEN = 0.02
"""Frame times that differ by more than this share of their mean are told."""
_GIF_STEP_S = 0.1
"""What a GIF means that gives no delay, as browsers play it."""


@dataclass(frozen=True)
class _Shown:
    """What a video presents: (height, width) as it is seen, the time stamp of each frame, and what one pixel's sides are to each other."""

    frame_hw: tuple[int, int]
    times_s: tuple[float, ...] | None
    count: int
    aspect_hw: tuple[int, int]


def open_video(path: PathLike, demuxer: str) -> Cine:
    """A video file. Frames are read in order; a frame on its own costs decoding those before it.

    What is presented counts, not what is stored: the time stamps of the file, the part that its edit list shows, its rotation.

    Args:
        demuxer: FFmpeg's name of the container's format; no other is tried.

    Raises:
        FileError: damaged, empty, of an unknown codec, too large; while reading, a frame that isn't there.
    """
    name = shown(path)
    first_bytes(path, 1, MAX_CINE_BYTES)
    shown_ = _presented(path, demuxer, name)
    note = aspect_note("the file", *shown_.aspect_hw)
    calibration = Calibration(notes=(note,)) if note else UNKNOWN
    stream = partial(_video_frames, path, demuxer, name, shown_.frame_hw, calibration)
    read = partial(_one, stream, name, shown_.count)
    notes = _uneven(shown_.times_s)
    return Cine(name, shown_.frame_hw, shown_.count, read, stream, shown_.times_s, calibration, notes, in_order=True)


def open_gif(path: PathLike) -> Cine:
    """A GIF, animated or not; times from its delays. Raises FileError: damaged or too large; while reading, a broken frame."""
    name = shown(path)
    steps = []
    with _gif(path, name) as image:
        check_size(image.size, name)
        frame_hw = image.size[1], image.size[0]
        for number in range(MAX_FRAMES + 1):
            try:
                image.seek(number)
            except EOFError:
                break
            steps.append((image.info.get("duration") or 1000 * _GIF_STEP_S) / 1000)
    count = len(steps)
    if count > MAX_FRAMES:
        raise FileError(f"{name}: over {MAX_FRAMES} frames; split it")
    times = tuple(accumulate([0.0, *steps[:-1]])) if count > 1 else None
    stream = partial(_gif_frames, path, name, count)
    return Cine(name, frame_hw, count, partial(_one, stream, name, count), stream, times, in_order=True)


def _one(stream: partial[Iterator[Frame]], name: str, count: int, number: int) -> Frame:
    """Frame `number` of a stream, by passing the ones before it."""
    if not 0 <= number < count:
        raise FileError(f"{name}: there is no frame {number}; legal are 0 to {count - 1}; count from 0")
    for frame in stream(number):
        return frame
    raise FileError(f"{name}: frame {number} of the promised {count} isn't in the file; choose an earlier one, or copy it again")


@contextmanager
def _container(path: PathLike, demuxer: str, name: str) -> Iterator[InputContainer]:
    """The file by the one demuxer that its first bytes name, so that no playlist in it opens another file."""
    import av

    try:
        with open(path, "rb") as file, av.open(file, "r", format=demuxer, metadata_errors="replace") as container:
            if not container.streams.video:
                raise FileError(f"{name}: holds no video stream; convert it to MP4 (H.264)")
            yield container
    except FileError:
        raise
    except (av.FFmpegError, OSError, ValueError, RuntimeError) as error:
        problem = f"the video is damaged, cut short, or of an unknown codec ({one_line(error)})"
        raise FileError(f"{name}: {problem}; convert it to MP4 (H.264)") from error


def _presented(path: PathLike, demuxer: str, name: str) -> _Shown:
    """Raises FileError."""
    with _container(path, demuxer, name) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        if context is None:
            raise FileError(f"{name}: the video is of a codec that is unknown here; convert it to MP4 (H.264)")
        check_size((context.width, context.height), name)
        first = next(_decoded(container), None)
        if first is None:
            raise FileError(f"{name}: no frame of the video can be decoded; convert it to MP4 (H.264)")
        pixels = _grey(first)
        ratio = stream.sample_aspect_ratio or context.sample_aspect_ratio
        frame_a_packet = context.name in _FRAME_A_PACKET or (
            context.name in _USUALLY and demuxer != "avi" and not first.interlaced_frame
        )
    times = _packet_times(path, demuxer, name) if frame_a_packet else None
    if times is None:
        times = _decoded_times(path, demuxer, name)
    if not 1 <= len(times) <= MAX_FRAMES:
        raise FileError(f"{name}: the video claims {len(times)} frames; legal are 1 to {MAX_FRAMES}; export it again")
    high, wide = (int(ratio.denominator), int(ratio.numerator)) if ratio else (1, 1)
    if pixels.shape != (context.height, context.width):  # turned by a quarter
        high, wide = wide, high
    known = None if any(time is None for time in times) else tuple(float(time) - float(times[0]) for time in times)
    return _Shown((pixels.shape[0], pixels.shape[1]), known, len(times), (high, wide))


def _packet_times(path: PathLike, demuxer: str, name: str) -> list[Any] | None:
    """When each frame is presented, in order, from the packets alone; None where they don't tell a frame each."""
    stamps = []
    with _container(path, demuxer, name) as container:
        stream = container.streams.video[0]
        for packet in container.demux(stream):
            if not packet.size or packet.is_discard:
                continue
            if packet.pts is None or packet.is_corrupt:
                return None
            stamps.append(packet.pts)
            if len(stamps) > MAX_FRAMES:
                break
        base = stream.time_base
    return None if base is None or len(set(stamps)) < len(stamps) else [pts * base for pts in sorted(stamps)]


_FRAME_A_PACKET = frozenset({"mjpeg", "png", "hevc", "vp8", "vp9", "av1", "libdav1d", "prores", "dnxhd", "ffv1", "rawvideo"})
"""Decoders that give a frame for each packet."""
_USUALLY = frozenset({"h264", "mpeg4"})
"""Those that do so unless a packet holds a field, or, in an AVI, none or several frames."""


def _decoded_times(path: PathLike, demuxer: str, name: str) -> list[Any]:
    """The same by decoding all; None for a frame without a time stamp."""
    with _container(path, demuxer, name) as container:
        times = []
        for frame in _decoded(container):
            times.append(frame.time)
            if len(times) > MAX_FRAMES:
                break
        return times


def _uneven(times_s: tuple[float, ...] | None) -> tuple[str, ...]:
    """A note where the frames are not evenly spaced in time."""
    if times_s is None or len(times_s) < 3:
        return ()
    steps = [after - before for before, after in pairwise(times_s)]
    mean = sum(steps) / len(steps)
    if max(steps) - min(steps) <= UNEVEN * mean + 0.002:
        return ()
    return (f"its frames are {1000 * min(steps):.0f} to {1000 * max(steps):.0f} ms apart: times are those of the file",)


def _decoded(container: InputContainer) -> Iterator[Any]:
    """The frames that are presented, in their order; what is damaged at the end is left out."""
    import av

    stream = container.streams.video[0]
    stream.thread_type = "NONE"
    try:
        yield from container.decode(stream)
    except (av.FFmpegError, EOFError, ValueError):
        return


def _grey(frame: Any) -> np.ndarray:
    """A frame as it is shown: luma (ITU-R 601) of its colours at full range, turned upright, uint8 (H, W)."""
    pixels = cv2.cvtColor(frame.to_ndarray(format="bgr24"), cv2.COLOR_BGR2GRAY)
    turns = round(frame.rotation / 90) % 4  # counter-clockwise
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


def _video_frames(
    path: PathLike, demuxer: str, name: str, frame_hw: tuple[int, int], calibration: Calibration, start: int = 0
) -> Iterator[Frame]:
    with _container(path, demuxer, name) as container:
        for number, frame in enumerate(_decoded(container)):
            if number > MAX_FRAMES:
                return
            if number < start:
                continue
            pixels = _grey(frame)
            if pixels.shape != frame_hw:
                found = f"frame {number} is {pixels.shape[1]} x {pixels.shape[0]} pixels"
                raise FileError(f"{name}: {found}, the first {frame_hw[1]} x {frame_hw[0]}; convert it to one size")
            yield Frame(pixels, name, calibration)


@contextmanager
def _gif(path: PathLike, name: str) -> Iterator[GifImageFile]:
    try:
        first_bytes(path, 1)
        with open(path, "rb") as file, quiet("PIL"):
            yield GifImageFile(file)
    except FileError:
        raise
    except Exception as error:  # a broken file makes Pillow raise almost anything
        raise FileError(f"{name}: the GIF data is damaged or cut short ({one_line(error)}); export it again") from error


def _gif_frames(path: PathLike, name: str, count: int, start: int = 0) -> Iterator[Frame]:
    try:
        with open(path, "rb") as file:
            image = GifImageFile(file)
            for number in range(count):
                with quiet("PIL"):
                    image.seek(number)
                    image.load()  # each frame is drawn over the one before
                    pixels_hw = np.array(flatten(image).convert("L")) if number >= start else None
                if pixels_hw is not None:
                    yield Frame(pixels_hw, source=name)
    except Exception as error:
        raise FileError(f"{name}: the GIF data is damaged or cut short ({one_line(error)}); export it again") from error
