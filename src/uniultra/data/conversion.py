"""One sample read, checked, resized and written: what `importing` does for each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from uniultra.data.duplicates import perceptual_hash
from uniultra.data.importers.sample import Sample, frame_of, grey
from uniultra.data.manifest_text import MAX_PIXEL_MM, MIN_PIXEL_MM
from uniultra.data.pieces import in_pieces, separated
from uniultra.errors import FileError
from uniultra.geometry import scale_of
from uniultra.io.output import write_png
from uniultra.types import Frame


@dataclass(frozen=True)
class Converted:
    """A sample as written: `image` and `mask` are relative to the output folder, with /; `ids` are those in
    the mask, without the background's; `hash` is perceptual, uint64 (4,); `in_pieces` where an id of the mask
    lies in several separate pieces.
    """

    sample: Sample
    image: str
    mask: str
    hw: tuple[int, int]
    pixel_mm: float | None
    ids: tuple[int, ...]
    hash: np.ndarray
    in_pieces: bool


def convert(sample: Sample, out: Path, longest: int | None, pieces: bool = False) -> Converted:
    """Reads both files and writes `images/ID.png` and `masks/ID.png` below `out`; with `pieces`, each
    separate piece of an id has an id of its own.

    Raises:
        FileError: unreadable, or the mask isn't one for this image.
    """
    frame = frame_of(sample.image) if sample.pixels is grey else None
    pixels_hw = sample.pixels(sample.image) if frame is None else frame.pixels_hw
    hw = (int(pixels_hw.shape[0]), int(pixels_hw.shape[1]))
    ids_hw = sample.ids(hw)
    if ids_hw.shape != hw:
        raise FileError(
            f"{sample.image}: its mask is {ids_hw.shape[1]} x {ids_hw.shape[0]}, the image {hw[1]} x "
            f"{hw[0]}; save both at one size"
        )
    if pieces:
        try:
            ids_hw = separated(ids_hw)
        except FileError as error:
            raise FileError(f"{sample.image}: {error}") from error
    look = perceptual_hash(pixels_hw)
    known = sample.pixel_mm if frame is None or sample.pixel_mm is not None else own_mm(frame, ids_hw)
    pixels_hw, ids_hw, pixel_mm = shrunk(pixels_hw, ids_hw, known, longest)
    if pixel_mm is not None and not MIN_PIXEL_MM <= pixel_mm <= MAX_PIXEL_MM:
        pixel_mm = None  # as a manifest can't say it
    image, mask = f"images/{sample.id}.png", f"masks/{sample.id}.png"
    write_png(out / image, pixels_hw)
    write_png(out / mask, ids_hw)
    found = tuple(int(value) for value in np.flatnonzero(np.bincount(ids_hw.ravel(), minlength=256)) if value)
    return Converted(
        sample,
        image,
        mask,
        (pixels_hw.shape[0], pixels_hw.shape[1]),
        pixel_mm,
        found,
        look,
        in_pieces(ids_hw),
    )


def own_mm(frame: Frame, ids_hw: np.ndarray) -> float | None:
    """The side of a pixel where all objects lie, as DICOM's regions have it; None where that isn't known, not
    square, or doubtful.
    """
    scale = scale_of(frame.calibration, ids_hw > 0)
    if scale.spacing_mm_yx is None or scale.notes:
        return None
    down, right = scale.spacing_mm_yx
    return right if abs(down - right) <= 0.001 * right else None


def shrunk(
    pixels_hw: np.ndarray, ids_hw: np.ndarray, pixel_mm: float | None, longest: int | None
) -> tuple[np.ndarray, np.ndarray, float | None]:
    """Image, mask and pixel size at a longest side of at most `longest` pixels; smaller images stay as they
    are.
    """
    height, width = pixels_hw.shape
    if longest is None or max(height, width) <= longest:
        return pixels_hw, ids_hw, pixel_mm
    scale = longest / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(pixels_hw, size, interpolation=cv2.INTER_AREA)
    ids = cv2.resize(ids_hw, size, interpolation=cv2.INTER_NEAREST_EXACT)
    return small, ids, None if pixel_mm is None else pixel_mm / scale
