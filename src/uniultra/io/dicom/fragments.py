"""Where each frame of encapsulated pixel data lies (PS3.5 A.4): an index of offsets, no pixels."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from io import SEEK_END
from itertools import pairwise
from typing import BinaryIO

from uniultra.errors import FileError
from uniultra.io.dicom.attributes import value
from uniultra.io.dicom.header import Header

_ITEM, _END = 0xFFFEE000, 0xFFFEE0DD
_ENDS = (b"\xff\xd9",)
"""What a JPEG, JPEG-LS or JPEG 2000 code stream ends with."""
_MAX_FRAGMENTS = 2_000_000


@dataclass(frozen=True)
class FrameIndex:
    """Each frame's parts as (offset in the file, length), in order; frame i has the parts `first[i]` to
    `first[i + 1]`.
    """

    offsets: array[int]
    lengths: array[int]
    first: Sequence[int]

    def read(self, file: BinaryIO, index: int) -> bytes:
        """The encoded bytes of one frame."""
        parts = []
        for part in range(self.first[index], self.first[index + 1]):
            file.seek(self.offsets[part])
            parts.append(file.read(self.lengths[part]))
        return b"".join(parts)


def index_frames(header: Header) -> FrameIndex:
    """The index of an encapsulated file.

    Raises:
        FileError: an item that isn't one, data truncated, or another number of frames than the header says.
    """
    assert header.pixels is not None
    with header.store.opened() as file:
        size = file.seek(0, SEEK_END)
        file.seek(header.pixels.offset)
        table, start = _offset_table(file, header.name, size)
        offsets, lengths = _fragments(file, header.name, size)
        if not offsets:
            raise FileError(
                f"{header.name}: the pixel data holds no frame, but the header says {header.frames}; copy "
                "or export it again"
            )
        first = _grouped(file, header, (offsets, lengths), _positions(header, table, offsets, start))
    return FrameIndex(offsets, lengths, first)


def _offset_table(file: BinaryIO, name: str, size: int) -> tuple[list[int], int]:
    """The basic offset table, which may be empty, and where the first fragment's item begins."""
    tag, length = _item(file, name)
    if tag != _ITEM or file.tell() + length > size:
        raise FileError(
            f"{name}: the encapsulated pixel data begins with no offset table, or is truncated; copy or "
            "export it again"
        )
    raw = file.read(length)
    return list(struct.unpack(f"<{len(raw) // 4}I", raw[: len(raw) // 4 * 4])), file.tell()


def _fragments(file: BinaryIO, name: str, size: int) -> tuple[array[int], array[int]]:
    """Offsets and lengths of all fragments; the closing delimiter may be missing, as it is in some real
    files.
    """
    offsets, lengths = array("q"), array("q")
    while file.tell() + 8 <= size:
        tag, length = _item(file, name)
        if tag == _END:
            break
        if tag != _ITEM:
            raise FileError(
                f"{name}: fragment {len(offsets) + 1} of the pixel data is damaged; copy or export it again"
            )
        if file.tell() + length > size:
            missing = file.tell() + length - size
            raise FileError(
                f"{name}: the pixel data is truncated: fragment {len(offsets) + 1} misses {missing} bytes; "
                "copy it again"
            )
        if len(offsets) == _MAX_FRAGMENTS:
            raise FileError(f"{name}: over {_MAX_FRAGMENTS} fragments of pixel data; split the file")
        offsets.append(file.tell())
        lengths.append(length)
        file.seek(length, 1)
    return offsets, lengths


def _item(file: BinaryIO, name: str) -> tuple[int, int]:
    start = file.read(8)
    if len(start) < 8:
        raise FileError(f"{name}: the pixel data is truncated; copy or export it again")
    group, element, length = struct.unpack("<HHI", start)
    return group << 16 | element, length


def _positions(header: Header, table: Sequence[int], offsets: array[int], start: int) -> list[int] | None:
    """The fragment that each frame begins with, by an offset table that fits; None where there is none
    such.
    """
    extended = value(header.dataset, "ExtendedOffsetTable")
    if isinstance(extended, bytes) and extended and not table:
        table = struct.unpack(f"<{len(extended) // 8}Q", extended[: len(extended) // 8 * 8])
    where = {offset - 8 - start: i for i, offset in enumerate(offsets)}
    found = [where.get(entry, -1) for entry in table]
    rising = all(a < b for a, b in pairwise(found))
    return found if len(found) == header.frames and found[0] == 0 and rising else None


def _grouped(
    file: BinaryIO, header: Header, parts: tuple[array[int], array[int]], positions: list[int] | None
) -> Sequence[int]:
    """`FrameIndex.first`: by the offset table, else one fragment a frame, else by the marks that code streams
    end with.
    """
    frames, count = header.frames, len(parts[0])
    if positions is not None:
        return array("q", [*positions, count])
    if frames == count:
        return range(count + 1)
    if frames == 1:
        return array("q", [0, count])
    first = array("q", [0])
    for number, (offset, length) in enumerate(zip(*parts, strict=True), start=1):
        file.seek(offset + max(length - 4, 0))
        if any(mark in file.read(4) for mark in _ENDS):
            first.append(number)
    if len(first) - 1 != frames:
        raise FileError(
            f"{header.name}: the pixel data holds {len(first) - 1} whole frames in {count} fragments, "
            f"but the header says {frames} frames; copy or export it again"
        )
    return first
