"""Overlay videos: MP4, one frame at a time, in place when whole."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from uniultra.atomic import whole
from uniultra.errors import OutputError
from uniultra.io.annotations import draw_overlay
from uniultra.io.paths import PathLike, for_ffmpeg, one_line, shown
from uniultra.types import Cine, Mask

if TYPE_CHECKING:
    from av import Packet
    from av.container import OutputContainer
    from av.video.stream import VideoStream

DEFAULT_RATE = 25.0
_RATES = (0.1, 1000.0)
_MOST_PARTS = 60_000
"""Largest denominator of a rate: MPEG-4 Part 2, the codec of last resort, holds its time base in 16 bits."""
_CODECS = ("libx264", "mpeg4")
_X264 = {"crf": "20", "preset": "ultrafast", "x264-params": "no-deblock=0"}
"""Half the time of "veryfast" at 18, and a little closer to the pictures, in files half as large again
(docs/LOG.md). No picture is held back: one may have 64 megapixels.
"""


def write_overlay_movie(
    path: PathLike, cine: Cine, masks_of: Callable[[int], Sequence[Mask]], force: bool = False
) -> int:
    """Writes a cine with the masks that `masks_of` gives for each frame number (none: the frame alone); the
    number of frames.

    Raises:
        OutputError: the file can't be written. FileError: a frame can't be read.
    """
    pictures = (draw_overlay(frame, masks_of(number)) for number, frame in enumerate(cine))
    return write_movie(path, pictures, cine.rate_hz or DEFAULT_RATE, force)


def write_movie(path: PathLike, pictures: Iterable[np.ndarray], rate_hz: float, force: bool = False) -> int:
    """Writes uint8 RGB pictures (H, W, 3) of one size as MP4 (H.264); how many.

    Odd sizes get a black line at the right or below.

    Raises:
        OutputError: a name that doesn't end with .mp4, no pictures, or what the encoder or the disk can't
            take.
    """
    if Path(path).suffix.lower() != ".mp4":
        raise OutputError(f"{shown(path)}: the video is written as MP4; end its name with .mp4")
    with whole(path, force) as part:
        with MovieFile(part, rate_hz) as movie:
            for picture in pictures:
                movie.add(picture)
        if movie.fault or not movie.count:
            raise OutputError(
                f"{shown(path)}: {movie.fault or 'a video needs at least 1 frame'}; nothing was written"
            )
    return movie.count


class MovieFile(AbstractContextManager["MovieFile"]):
    """An MP4 (H.264, which browsers play) that pictures are added to, one at a time; for use where the file
    takes its place afterwards.

    A movie is a by-product: what the encoder can't do is told in `fault` ("" for nothing), and raises
    nothing.

    Raises:
        OSError: at its end, where not all of it could be written, as on a full disk.
    """

    def __init__(self, path: Path, rate_hz: float) -> None:
        self._path = path
        self._rate = Fraction(float(np.clip(rate_hz, *_RATES))).limit_denominator(_MOST_PARTS)
        self.count, self.fault = 0, ""
        self._size_wh = 0, 0
        self._file: OutputContainer | None = None

    def add(self, picture: np.ndarray) -> None:
        """Adds uint8 RGB (H, W, 3); all of one size."""
        import av

        if self.fault:
            return
        even = cv2.copyMakeBorder(
            picture, 0, picture.shape[0] % 2, 0, picture.shape[1] % 2, cv2.BORDER_CONSTANT
        )
        size_wh = self._size_wh = even.shape[1], even.shape[0]
        with self._encoder_errors():
            stream = self._stream(size_wh)
            frame = av.VideoFrame.from_ndarray(even, format="rgb24")
            frame.pts = self.count
            self._mux(stream.encode(frame))
            self.count += 1

    def _stream(self, size_wh: tuple[int, int]) -> VideoStream:
        import av

        if self._file is None:
            self._file = av.open(for_ffmpeg(self._path), "w", format="mp4", options={"movflags": "faststart"})
            codec = next(name for name in _CODECS if name in av.codecs_available)
            stream = cast("VideoStream", self._file.add_stream(codec, rate=self._rate))
            stream.width, stream.height, stream.pix_fmt = *size_wh, "yuv420p"
            stream.codec_context.thread_count = 1
            stream.codec_context.options = _X264 if codec == _CODECS[0] else {"q": "3"}
        return self._file.streams.video[0]

    def _mux(self, packets: Iterable[Packet]) -> None:
        assert self._file is not None
        for packet in packets:
            self._file.mux(packet)

    @contextmanager
    def _encoder_errors(self) -> Iterator[None]:
        import av

        try:
            yield
        except OSError:  # the disk, not the encoder
            raise
        except (av.FFmpegError, ValueError, RuntimeError) as error:
            requested = f"{self._size_wh[0]} x {self._size_wh[1]} pixels at {float(self._rate):g} a second"
            self.fault = f"the encoder refuses {requested} ({one_line(error)})"

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._file is None:
            return
        with suppress(Exception) if kind is not None or self.fault else self._encoder_errors():
            self._mux(self._file.streams.video[0].encode())
        with suppress(Exception) if kind is not None or self.fault else self._encoder_errors():
            self._file.close()
        if kind is None and not self.fault and self._written() != self.count:
            raise OSError(errno.EIO, "not all frames of the video could be written; is the disk full?")

    def _written(self) -> int:
        import av

        try:
            with av.open(for_ffmpeg(self._path)) as written:
                return written.streams.video[0].frames
        except av.FFmpegError:
            return 0
