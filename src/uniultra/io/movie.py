"""Overlay videos: MP4, one frame at a time, in place when whole."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

import cv2
import numpy as np

from uniultra.atomic import whole
from uniultra.errors import OutputError
from uniultra.io.overlay import draw_overlay
from uniultra.io.paths import PathLike, one_line, shown
from uniultra.types import Cine, Mask

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

DEFAULT_RATE = 25.0
_RATES = (0.1, 1000.0)
_FINEST = 1001
"""Largest denominator of a rate: all that devices use, 30000/1001 included, and far below what encoders can hold."""
_CODECS = {
    "libx264": {"crf": "18", "preset": "veryfast"},
    "libopenh264": {},
    "mpeg4": {"qscale": "3"},
}
"""Encoders, best first, and what they are told."""


def write_overlay_movie(path: PathLike, cine: Cine, masks_of: Callable[[int], Sequence[Mask]], force: bool = False) -> int:
    """Writes a cine with the masks that `masks_of` gives for each frame number (none: the frame alone); the number of frames.

    Raises:
        OutputError: the file can't be written. FileError: a frame can't be read.
    """
    pictures = (draw_overlay(frame, masks_of(number)) for number, frame in enumerate(cine))
    return write_movie(path, pictures, cine.rate_hz or DEFAULT_RATE, force)


def write_movie(path: PathLike, pictures: Iterable[np.ndarray], rate_hz: float, force: bool = False) -> int:
    """Writes uint8 RGB pictures (H, W, 3) of one size as MP4 (H.264, see `MovieFile`); how many.

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

    H.264, which browsers play, where PyAV was built with an encoder of it (the wheels of PyPI are); else MPEG-4 Part 2.

    Raises:
        OutputError: no encoder, or one that doesn't take such pictures, with FFmpeg's own reason.
    """

    def __init__(self, path: Path, rate_hz: float) -> None:
        self._path = path
        self._rate = Fraction(float(np.clip(rate_hz, *_RATES))).limit_denominator(_FINEST)
        self.count = 0
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None

    def add(self, picture: np.ndarray) -> None:
        """Adds uint8 RGB (H, W, 3); all of one size. Raises OutputError; nothing more can be added then."""
        import av

        even = cv2.copyMakeBorder(picture, 0, picture.shape[0] % 2, 0, picture.shape[1] % 2, cv2.BORDER_CONSTANT)
        with _encoding(self._path):
            if self._stream is None or self._container is None:
                self._container, self._stream = _open(self._path, self._rate, (even.shape[1], even.shape[0]))
            frame = av.VideoFrame.from_ndarray(even, format="rgb24")
            self._container.mux(self._stream.encode(frame))
        self.count += 1

    def close(self) -> None:
        """Writes what the encoder still holds. Raises OutputError."""
        container, stream = self._container, self._stream
        self._container = self._stream = None
        if container is None or stream is None:
            return
        with _encoding(self._path):
            try:
                container.mux(stream.encode(None))
            finally:
                container.close()

    def drop(self) -> None:
        """Lets go of a movie that isn't wanted any more."""
        with contextlib.suppress(OutputError, OSError):
            self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.drop()


def _open(path: Path, rate: Fraction, size_wh: tuple[int, int]) -> tuple[OutputContainer, VideoStream]:
    import av

    codec = next((name for name in _CODECS if name in av.codecs_available), "mpeg4")
    container = av.open(os.path.abspath(path), "w", format="mp4", options={"movflags": "+faststart"})
    stream = cast("VideoStream", container.add_stream(codec, rate=rate, options=_CODECS[codec]))
    stream.width, stream.height = size_wh
    stream.pix_fmt = "yuv420p"
    stream.codec_context.thread_count = 1
    return container, stream


@contextlib.contextmanager
def _encoding(path: Path) -> Iterator[None]:
    """FFmpeg's refusals as OutputError, with their reason."""
    import av

    try:
        yield
    except (av.FFmpegError, OSError, ValueError) as error:
        number = getattr(error, "errno", None)
        if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):  # of the disk, not of the encoder
            raise OSError(number, os.strerror(number)) from error
        raise OutputError(f"{shown(path.parent)}: the movie can't be encoded ({one_line(error)}); leave it out with --write") from error
