"""A frame of a colour DICOM image in its colours, for a person to look at."""

from __future__ import annotations

import numpy as np
from PIL import Image as Picture

from uniultra.io.dicom.grayscale import PALETTE
from uniultra.io.dicom.luts import palette_rgb
from uniultra.io.dicom.pixels import Image, eight_bits, read_stored


def palette_of(image: Image) -> np.ndarray | None:
    """The colour of each bit pattern of a palette image, uint8 (N, 3); None for other images, and for a
    palette of greys. Raises FileError.
    """
    if image.photometric != PALETTE:
        return None
    colours = palette_rgb(image.header, image.packing.ramp)
    return None if np.array_equal(colours.min(axis=1), colours.max(axis=1)) else colours


def read_rgb(image: Image, number: int, palette: np.ndarray | None = None) -> np.ndarray:
    """Frame `number`, from 0, of an image of three samples, or of one with a `palette`, as uint8 RGB
    (H, W, 3). Raises FileError.
    """
    stored, photometric = read_stored(image, number)
    if palette is not None:
        return palette[image.packing.patterns(stored)]
    assert image.samples == 3, f"{image.photometric} of {image.samples} samples"
    pixels = np.ascontiguousarray(eight_bits(image, stored))
    if photometric.startswith("YBR"):  # full range, ITU-R 601: PS3.3 C.7.6.3.1.2, as JPEG has it
        return np.asarray(Picture.fromarray(pixels, "YCbCr").convert("RGB"))
    return pixels
