"""The luma of the two commonest encodings, straight from Pillow's decoder: a third of the memory and time of
decoding colour first.
"""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image
from pydicom.uid import UID, JPEG2000TransferSyntaxes, JPEGBaseline8Bit, JPEGExtended12Bit

_YBR = ("YBR_FULL", "YBR_FULL_422")
_LOSSY_JPEG = (JPEGBaseline8Bit, JPEGExtended12Bit)
_RGB = ("RGB", "YBR_RCT", "YBR_ICT")
"""What Pillow gives as RGB from JPEG 2000."""


def quick_luma(data: bytes, syntax: UID, photometric: str, coded: str = "") -> np.ndarray | None:
    """Grey uint8 (H, W) of an encoded frame of 8-bit colour; None where it must be decoded as colour first.

    `coded` is `Coded.colours`: what the code stream says of its colours goes before what the header does, for
    real files keep RGB in the header over YCbCr in the stream. In JPEG, Y itself is decoded, and the two
    planes of chroma are not. Raises what Pillow does on damaged data.
    """
    colours = coded or ("YBR" if photometric in _YBR else "")
    if syntax in _LOSSY_JPEG and colours == "YBR":
        with Image.open(BytesIO(data), formats=("JPEG",)) as image:
            image.draft("L", image.size)
            return np.asarray(image) if image.mode == "L" else None
    if syntax in _LOSSY_JPEG and colours == "RGB":
        with Image.open(BytesIO(data), formats=("JPEG",)) as image:
            return np.asarray(image.convert("L")) if image.mode == "RGB" else None
    if syntax in JPEG2000TransferSyntaxes and (coded or photometric) in _RGB:
        with Image.open(BytesIO(data), formats=("JPEG2000",)) as image:
            return np.asarray(image.convert("L")) if image.mode == "RGB" else None
    return None
