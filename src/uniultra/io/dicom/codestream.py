"""What an encoded frame says of itself, read before any decoder sees it: a small file may claim a picture
that fills the memory. And its luma where the decoder holds it already.
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import NamedTuple

import numpy as np
from PIL import Image
from pydicom.uid import UID, JPEG2000TransferSyntaxes, JPEGBaseline8Bit, JPEGExtended12Bit

_START = b"\xff\xd8"
_SOF = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}
"""Start-of-frame markers of JPEG (ITU-T T.81 B.1.1.3), and of JPEG-LS (T.87)."""
_DCT = frozenset({0xC0, 0xC1, 0xC2})
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_SIZ = b"\xff\x4f\xff\x51"
"""Start of a JPEG 2000 code stream and of its image size segment (T.800 A.5.1)."""


_COD, _SOT = b"\xff\x52", b"\xff\x90"
"""Coding style, and the start of the first tile (A.6.1, A.4.2)."""
_JFIF, _ADOBE = b"JFIF\0", b"Adobe"
_RGB_IDS = b"RGB"


class Coded(NamedTuple):
    """What a code stream's header says: pixels, samples per pixel, bits per sample.

    `colours` is what its samples are for certain: "YBR" or "RGB" of lossy JPEG; "RGB" where a decoder of JPEG
    2000 undoes a colour transform; "" where the stream doesn't say, and the file's own header must.
    """

    width: int
    height: int
    samples: int
    bits: int
    colours: str = ""


def coded_as(data: bytes) -> Coded | None:
    """The header of a JPEG, JPEG-LS or JPEG 2000 code stream; None where there is no readable one."""
    try:
        return _jpeg(data) if data.startswith(_START) else _jpeg_2000(data)
    except struct.error:
        return None


def _jpeg(data: bytes) -> Coded | None:
    at, said = 2, ""
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:  # fill
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in _SOF:
            bits, height, width, samples = struct.unpack_from(">BHHB", data, at + 4)
            lossy = marker in _DCT and samples == 3
            return Coded(
                width,
                height,
                samples,
                bits,
                (said or _by_components(data[at + 10 : at + 19])) if lossy else "",
            )
        else:
            length = max(struct.unpack_from(">H", data, at + 2)[0], 2)
            said = said or _by_application(marker, data[at + 4 : at + 2 + length])
            at += 2 + length
    return None


def _by_application(marker: int, payload: bytes) -> str:
    """What JFIF (T.871) and Adobe's segment (T.872) say of colours; the decoder believes the first of
    them.
    """
    if marker == 0xE0 and payload.startswith(_JFIF):
        return "YBR"
    if marker == 0xEE and payload.startswith(_ADOBE) and len(payload) >= 12:
        return "YBR" if payload[11] == 1 else "RGB"
    return ""


def _by_components(components: bytes) -> str:
    """By three components' names and sampling: RGB is never subsampled (PS3.5 8.2.1)."""
    if components[::3] == _RGB_IDS:
        return "RGB"
    return "YBR" if len(set(components[1::3])) > 1 else ""


def _jpeg_2000(data: bytes) -> Coded | None:
    at = data.find(_SIZ, 0, 4096)
    if at < 0:
        return None
    x1, y1, x0, y0 = struct.unpack_from(">4I", data, at + 8)
    samples, depth = struct.unpack_from(">HB", data, at + 40)
    return Coded(
        x1 - x0,
        y1 - y0,
        samples,
        (depth & 0x7F) + 1,
        "RGB" if samples == 3 and _is_transformed(data, at + 2) else "",
    )


def _is_transformed(data: bytes, at: int) -> bool:
    """Whether the main header, whose first segment begins at `at`, asks for the inverse of a colour
    transform.
    """
    while at + 4 <= len(data) and data[at : at + 2] != _SOT:
        if data[at : at + 2] == _COD:
            return data[at + 8 : at + 9] == b"\1"
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return False


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
    is_jpeg = syntax in _LOSSY_JPEG and colours != ""
    if not is_jpeg and not (syntax in JPEG2000TransferSyntaxes and (coded or photometric) in _RGB):
        return None
    mode = "L" if is_jpeg and colours == "YBR" else "RGB"
    with Image.open(BytesIO(data), formats=("JPEG" if is_jpeg else "JPEG2000",)) as image:
        image.draft(mode, image.size)
        return np.asarray(image.convert("L")) if image.mode == mode else None
