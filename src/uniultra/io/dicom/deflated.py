"""Deflated DICOM (PS3.5 A.5): the data set after the file meta information is one raw deflate stream."""

from __future__ import annotations

import io
import struct
import tempfile
import zlib
from typing import BinaryIO

from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

from uniultra.errors import FileError
from uniultra.io.dicom.store import Store
from uniultra.io.paths import NO_ROOM

MAX_INFLATED = 8_000_000_000
"""Legal size of a deflated file, inflated, in bytes."""
_PART = 1 << 20
_PLAIN_UID = str(ExplicitVRLittleEndian).encode("ascii") + b"\0"
_HEAD = b"\0" * 128 + b"DICM" + struct.pack("<HH2sH", 2, 0x10, b"UI", len(_PLAIN_UID)) + _PLAIN_UID
"""Preamble and file meta information of explicit little endian."""


class InflatedStore(Store):
    """What a deflated file holds, inflated into a temporary file that lives as long as this object."""

    def __init__(self, deflated: BinaryIO, name: str) -> None:
        super().__init__(tempfile.TemporaryFile())  # type: ignore[arg-type]  # noqa: SIM115
        _inflate(deflated, self._file, name, MAX_INFLATED)


def plain_store(store: Store, name: str) -> Store:
    """The same data set as explicit little endian, where the file says that it is deflated; else the store
    itself. Raises FileError.
    """
    with store.opened() as file:
        return InflatedStore(file, name) if _is_deflated(file) else store


def inflated_bytes(data: bytes, most: int) -> bytes:
    """A deflated file as the plain one that it stands for, of at most `most` bytes, in memory alone; any
    other as it is.

    Raises:
        FileError: damaged, or longer than that.
    """
    file = io.BytesIO(data)
    if not _is_deflated(file):
        return data
    plain = io.BytesIO()
    _inflate(file, plain, "deflated DICOM", most)
    return plain.getvalue()


def _is_deflated(file: BinaryIO) -> bool:
    """Whether a file says that it is; it then stands where the deflated data begin."""
    return file.read(132)[128:] == b"DICM" and _seek_dataset(file) == DeflatedExplicitVRLittleEndian


def _inflate(deflated: BinaryIO, into: BinaryIO | io.BufferedRandom, name: str, most: int) -> None:
    """Raw deflate (RFC 1951) in bounded parts. Raises FileError: damaged, a bomb, or no room for it."""
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    written = 0
    try:
        into.write(_HEAD)
        while not engine.eof and (data := engine.unconsumed_tail or deflated.read(_PART)):
            part = engine.decompress(data, _PART)
            written += len(part)
            if written > most:
                raise FileError(
                    f"{name}: inflates to over {most / 1e6:g} MB, which is the limit; export it "
                    "uncompressed, or split it"
                )
            into.write(part)
        into.flush()
    except zlib.error as error:
        raise FileError(f"{name}: the deflated DICOM data is damaged; copy or export it again") from error
    except OSError as error:
        raise _unwritable(error, name, written) from error
    if not engine.eof:
        raise FileError(f"{name}: the deflated DICOM data is truncated; copy or export it again")


def _unwritable(error: OSError, name: str, written: int) -> FileError:
    where = tempfile.gettempdir()
    if error.errno in NO_ROOM:
        return FileError(
            f"{name}: no room in {where} after {written / 1e6:.0f} MB of what it inflates to; free "
            "some, or set TMPDIR to another folder"
        )
    return FileError(
        f"{name}: can't be inflated into {where} ({error.strerror}); set TMPDIR to another folder"
    )


def _seek_dataset(file: BinaryIO) -> str:
    """The transfer syntax in the file meta information, after which `file` then stands; "" where there is
    none.
    """
    syntax = ""
    while len(start := file.read(8)) == 8:
        group, element, vr, length = struct.unpack("<HH2sH", start)
        if group != 2:
            file.seek(-8, 1)
            break
        if vr.decode("latin-1") in EXPLICIT_VR_LENGTH_32:
            length = int.from_bytes(file.read(4), "little")
        if element == 0x10:
            syntax = file.read(min(length, 64)).rstrip(b"\0 ").decode("latin-1")
        else:
            file.seek(length, 1)
    return syntax
