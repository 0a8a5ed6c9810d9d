"""What an encoded frame says of itself, read before any decoder sees it: a small file may claim a picture that fills the memory."""

from __future__ import annotations

import struct
from typing import NamedTuple

_START = b"\xff\xd8"
_SOF = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}
"""Start-of-frame markers of JPEG (ITU-T T.81 B.1.1.3), and of JPEG-LS (T.87)."""
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_SIZ = b"\xff\x4f\xff\x51"
"""Start of a JPEG 2000 code stream and of its image size segment (T.800 A.5.1)."""


class Coded(NamedTuple):
    """What a code stream's header says: pixels, samples a pixel, bits a sample."""

    width: int
    height: int
    samples: int
    bits: int


def coded_as(data: bytes) -> Coded | None:
    """The header of a JPEG, JPEG-LS or JPEG 2000 code stream; None where there is no readable one."""
    try:
        return _jpeg(data) if data.startswith(_START) else _jpeg_2000(data)
    except struct.error:
        return None


def _jpeg(data: bytes) -> Coded | None:
    at = 2
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
            return Coded(width, height, samples, bits)
        else:
            at += 2 + max(struct.unpack_from(">H", data, at + 2)[0], 2)
    return None


def _jpeg_2000(data: bytes) -> Coded | None:
    at = data.find(_SIZ, 0, 4096)
    if at < 0:
        return None
    x1, y1, x0, y0 = struct.unpack_from(">4I", data, at + 8)
    samples, depth = struct.unpack_from(">HB", data, at + 40)
    return Coded(x1 - x0, y1 - y0, samples, (depth & 0x7F) + 1)
