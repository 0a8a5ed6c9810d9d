"""The luma of the two commonest encodings, straight from Pillow's decoder: a third of the memory and time of decoding colour first."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image
from pydicom.uid import UID, JPEG2000TransferSyntaxes, JPEGBaseline8Bit

_YBR = ("YBR_FULL", "YBR_FULL_422")
_RGB = ("RGB", "YBR_RCT", "YBR_ICT")
"""What Pillow gives as RGB from JPEG 2000."""


def quick_luma(data: bytes, syntax: UID, photometric: str) -> np.ndarray | None:
    """Grey uint8 (H, W) of an encoded frame of 8-bit colour; None where it must be decoded as colour first.

    In JPEG, Y itself is decoded, and the two planes of chroma are not. Raises what Pillow does on damaged data.
    """
    if syntax == JPEGBaseline8Bit and photometric in _YBR:
        with Image.open(BytesIO(data), formats=("JPEG",)) as image:
            if "adobe_transform" in image.info:  # the code stream has its own mind about its colours
                return None
            image.draft("L", image.size)
            return np.asarray(image) if image.mode == "L" else None
    if syntax in JPEG2000TransferSyntaxes and photometric in _RGB:
        with Image.open(BytesIO(data), formats=("JPEG2000",)) as image:
            return np.asarray(image.convert("L")) if image.mode == "RGB" else None
    return None
