"""Video and animation as cines: MP4, MOV and AVI by OpenCV's FFmpeg, GIF by Pillow. One frame is decoded at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import accumulate

import cv2
import numpy as np
from PIL.GifImagePlugin import GifImageFile

from uniultra.errors import FileError
from uniultra.io.paths import MAX_CINE_BYTES, PathLike, first_bytes, for_ffmpeg, one_line, shown
from uniultra.io.pictures import check_size, flatten
from uniultra.io.quiet import muted_stderr, quiet
from uniultra.types import Cine, Frame

MAX_FRAMES = 1_000_000
_MAX_RATE = 10_000.0
_GIF_STEP_S = 0.1
"""What a GIF means that gives no delay, as browsers play it."""


def open_video(path: PathLike) -> Cine:
    """An MP4, MOV or AVI. Frames are read in order; a frame on its own costs decoding those before it.

    Raises:
        FileError: damaged, empty, of an unknown codec, too large; while reading, a frame that isn't there.
    """
    name = shown(path)
    first_bytes(path, 1, MAX_CINE_BYTES)
    with _capture(path, name) as capture:
        size = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        check_size(size, name)
        count, rate = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), float(capture.get(cv2.CAP_PROP_FPS))
    if not 1 <= count <= MAX_FRAMES:
        raise FileError(f"{name}: the video claims {count} frames; legal are 1 to {MAX_FRAMES}; export it again")
    times = tuple(i / rate for i in range(count)) if 0 < rate <= _MAX_RATE else None
    frame_hw = size[1], size[0]
    stream = partial(_video_frames, path, name, frame_hw)
    return Cine(name, frame_hw, count, partial(_one, stream, name, count), stream, times, in_order=True)


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
def _capture(path: PathLike, name: str) -> Iterator[cv2.VideoCapture]:
    with muted_stderr():
        # One thread: others would go on writing their complaints after the stream is back.
        capture = cv2.VideoCapture(for_ffmpeg(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    try:
        if not capture.isOpened():
            raise FileError(f"{name}: the video is damaged, cut short, or of a codec that OpenCV lacks; convert it to MP4 (H.264)")
        yield capture
    finally:
        capture.release()


def _video_frames(path: PathLike, name: str, frame_hw: tuple[int, int], start: int = 0) -> Iterator[Frame]:
    with _capture(path, name) as capture:
        for _ in range(start):
            with muted_stderr():
                if not capture.grab():
                    return
        count = 0
        while count <= MAX_FRAMES:
            with muted_stderr():
                there, bgr = capture.read()
            if not there:
                break
            if bgr.shape[:2] != frame_hw:
                found = f"frame {start + count} is {bgr.shape[1]} x {bgr.shape[0]} pixels"
                raise FileError(f"{name}: {found}, the first {frame_hw[1]} x {frame_hw[0]}; convert it to one size")
            count += 1
            yield Frame(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), source=name)
    if not count and not start:
        raise FileError(f"{name}: no frame of the video can be decoded; convert it to MP4 (H.264)")


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
