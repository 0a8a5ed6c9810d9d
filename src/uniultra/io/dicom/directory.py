"""DICOMDIR: the list of files on a medium (PS3.3 F.5), and DICOM files that have no suffix."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from uniultra.errors import FileError
from uniultra.io.dicom.attributes import items, value
from uniultra.io.dicom.header import read_header
from uniultra.io.dicom.store import MAX_HEADER_BYTES
from uniultra.io.paths import PathLike, shown

MAX_RECORDS = 200_000
_FILE_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
"""A part of a file ID: more than the standard allows (PS3.10 8.2), but no way out of the folder."""


def listed_files(path: PathLike) -> list[Path]:
    """The image files that a DICOMDIR names and that are there, in its order; what lies outside of its folder
    is ignored.

    Raises:
        FileError: not a DICOMDIR, or none of its files is there.
    """
    name = shown(path)
    records = items(
        read_header(path, ("DirectoryRecordSequence",)).dataset, "DirectoryRecordSequence", MAX_HEADER_BYTES
    )
    if not records:
        raise FileError(
            f"{name}: not a DICOM directory, or an empty one; name the image files or their folder"
        )
    if len(records) > MAX_RECORDS:
        raise FileError(f"{name}: {len(records)} records; the limit is {MAX_RECORDS}; name the image files")
    folder = Path(path).parent
    requested = [
        _inside(folder, value(record, "ReferencedFileID"))
        for record in records
        if value(record, "DirectoryRecordType") == "IMAGE"
    ]
    found = [file for file in requested if file is not None and file.is_file()]
    if not found:
        raise FileError(
            f"{name}: none of the {len(requested)} images that it lists is there; copy the whole medium"
        )
    return list(dict.fromkeys(found))


def looks_like_dicom(path: PathLike) -> bool:
    """Whether an ordinary file carries DICOM's mark behind its preamble."""
    try:
        if not os.path.isfile(path):
            return False
        with open(path, "rb") as file:
            return file.read(132)[128:] == b"DICM"
    except (OSError, ValueError):
        return False


def _inside(folder: Path, parts: object) -> Path | None:
    """The file of a record; None where the record has none or leads out of the folder."""
    listed = [parts] if isinstance(parts, str) else parts
    names = list(listed) if isinstance(listed, Iterable) else []
    if not names or not all(isinstance(part, str) and _FILE_ID.fullmatch(part) for part in names):
        return None
    exact = folder.joinpath(*names)
    return exact if exact.exists() else folder.joinpath(*(part.lower() for part in names))
