"""DICOM images and cines as `Cine` and `Frame`; and when each frame was taken: by the attribute that the file
points at, else the best that it has (PS3.3 C.7.6.5, C.7.6.6, C.7.6.16). And what a file says of itself, for
`uniultra info`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import accumulate
from typing import Any

from uniultra.io.cines import by_frames
from uniultra.io.dicom.attributes import code, real, reals, text, value
from uniultra.io.dicom.groups import data_notes, group_times, is_stack, moving_volume
from uniultra.io.dicom.header import ATTRIBUTES, PATIENT, Header, header_of, read_header
from uniultra.io.dicom.pixels import Image, open_image, read_grey
from uniultra.io.dicom.regions import calibration_of
from uniultra.io.paths import PathLike
from uniultra.pixel_scale import Calibration
from uniultra.types import Cine, Frame

_RATES = ("CineRate", "RecommendedDisplayFrameRate")
_FRAME_TIME = 0x00181063
"""The tag of FrameTime (PS3.3 C.7.6.6.1.1)."""
Times = tuple[float, ...]


def frame_times(header: Header, frames: int) -> tuple[Times | None, tuple[str, ...]]:
    """Seconds of each frame from the first one, or None where the file doesn't say; and notes on what was
    ignored.

    What FrameIncrementPointer names comes first. Without it, FrameTimeVector (milliseconds from the frame
    before, 0 for the first) where it has one entry per frame; then FrameTime (milliseconds), the times in
    functional groups, and the two rates (frames per second), which of a volume are those of its display.
    Frames of a volume have no times: one follows another in space.
    """
    notes: list[str] = []
    if volume := moving_volume(header.dataset):
        return None, ("its frames are {1} planes at {0} times, not moments of one plane".format(*volume),)
    step_ms = real(header.dataset, "FrameTime") or 0.0
    step = tuple(i * step_ms / 1000.0 for i in range(frames)) if step_ms > 0 else None
    if step is not None and _FRAME_TIME in _pointers(header):
        if value(header.dataset, "FrameTimeVector") is not None:
            notes.append("FrameTimeVector is not used: FrameIncrementPointer names FrameTime")
        return step, tuple(notes)
    vector, fault = _by_vector(header, frames)
    if fault:
        notes.append(fault)
    times = vector or step
    if times is None and is_stack(header.dataset):
        notes.append("its frames are planes of a volume, side by side in space, not moments")
    elif times is None:
        times = group_times(header.dataset, frames) or _by_rate(header, frames)
    return times, tuple(notes)


def _pointers(header: Header) -> list[int]:
    """The tags that FrameIncrementPointer holds."""
    found: Any = value(header.dataset, "FrameIncrementPointer")
    try:
        tags = [found] if isinstance(found, int) else found
        return [int(tag) for tag in tags or ()]
    except (TypeError, ValueError):
        return []


def _by_vector(header: Header, frames: int) -> tuple[Times | None, str]:
    """Times, or what is wrong with the vector; neither where there is none."""
    vector = reals(header.dataset, "FrameTimeVector")
    if vector is None:
        return None, ""
    if len(vector) != frames:
        return None, f"FrameTimeVector has {len(vector)} entries for {frames} frames and is not used"
    if not all(step >= 0 for step in vector):
        return None, "FrameTimeVector goes back and is not used"
    return tuple(seconds / 1000.0 for seconds in accumulate([0.0, *vector[1:]])), ""


def _by_rate(header: Header, frames: int) -> Times | None:
    for keyword in _RATES:
        rate = real(header.dataset, keyword)
        if rate is not None and rate > 0:
            return tuple(i / rate for i in range(frames))
    return None


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
    cine = by_frames(header.name, image.frame_hw, image.frames, read, calibration)
    return replace(cine, times_s=times, notes=(*notes, *data_notes(header.dataset)))


def _frame(image: Image, calibration: Calibration, number: int) -> Frame:
    return Frame(read_grey(image, number), image.header.name, calibration)


_ABOUT = (
    ("manufacturer", "Manufacturer"),
    ("model", "ManufacturerModelName"),
    ("image_type", "ImageType"),
    ("burned_in_annotation", "BurnedInAnnotation"),
    ("lossy", "LossyImageCompression"),
)


def describe(header: Header, phi: bool = False) -> dict[str, Any]:
    """Facts of a DICOM image or cine; nothing is decoded. With `phi`, the patient's fields are read too.

    Raises:
        FileError: as `open_dicom` does.
    """
    if phi:
        header = header_of(header.store, header.name, (*ATTRIBUTES, *PATIENT))
    image = open_image(header)
    times, notes = frame_times(header, image.frames)
    calibration = calibration_of(header, image.frame_hw)
    about = {name: text(header.dataset, keyword) for name, keyword in _ABOUT}
    facts = {
        "kind": "DICOM",
        "modality": code(header.dataset, "Modality"),
        "object": header.sop_class,
        "syntax": header.syntax.name,
        "photometric": image.photometric,
        "bits": image.packing.bits,
        "times_s": times,
        "calibration": calibration,
        "notes": (*notes, *data_notes(header.dataset), *calibration.notes),
        **about,
    }
    return facts | (
        {"patient": {keyword: text(header.dataset, keyword) for keyword in PATIENT}} if phi else {}
    )
