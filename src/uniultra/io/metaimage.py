"""MetaImage (.mha, .mhd with its .raw or .zraw) in, and the cines that the PLUS toolkit writes in it
(.igs.mha).

Index i runs to the right and j down, as ITK writes pictures. A third axis is space, so its frames are slices
and have no times; in a file of PLUS, which describes each frame in its header, it is time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

import numpy as np

from uniultra.errors import FileError
from uniultra.io.paths import LentFile, PathLike, shown
from uniultra.io.place import LPS, Place, place
from uniultra.io.plus import FRAME_FIELD, described
from uniultra.io.print_size import print_size_notes
from uniultra.io.volumes import (
    MOST_FIELDS,
    Volume,
    beside,
    cine_of,
    header_line,
    numbers,
    one_axis,
    sides,
)
from uniultra.pixel_scale import UNKNOWN, Calibration
from uniultra.types import Cine

SLICES = "a third axis is space in MetaImage: its frames are slices and have no times"
ONES = (
    "ElementSpacing is 1 x 1, which is written where nobody knew the size of a pixel: not used; "
    "give --spacing"
)
_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_TO_MM = {"mm": 1.0, "um": 0.001, "cm": 10.0}


def open_metaimage(path: PathLike) -> Cine:
    """The frames of a MetaImage. Raises FileError: damaged, truncated, of other axes or kinds than can be
    read, too large.
    """
    return cine_of(read_volume(path))


def read_volume(path: PathLike) -> Volume:
    """What the header says of the pixels. Raises FileError as opening does."""
    name = shown(path)
    own = LentFile(path)
    with own.lent() as file:
        fields = _fields(file, name)
        end = file.tell()
    size = sides(fields.get("DimSize", ""), "DimSize", name)
    axis, count = one_axis(size[2:], name)
    dtype = _dtype(fields, name)
    channels = int(numbers(fields.get("ElementNumberOfChannels", "1"), 1, "ElementNumberOfChannels", name)[0])
    data, offset = own, end
    if fields["ElementDataFile"].upper() != "LOCAL":
        data = beside(path, fields["ElementDataFile"])
        offset = int(numbers(fields.get("HeaderSize", "0"), 1, "HeaderSize", name)[0])
    encoding = "zlib" if _flag(fields, "CompressedData") else "raw"
    volume = Volume(name, data, offset, encoding, dtype, (size[0], size[1], count), channels)
    if offset == -1:  # the pixels are the last bytes of the file
        offset = data.size - volume.frame_bytes * count
    calibration, notes = _spacing(fields, len(size), name)
    is_plus = any(field.startswith(FRAME_FIELD) for field in fields)
    if count > 1 and axis == 0 and not is_plus:
        notes = (*notes, SLICES)
    volume = replace(volume, place=_place(fields), slices=axis == 0 and not is_plus)
    return described(volume, fields, offset, calibration, notes)


def _place(fields: dict[str, str]) -> Place | None:
    """Of a header of three axes; ITK's axes are LPS whatever AnatomicalOrientation says, and a direction is
    three numbers in a row of TransformMatrix.
    """

    def first(*keys: str) -> np.ndarray | None:
        found = next((fields[key] for key in keys if key in fields), "")
        try:
            return np.array([float(part) for part in found.split()])
        except ValueError:
            return None

    origin, steps = first("Offset", "Position", "Origin"), first("ElementSpacing", "ElementSize")
    turns = first("TransformMatrix", "Orientation", "Rotation")
    if origin is None or steps is None or turns is None or steps.shape != (3,) or turns.shape != (9,):
        return None
    return place(LPS, turns.reshape(3, 3) * steps[:, None], origin)


def _fields(file: BinaryIO, name: str) -> dict[str, str]:
    """The header up to ElementDataFile, behind which pixels may begin."""
    fields: dict[str, str] = {}
    while "ElementDataFile" not in fields:
        line = header_line(file, name)
        if line is None or len(fields) > MOST_FIELDS:
            raise FileError(f"{name}: not a MetaImage, or its header has no ElementDataFile; export it again")
        key, equals, value = line.partition("=")
        if equals:
            fields[key.strip()] = value.strip()
    return fields


def _dtype(fields: dict[str, str], name: str) -> np.dtype:
    kind = fields.get("ElementType", "").upper()
    if kind not in _TYPES:
        raise FileError(
            f"{name}: ElementType '{shown(kind[:40])}' is unknown; legal are {', '.join(_TYPES)}; save "
            "it again"
        )
    if "BinaryData" in fields and not _flag(fields, "BinaryData"):
        raise FileError(f"{name}: its pixels are written as text (BinaryData = False); save it as binary")
    is_big = _flag(fields, "BinaryDataByteOrderMSB") or _flag(fields, "ElementByteOrderMSB")
    return np.dtype(_TYPES[kind]).newbyteorder(">" if is_big else "<")


def _flag(fields: dict[str, str], key: str) -> bool:
    return fields.get(key, "").lower() in ("true", "1", "t", "yes")


def _spacing(fields: dict[str, str], axes: int, name: str) -> tuple[Calibration, tuple[str, ...]]:
    key = "ElementSpacing" if "ElementSpacing" in fields else "ElementSize"
    if key not in fields:
        return UNKNOWN, ()
    right, down = numbers(fields[key], axes, key, name)[:2]
    if right == down == 1.0:
        return UNKNOWN, (ONES,)
    unit = fields.get("DistanceUnits", "mm").lower()
    if min(right, down) <= 0 or unit not in _TO_MM:
        return UNKNOWN, (
            f"{key} {right:g} x {down:g} {shown(unit[:20])} is not a pixel size in mm, um or cm: not "
            "used; give --spacing",
        )
    calibration = UNKNOWN.with_fallback(key, (down * _TO_MM[unit], right * _TO_MM[unit]))
    return calibration, print_size_notes(key, calibration)
