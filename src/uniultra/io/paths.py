"""Paths as users give them: how messages show them, what must hold before a file is opened, and
an ordinary file held open to be read more than once.
"""

from __future__ import annotations

import errno
import os
import stat
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from uniultra.errors import FileError
from uniultra.text import printable

PathLike = str | os.PathLike[str]

MAX_BYTES = 512_000_000
"""Legal size of a file that is read whole."""
MAX_CINE_BYTES = 64_000_000_000
"""Legal size of a file that is read frame by frame."""
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a system says where a disk, a user's share of it, or the size of a file is used up."""
_LONGEST_REASON = 80
"""Of what a library says went wrong, in characters."""
_ADDRESSES: dict[str, str] = {}
"""Local copies, and the addresses that they are copies of."""


def shown(path: PathLike) -> str:
    """A path for a message, as the user gave it, on one line; see `text.printable`. A local copy is called by
    the address that it is a copy of.
    """
    return printable(named(path)) or "(empty path)"


def named(path: PathLike) -> str:
    """A path as it was given: that of a local copy is the address that it is a copy of."""
    return _ADDRESSES.get(os.fspath(path), os.fspath(path))


@contextmanager
def copy_of(address: str, path: Path) -> Iterator[Path]:
    """`path`, which messages call by the address that it is a copy of while the context lasts."""
    _ADDRESSES[os.fspath(path)] = address
    try:
        yield path
    finally:
        del _ADDRESSES[os.fspath(path)]


def path_from(folder: PathLike, image: PathLike) -> str:
    """How a file in a folder names an image: relative, with `/`; by its name alone where it is a copy of what
    lies in an archive, and by its whole path where it lies on another drive.
    """
    if os.fspath(image) in _ADDRESSES:
        return Path(image).name
    place = Path(image).parent.resolve() / Path(image).name
    try:
        return Path(os.path.relpath(place, Path(folder).resolve())).as_posix()
    except ValueError:  # of Windows, where no path leads from one drive to another
        return place.as_posix()


def for_ffmpeg(path: PathLike) -> str:
    """A path as FFmpeg must be given it: absolute, as it takes what stands before a colon ("10:30.mp4") for a
    protocol.
    """
    return os.path.abspath(path)


def one_line(error: Exception) -> str:
    """What went wrong, for a message: printable ASCII, at most 80 characters or so, cut after a sentence if
    one fits, else after a word.
    """
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    text = " ".join(str(text).split())
    if len(text) > _LONGEST_REASON:
        begins = text[:_LONGEST_REASON]
        sentences, words = begins.rpartition(". ")[0], begins.rpartition(" ")[0]
        text = sentences if len(sentences) >= _LONGEST_REASON // 4 else f"{words or begins} ..."
    return ascii(text)[1:-1]


def first_bytes(path: PathLike, count: int, limit: int = MAX_BYTES) -> bytes:
    """Up to `count` bytes of an ordinary file. Raises FileError: missing, unreadable, a folder or device,
    empty, or over `limit` bytes.
    """
    with open_file(path, limit) as file:
        return file.read(count)


def open_file(path: PathLike, limit: int = MAX_BYTES) -> BufferedReader:
    """An ordinary file, opened for reading. Raises FileError as `first_bytes` does."""
    with _os_errors(shown(path)):
        check_file(path, limit)
        return open(path, "rb")


def check_file(path: PathLike, limit: int = MAX_BYTES) -> None:
    """Raises FileError: missing, a folder or device, empty, or over `limit` bytes. Nothing is opened."""
    name = shown(path)
    with _os_errors(name):
        info = os.stat(path)
    if stat.S_ISDIR(info.st_mode):
        raise FileError(f"{name}: a folder, not an image; name one file in it")
    if not stat.S_ISREG(info.st_mode):
        raise FileError(f"{name}: a device or pipe, not a file; save the image to a file first")
    if info.st_size == 0:
        raise FileError(f"{name}: the file is empty (0 bytes); copy or export it again")
    if info.st_size > limit:
        raise FileError(
            f"{name}: {info.st_size / 1e6:.0f} MB; the limit is {limit / 1e6:.0f} MB; crop or compress it"
        )


@contextmanager
def _os_errors(name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise FileError(f"{name}: no such file; check the path") from error
    except PermissionError as error:
        raise FileError(f"{name}: permission denied; make the file and its folder readable") from error
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise FileError(f"{name}: can't be opened ({one_line(error)}); check the path") from error


@contextmanager
def copying(name: str, folder: Path) -> Iterator[None]:
    """While something is copied into a temporary folder. Raises FileError where the disk is full, which is
    the fault of neither what is copied nor of where it comes from.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        where = shown(folder.parent)
        raise FileError(
            f"{name}: no room in {where} for a copy; free some, or set TMPDIR to another folder"
        ) from error


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
