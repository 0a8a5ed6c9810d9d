"""DICOM images and cines as `Cine` and `Frame`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from uniultra.errors import FileError
from uniultra.io.dicom.header import Header, read_header
from uniultra.io.dicom.pixels import Image, open_image, read_grey
from uniultra.io.dicom.regions import calibration_of
from uniultra.io.dicom.timing import frame_times
from uniultra.io.paths import PathLike
from uniultra.pixel_scale import Calibration
from uniultra.types import Cine, Frame


def open_dicom(path: PathLike) -> Cine:
    """A DICOM image or cine: every frame can be read on its own, and is only decoded when it is.

    Raises:
        FileError: not DICOM, not an image, out of range, or damaged; while reading, a frame that can't be
            decoded.
    """
    return cine_of(read_header(path))


def cine_of(header: Header) -> Cine:
    """The same of a file whose header is read. Raises FileError as `open_dicom` does."""
    image = open_image(header)
    calibration = calibration_of(header, image.frame_hw)
    times, notes = frame_times(header, image.frames)
    read = partial(_frame, image, calibration)
    return Cine(
        header.name,
        image.frame_hw,
        image.frames,
        read,
        partial(_stream, read, image.frames),
        times,
        calibration,
        notes,
    )


def _frame(image: Image, calibration: Calibration, number: int) -> Frame:
    name = image.header.name
    if not 0 <= number < image.frames:
        raise FileError(
            f"{name}: there is no frame {number}; legal are 0 to {image.frames - 1}; count from 0"
        )
    return Frame(read_grey(image, number), name, calibration)


def _stream(read: Callable[[int], Frame], frames: int) -> Iterator[Frame]:
    return map(read, range(frames))
