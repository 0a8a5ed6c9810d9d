"""The bytes of a DICOM file, read in parts: nothing here holds more than what was requested."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from uniultra.errors import FileError
from uniultra.io.paths import MAX_CINE_BYTES, PathLike, open_file

MAX_HEADER_BYTES, MAX_HEADER_READS = 128_000_000, 400_000
"""What reading a header may take: a hostile one has millions of tiny elements, each costing some hundred
bytes of memory.
"""


class Store:
    """A file on disk, opened once and held open as long as this object; one user at a time."""

    def __init__(self, file: BinaryIO) -> None:
        self._lock = threading.Lock()
        self._file = file
        weakref.finalize(self, file.close)

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The file, at its beginning."""
        with self._lock:
            self._file.seek(0)
            yield self._file


def open_store(path: PathLike) -> Store:
    """Raises FileError: missing, unreadable, a folder or device, empty, or too large."""
    return Store(open_file(path, MAX_CINE_BYTES))


class Metered:
    """A file whose reading stops with a FileError when it takes too much."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name
        self.seek, self.tell = file.seek, file.tell
        self._bytes = self._reads = 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(min(size, MAX_HEADER_BYTES) if size >= 0 else MAX_HEADER_BYTES)
        self._bytes += len(data)
        self._reads += 1
        if self._bytes > MAX_HEADER_BYTES or self._reads > MAX_HEADER_READS:
            raise FileError(
                f"{self._name}: the DICOM header is longer than any real one; the limit is "
                f"{MAX_HEADER_BYTES // 1_000_000} MB in {MAX_HEADER_READS} parts; export it again"
            )
        return data
