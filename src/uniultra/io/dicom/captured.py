"""The frames of a capture as they come, encapsulated (PS3.5 A.4) in a temporary file: none is held in
memory.
"""

from __future__ import annotations

import io
import shutil
import struct
import tempfile
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from uniultra.errors import OutputError
from uniultra.io.paths import one_line

MOST_HELD = 512_000_000
"""Bytes where there is no folder for the file, which then is in memory."""
_ITEM = b"\xfe\xff\x00\xe0"


@dataclass
class CapturedFrames:
    """JPEG files, each a frame.

    Attributes:
        folder: where the temporary file is, without a name; None keeps it in memory.
        numbers: of the frames in their source, from 0.
        size: bytes of all frames.
    """

    folder: Path | None = None
    numbers: list[int] = field(default_factory=list)
    size: int = 0
    _offsets: list[int] = field(default_factory=list)
    _file: Any = None

    def add(self, number: int, jpeg: bytes) -> None:
        """Raises OutputError: the disk is full, or the memory for it."""
        if self.folder is None and self.size + len(jpeg) > MOST_HELD:
            raise OutputError(
                f"the Secondary Capture takes over {MOST_HELD / 1e6:.0f} MB; choose fewer frames, or none"
            )
        padded = jpeg + b"\0" * (len(jpeg) % 2)
        try:
            if self._file is None:
                self._file = self._new()
            self._offsets.append(self._file.tell())
            self._file.write(_ITEM + struct.pack("<I", len(padded)) + padded)
        except OSError as error:
            raise OutputError(f"{self.folder}: can't be written ({one_line(error)})") from error
        self.numbers.append(number)
        self.size += len(jpeg)

    def pixel_data(self) -> io.BufferedIOBase:
        """The value of PixelData, as a file that lives as long as this object: the offsets of the frames,
        where 32 bits hold them, and the frames. Raises OutputError.
        """
        offsets = self._offsets if self._offsets and self._offsets[-1] < 2**32 else []
        table = struct.pack(f"<{len(offsets)}I", *offsets)
        try:
            found = self._new()
            found.write(_ITEM + struct.pack("<I", len(table)) + table)
            self._file.seek(0)
            shutil.copyfileobj(self._file, found, 2**20)
            found.seek(0)
        except OSError as error:
            raise OutputError(f"{self.folder}: can't be written ({one_line(error)})") from error
        return cast(io.BufferedIOBase, found)

    def _new(self) -> Any:
        """Open as long as this object."""
        found = io.BytesIO() if self.folder is None else tempfile.TemporaryFile(dir=self.folder)  # noqa: SIM115
        weakref.finalize(self, found.close)
        return found
