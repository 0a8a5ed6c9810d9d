"""Folders that may lie anywhere fsspec reaches: read, listed, and written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from uniultra.durable import sync_file
from uniultra.errors import FileError, OutputError
from uniultra.hashes import file_sha256
from uniultra.io.dicomweb import fetch, is_web
from uniultra.io.dimse import check_gives
from uniultra.io.paths import copying, one_line, shown
from uniultra.io.scratch import scratch_folder

WINDOWS = os.name == "nt"
HIDDEN = ".uniultra"
"""The folder in a folder of results that holds what tables are built from."""


def is_url(place: str) -> bool:
    return "://" in place


def open_place(place: str) -> tuple[Any, str]:
    """The file system of a local path or an fsspec URL, and the path in it.

    Raises:
        FileError: an empty place, an unknown protocol, or one whose library isn't installed. PromptError: an
            archive that only takes.
    """
    check_gives(place)
    if not place:
        raise FileError("the place is empty; give a local path, as . for the current folder, or a URL")
    if not is_url(place):
        return fsspec.filesystem("file"), os.path.abspath(place)
    try:
        fs, path = fsspec.core.url_to_fs(place, use_listings_cache=False)
    except Exception as error:  # of as many kinds as there are file systems
        raise FileError(
            f"{shown(place)}: can't be opened ({one_line(error)}); give a local path, or a URL whose file "
            "system fsspec knows and is installed, as s3fs for s3://"
        ) from error
    return fs, str(path)


def is_relative(name: str) -> bool:
    """Whether a name, with `/`, stays within the folder that it is relative to, on every system: a colon, as
    of a drive, stays in no name on Windows, see `local_name`.
    """
    parts = name.replace("\\", "/").split("/")
    return bool(name) and "\0" not in name and not {"", ".", ".."} & set(parts)


def local_name(name: str) -> str:
    """A name, with `/`, as this system takes it: on Windows with the characters percent-encoded that no file
    may have in its name there, as an object of a bucket may be called 10:30.png. Names that differ stay so: a
    % that could be mistaken for such a code is encoded too.
    """
    if not WINDOWS:
        return name
    return re.sub(r'[<>:"|?*\x00-\x1f]|%(?=[0-9A-Fa-f]{2})', lambda found: f"%{ord(found[0]):02X}", name)


class Store:
    """A folder of results: names in it are relative, with `/`. What is written appears under its name only
    when it is whole.
    """

    def __init__(self, place: str, run: str) -> None:
        self.place = place
        self._run = f"{HIDDEN}/runs/{run}"
        self._fs, root = open_place(place)
        self._root = root.rstrip("/")

    def path(self, name: str) -> str:
        """Where a name lies. Raises OutputError for one that could lie outside of the folder."""
        if not is_relative(name):
            raise OutputError(
                f"{shown(name)}: not a name within {shown(self.place)}; legal are relative ones without '..'"
            )
        return f"{self._root}/{self.written(name)}"

    def written(self, name: str) -> str:
        """What a file of this name is called in the folder."""
        return local_name(name) if isinstance(self._fs, LocalFileSystem) else name

    def read(self, name: str) -> bytes | None:
        """None where there is no such file. Raises OutputError."""
        path = self.path(name)
        try:
            return bytes(self._fs.cat_file(path))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except Exception as error:
            raise OutputError(
                f"{self._shown(name)}: can't be read ({one_line(error)}); check the folder of results"
            ) from error

    def exists(self, name: str) -> bool:
        return bool(self._fs.exists(self.path(name)))

    def write(self, name: str, data: bytes) -> None:
        """Raises OutputError."""
        with self._to(name) as part:
            self._fs.pipe_file(part, data)

    def put(self, name: str, file: Path) -> None:
        """Copies a local file; on a local disk it is on it before it takes its name, so that a record which
        outlasts a power cut never speaks of a file that is empty. Raises OutputError.
        """
        with self._to(name) as part:
            self._fs.put_file(str(file), part)
            if isinstance(self._fs, LocalFileSystem):
                sync_file(part)

    def remove(self, name: str) -> None:
        """A file that may be gone already. Raises OutputError."""
        path = self.path(name)
        try:
            self._fs.rm_file(path)
        except (FileNotFoundError, NotADirectoryError):
            return
        except Exception as error:
            raise OutputError(
                f"{self._shown(name)}: can't be removed ({one_line(error)}); check the folder of results"
            ) from error

    def try_once_more(self, name: str, most: int) -> bool:
        """Notes one more try of something in this run; False where there were `most` of them. Raises
        OutputError.
        """
        for number in range(1, most + 1):
            mark = f"{self._run}/tries/{name}.{number}"
            if not self.exists(mark):
                self.write(mark, b"")
                return True
        return False

    def clean(self) -> None:
        """Drops what runs left behind: parts of files, and notes of tries."""
        with contextlib.suppress(OSError):
            self._fs.rm(self.path(f"{HIDDEN}/runs"), recursive=True)

    def _shown(self, name: str) -> str:
        return shown(f"{self.place.rstrip('/')}/{name}")

    @contextlib.contextmanager
    def _to(self, name: str) -> Iterator[str]:
        """A temporary path on the same file system, which then takes the place of `name`."""
        part, target = self.path(f"{self._run}/{secrets.token_hex(8)}.part"), self.path(name)
        try:
            self._fs.makedirs(self._fs._parent(part), exist_ok=True)
            self._fs.makedirs(self._fs._parent(target), exist_ok=True)
            yield part
            self._fs.mv(part, target)
        except Exception as error:  # of as many kinds as there are file systems
            with contextlib.suppress(Exception):
                self._fs.rm_file(part)
            raise OutputError(
                f"{self._shown(name)}: can't be written ({one_line(error)}); choose another folder"
            ) from error


@contextlib.contextmanager
def local_file(place: str) -> Iterator[Path]:
    """A local path as it is; a URL as a copy of the same name, for the time being. Raises FileError."""
    if not is_url(place):
        yield Path(place)
        return
    if is_web(place):
        with scratch_folder() as folder:
            yield fetch(place, folder)
        return
    fs, path = open_place(place)
    with scratch_folder() as folder:
        copy = folder / local_name(path.rstrip("/").rpartition("/")[2] or "input")
        try:
            with copying(shown(place), folder):
                fs.get_file(path, str(copy))
        except FileError:
            raise
        except Exception as error:
            raise FileError(f"{shown(place)}: can't be read ({one_line(error)}); check the path") from error
        yield copy


def sha256_of(file: Path) -> str:
    """Raises FileError."""
    try:
        return file_sha256(file)
    except (OSError, ValueError) as error:
        raise FileError(f"{shown(file)}: can't be read ({one_line(error)}); check the path") from error
