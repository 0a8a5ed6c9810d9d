"""Lookup tables of a DICOM file: palettes, modality and VOI LUTs, plain or in segments, in either byte order.

PS3.3 C.7.6.3.1.5 and 6, C.7.9 and C.11. pydicom's own functions (3.0.2) take the palette of a big endian file
for a little endian one, and have no room for an index above 255 into entries of 8 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from uniultra.errors import FileError
from uniultra.io.dicom.attributes import reals, value
from uniultra.io.dicom.header import Header

COLOURS = ("Red", "Green", "Blue")
MAX_ENTRIES = 1 << 16
_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2
DAMAGED = (ValueError, IndexError, OverflowError, TypeError)
"""What reading a damaged table raises."""


@dataclass(frozen=True)
class Lut:
    """A table: `first` is the value that the first of its `entries` (uint16) is for, which take `bits`."""

    first: int
    bits: int
    entries: np.ndarray

    def at(self, values: np.ndarray) -> np.ndarray:
        """The entry of each value, uint16; values beyond either end get the entry there."""
        first = (
            self.first - MAX_ENTRIES
            if self.first >= MAX_ENTRIES // 2 and values.min(initial=0) < 0
            else self.first
        )
        return self.entries[np.clip(values - first, 0, len(self.entries) - 1)]


def palette_rgb(header: Header, values: np.ndarray) -> np.ndarray:
    """The colour of each stored value, uint8 (N, 3). Raises FileError: a palette that can't be used."""
    try:
        luts = [_palette(header, colour) for colour in COLOURS]
        rgb = np.stack([lut.at(values) for lut in luts], axis=-1)
    except DAMAGED as error:
        raise FileError(
            f"{header.name}: the colour palette is missing or damaged; export it again"
        ) from error
    if rgb.max(initial=0) > 255:  # some files keep 8-bit entries in a table that says 16
        rgb = rgb >> 8
    return rgb.astype(np.uint8)


def item_lut(header: Header, item: Dataset) -> Lut:
    """The table of an item of ModalityLUTSequence or VOILUTSequence. Raises what DAMAGED lists."""
    count, first, bits = _descriptor(item, "LUTDescriptor", (*range(8, 17),))
    return Lut(first, bits, _plain(_words(header, item, "LUTData"), count))


def _palette(header: Header, colour: str) -> Lut:
    count, first, bits = _descriptor(header.dataset, f"{colour}PaletteColorLookupTableDescriptor", (8, 16))
    plain = f"{colour}PaletteColorLookupTableData"
    if value(header.dataset, plain) is not None:
        return Lut(first, bits, _plain(_words(header, header.dataset, plain), count))
    words = _words(header, header.dataset, f"Segmented{plain}")
    codes = (words if bits == 16 else words.view(np.uint8)).tolist()
    return Lut(first, bits, np.array(_expanded(codes, bits)[:count], np.uint16))


def _descriptor(dataset: Dataset, keyword: str, legal: Sequence[int]) -> tuple[int, int, int]:
    """Number of entries (0 stands for 65536), first value mapped, bits an entry."""
    found = reals(dataset, keyword)
    if found is None or len(found) != 3 or found[2] not in legal:
        raise ValueError("no descriptor")
    return int(found[0]) % MAX_ENTRIES or MAX_ENTRIES, int(found[1]), int(found[2])


def _words(header: Header, dataset: Dataset, keyword: str) -> np.ndarray:
    """Data of words of 16 bits, as little endian ones whatever the file's order. Raises ValueError: none."""
    found = value(dataset, keyword)
    if found is None:
        raise ValueError("no data")
    if not isinstance(found, bytes):  # VR US
        return np.atleast_1d(np.array(found, dtype="<u2"))
    swapped = not header.little_endian and dataset[keyword].VR != "OB"
    return np.frombuffer(found + b"\0" * (len(found) % 2), ">u2" if swapped else "<u2").astype("<u2")


def _plain(words: np.ndarray, count: int) -> np.ndarray:
    entries = words
    if len(words) < count <= 2 * len(words):  # two entries of 8 bits in a word
        entries = words.view(np.uint8).astype(np.uint16)
    if len(entries) < count:
        raise ValueError("too few entries")
    return entries[:count]


def _expanded(codes: Sequence[int], bits: int) -> list[int]:
    """The entries that segments stand for (PS3.3 C.7.9.2)."""
    entries: list[int] = []
    at = 0
    while at + 1 < len(codes):  # a byte may be padding
        if codes[at] == _INDIRECT:
            start = _pointed(codes[at + 2 : at + 2 + 32 // bits], bits)
            for _ in range(codes[at + 1]):
                start = _append(entries, codes, start)
            at += 2 + 32 // bits
        else:
            at = _append(entries, codes, at)
    if not entries:
        raise ValueError("no entries")
    return entries


def _append(entries: list[int], codes: Sequence[int], at: int) -> int:
    """Adds the discrete or linear segment at a place; where the next one begins."""
    kind, length = codes[at], codes[at + 1]
    if (
        len(entries) + length > MAX_ENTRIES
        or kind not in (_DISCRETE, _LINEAR)
        or (kind == _LINEAR and not entries)
    ):
        raise ValueError("no such segment")
    if kind == _DISCRETE:
        entries += codes[at + 2 : at + 2 + length]
        return at + 2 + length
    last, to = entries[-1], codes[at + 2]
    entries += [round(last + (to - last) * step / length) for step in range(1, length + 1)]
    return at + 3


def _pointed(parts: Sequence[int], bits: int) -> int:
    """Where an indirect segment points, as an index of codes: the file counts bytes, low part first."""
    return sum(part << (bits * i) for i, part in enumerate(parts)) * 8 // bits
