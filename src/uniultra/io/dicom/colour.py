"""A frame of a colour DICOM image in its colours, for a person to look at."""

from __future__ import annotations

import numpy as np
from PIL import Image as Picture

from uniultra.io.dicom.pixels import Image, eight_bits, read_stored


def read_rgb(image: Image, number: int) -> np.ndarray:
    """Frame `number`, from 0, of an image of three samples, as uint8 RGB (H, W, 3). Raises FileError."""
    assert image.samples == 3, f"{image.photometric} of {image.samples} samples"
    stored, photometric = read_stored(image, number)
    pixels = np.ascontiguousarray(eight_bits(image, stored))
    if photometric.startswith("YBR"):  # full range, ITU-R 601: PS3.3 C.7.6.3.1.2, as JPEG has it
        return np.asarray(Picture.fromarray(pixels, "YCbCr").convert("RGB"))
    return pixels
