"""From stored values to grey: palette, modality LUT, window and MONOCHROME1 become one table a file, computed
once (PS3.3 C.11).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image
from pydicom.dataset import Dataset

from uniultra.errors import FileError
from uniultra.io.dicom.attributes import code, integer, items, real
from uniultra.io.dicom.header import Header
from uniultra.io.dicom.luts import DAMAGED, item_lut, palette_rgb

MONOCHROME = ("MONOCHROME1", "MONOCHROME2")
PALETTE = "PALETTE COLOR"
_IDENTITY = np.arange(256, dtype=np.uint8)
_BAND = 64


@dataclass(frozen=True)
class Format:
    """How a stored value is packed: `bits` of them used, from bit `shift` on, in two's complement where
    `signed`.
    """

    bits: int
    shift: int
    signed: bool

    @property
    def ramp(self) -> np.ndarray:
        """Every value that can be stored, int32, in the order of its bit pattern."""
        values = np.arange(1 << self.bits, dtype=np.int32)
        return (
            np.where(values >= 1 << (self.bits - 1), values - (1 << self.bits), values).astype(np.int32)
            if self.signed
            else values
        )

    def patterns(self, stored: np.ndarray) -> np.ndarray:
        """The bit patterns of stored values, as indices of `ramp`."""
        unsigned = stored.view(f"{stored.dtype.byteorder}u{stored.dtype.itemsize}").astype(
            f"u{stored.dtype.itemsize}", copy=False
        )
        if self.shift == 0 and self.bits == 8 * stored.dtype.itemsize:
            return unsigned
        return (unsigned >> self.shift) & ((1 << self.bits) - 1)


def format_of(header: Header) -> Format:
    """Bits stored, high bit and sign. Raises FileError where they don't fit the bits allocated (checked
    before).
    """
    allocated = integer(header.dataset, "BitsAllocated") or 8
    bits = integer(header.dataset, "BitsStored") or allocated
    high = integer(header.dataset, "HighBit")
    high = bits - 1 if high is None else high
    if not 1 <= bits <= allocated or not bits - 1 <= high < allocated:
        raise FileError(
            f"{header.name}: {bits} bits stored with high bit {high} in {allocated} allocated; legal are "
            f"1 to {allocated} bits with the high bit from {bits - 1} to {allocated - 1}; export it again"
        )
    return Format(bits, high - bits + 1, integer(header.dataset, "PixelRepresentation") == 1)


def palette_grey(header: Header, packing: Format) -> np.ndarray:
    """Luma (ITU-R 601) of each entry of the palette, uint8, one a bit pattern. Raises FileError: a palette
    that can't be used.
    """
    return luma(palette_rgb(header, packing.ramp)[None])[0]


def padding_of(header: Header, packing: Format) -> np.ndarray | None:
    """Which bit patterns are padding and no part of the picture, bool; None where none is (PS3.3
    C.7.5.1.1.2).
    """
    value = integer(header.dataset, "PixelPaddingValue")
    if value is None:
        return None
    limit = integer(header.dataset, "PixelPaddingRangeLimit")
    ends = [packing.ramp[end & (1 << packing.bits) - 1] for end in (value, value if limit is None else limit)]
    return (packing.ramp >= min(ends)) & (packing.ramp <= max(ends))


def range_of(header: Header, packing: Format, patterns: np.ndarray) -> tuple[int, int]:
    """The smallest and the largest stored value of a frame, without its padding."""
    padding = padding_of(header, packing)
    used = patterns if padding is None else patterns[~padding[patterns]]
    values = packing.ramp[used if used.size else patterns]
    return int(values.min()), int(values.max())


def mono_grey(header: Header, packing: Format, seen: tuple[int, int] | None) -> np.ndarray:
    """Grey, uint8, one a bit pattern: modality LUT, then VOI LUT or window, then MONOCHROME1's inversion.

    Without a window, up to 8 bits are spread as they are; with more, the values of bit patterns in the range
    `seen` (the smallest and the largest stored value of the first frame) are spread over 0 to 255. Padding is
    black.
    """
    values = _modality(header, packing.ramp)
    if items(header.dataset, "VOILUTSequence"):
        share = _voi_lut(header, values)
    elif window := _window_of(header.dataset):
        share = _windowed(values, *window)
    else:
        share = _spread(values, _modality(header, np.array(seen, dtype=np.int32)) if seen else values)
    if code(header.dataset, "PhotometricInterpretation") == MONOCHROME[0]:
        share = 1.0 - share
    grey = np.rint(255.0 * np.clip(share, 0.0, 1.0)).astype(np.uint8)
    padding = padding_of(header, packing)
    return grey if padding is None else np.where(padding, np.uint8(0), grey)


def needs_range(header: Header, packing: Format) -> bool:
    """Whether `mono_grey` needs to know which values are used."""
    return (
        packing.bits > 8
        and not items(header.dataset, "VOILUTSequence")
        and _window_of(header.dataset) is None
    )


def look_up(table: np.ndarray, patterns: np.ndarray) -> np.ndarray:
    """`table` at each bit pattern, uint8 (H, W); in bands where indexing would take eight bytes per pixel."""
    if patterns.dtype.itemsize == 1 and len(table) == 256:
        return (
            patterns if np.array_equal(table, _IDENTITY) else cv2.LUT(np.ascontiguousarray(patterns), table)
        )
    grey = np.empty(patterns.shape, np.uint8)
    for top in range(0, len(patterns), _BAND):
        np.take(table, patterns[top : top + _BAND], out=grey[top : top + _BAND])
    return grey


def luma(rgb_hwc: np.ndarray) -> np.ndarray:
    """uint8 RGB (H, W, 3) to grey (H, W), as still images are read."""
    return np.asarray(Image.fromarray(np.ascontiguousarray(rgb_hwc)).convert("L"))


def _modality(header: Header, values: np.ndarray) -> np.ndarray:
    if found := items(header.dataset, "ModalityLUTSequence"):
        try:
            return item_lut(header, found[0]).at(values).astype(np.float64)
        except DAMAGED as error:
            raise FileError(
                f"{header.name}: the modality lookup table is damaged; export it again"
            ) from error
    slope, intercept = real(header.dataset, "RescaleSlope"), real(header.dataset, "RescaleIntercept")
    return values * (1.0 if slope is None else slope) + (intercept or 0.0)


def _voi_lut(header: Header, values: np.ndarray) -> np.ndarray:
    """Shares of the table's range, 0 to 1."""
    try:
        lut = item_lut(header, items(header.dataset, "VOILUTSequence")[0])
        return lut.at(np.rint(values).astype(np.int32)) / (2.0**lut.bits - 1.0)
    except DAMAGED as error:
        raise FileError(f"{header.name}: the VOI lookup table is damaged; export it again") from error


