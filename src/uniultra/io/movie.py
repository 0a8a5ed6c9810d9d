"""Overlay videos: MP4, one frame at a time, in place when whole."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from uniultra.atomic import whole
from uniultra.errors import OutputError
from uniultra.io.overlay import draw_overlay
from uniultra.io.paths import PathLike, for_ffmpeg, shown
from uniultra.io.quiet import muted_stderr
from uniultra.types import Cine, Mask

DEFAULT_RATE = 25.0
_RATES = (0.1, 1000.0)
_MPEG4 = int.from_bytes(b"mp4v", "little")


def write_overlay_movie(path: PathLike, cine: Cine, masks_of: Callable[[int], Sequence[Mask]], force: bool = False) -> int:
    """Writes a cine with the masks that `masks_of` gives for each frame number (none: the frame alone); the number of frames.

    Raises:
        OutputError: the file can't be written. FileError: a frame can't be read.
    """
    pictures = (draw_overlay(frame, masks_of(number)) for number, frame in enumerate(cine))
    return write_movie(path, pictures, cine.rate_hz or DEFAULT_RATE, force)


def write_movie(path: PathLike, pictures: Iterable[np.ndarray], rate_hz: float, force: bool = False) -> int:
    """Writes uint8 RGB pictures (H, W, 3) of one size as MP4 (MPEG-4 Part 2, which OpenCV's own FFmpeg encodes); how many.

    Odd sizes get a black line at the right or below.

    Raises:
        OutputError: a name that doesn't end with .mp4, no pictures, or the file can't be written.
    """
    if Path(path).suffix.lower() != ".mp4":
        raise OutputError(f"{shown(path)}: the video is written as MP4; end its name with .mp4")
    with whole(path, force) as part, MovieFile(part, rate_hz) as movie:
        for picture in pictures:
            movie.add(picture)
        if not movie.count:
            raise OutputError(f"{shown(path)}: a video needs at least 1 frame; nothing was written")
    return movie.count


class MovieFile:
    """An MP4 that pictures are added to, one at a time; for use where the file takes its place afterwards.

    Raises:
        OutputError: this OpenCV has no encoder.
        OSError: at its end, where not all of it could be written; OpenCV itself says nothing of a full disk.
    """

    def __init__(self, path: Path, rate_hz: float) -> None:
        self._path, self._rate_hz = path, float(np.clip(rate_hz, *_RATES))
        self.count = 0
        self._writer: cv2.VideoWriter | None = None

    def add(self, picture: np.ndarray) -> None:
        """Adds uint8 RGB (H, W, 3); all of one size."""
        even = cv2.copyMakeBorder(picture, 0, picture.shape[0] % 2, 0, picture.shape[1] % 2, cv2.BORDER_CONSTANT)
        writer = self._writer or self._opened((even.shape[1], even.shape[0]))
        with muted_stderr():
            writer.write(cv2.cvtColor(even, cv2.COLOR_RGB2BGR))
        self.count += 1

    def _opened(self, size_wh: tuple[int, int]) -> cv2.VideoWriter:
        with muted_stderr():
            self._writer = cv2.VideoWriter(for_ffmpeg(self._path), _MPEG4, self._rate_hz, size_wh)
        if not self._writer.isOpened():
            raise OutputError(f"{shown(self._path.parent)}: this OpenCV can't encode MP4; install opencv-python-headless from PyPI")
        return self._writer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._writer is None:
            return
        with muted_stderr():
            self._writer.release()
            written = cv2.VideoCapture(str(self._path))
            frames = int(written.get(cv2.CAP_PROP_FRAME_COUNT))
            written.release()
        if kind is None and frames != self.count:
            raise OSError(errno.EIO, "not all frames of the video could be written; is the disk full?")
