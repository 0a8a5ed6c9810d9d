"""A file that is opened once and read several times, each time from its beginning."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from uniultra.io.paths import MAX_CINE_BYTES, PathLike, open_file


class LentFile:
    """An ordinary file, held open as long as this object. Raises FileError as `open_file` does."""

    def __init__(self, path: PathLike) -> None:
        file = open_file(path, MAX_CINE_BYTES)
        self.path = path
        self._free = [file]
        weakref.finalize(self, file.close)

    @property
    def size(self) -> int:
        """In bytes. Raises OSError."""
        return os.stat(self.path).st_size

    @contextmanager
    def lent(self) -> Iterator[BinaryIO]:
        """The file, at its beginning, for one reader; to whoever comes meanwhile it is opened anew. Raises
        FileError.
        """
        try:
            file = self._free.pop()
        except IndexError:
            with open_file(self.path, MAX_CINE_BYTES) as another:
                yield another
            return
        try:
            file.seek(0)
            yield file
        finally:
            self._free.append(file)