def _window_of(dataset: Dataset) -> tuple[float, float, str] | None:
    """Centre, width and function of the first window; None where there is no legal one."""
    centre, width = real(dataset, "WindowCenter"), real(dataset, "WindowWidth")
    kind = code(dataset, "VOILUTFunction") or "LINEAR"
    least = 1.0 if kind == "LINEAR" else 0.0
    if centre is None or width is None or width < least or (width == 0 and kind != "LINEAR"):
        return None
    return centre, width, kind


def _windowed(values: np.ndarray, centre: float, width: float, kind: str) -> np.ndarray:
    """PS3.3 C.11.2.1.2 and C.11.2.1.3, 0 to 1."""
    if kind == "SIGMOID":
        return 1.0 / (1.0 + np.exp(np.clip(-4.0 * (values - centre) / width, -50.0, 50.0)))
    if kind == "LINEAR_EXACT":
        return np.clip((values - centre) / width + 0.5, 0.0, 1.0)
    if width == 1.0:
        return (values > centre - 0.5).astype(np.float64)
    return np.clip((values - (centre - 0.5)) / (width - 1.0) + 0.5, 0.0, 1.0)


def _spread(values: np.ndarray, over: np.ndarray) -> np.ndarray:
    low, high = float(over.min()), float(over.max())
    return (values - low) / (high - low) if high > low else np.zeros_like(values, dtype=np.float64)
