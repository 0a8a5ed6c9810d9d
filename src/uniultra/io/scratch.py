"""Folders for files that only pass through: gone with their context, and, where a process was killed in
it, once another one begins. They may hold images of patients.

The folder's process holds a lock on a file beside the folder's content until it ends, however it ends. What
nobody holds any more is removed. Where there are no such locks (Windows), what a killed process left stays.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

if sys.platform != "win32":
    import fcntl

PREFIX = "uniultra-"
LOCK, CONTENT = ".lock", "content"


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """An empty folder of this user alone (mode 0700), gone with the context."""
    _sweep_once(os.getpid())
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with _held(folder):
            (folder / CONTENT).mkdir()
            yield folder / CONTENT


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Locks the folder as in use. The lock is there before its name is, so that nobody else gets it first."""
    if sys.platform == "win32":
        yield
        return
    with (folder / f"{LOCK}.new").open("xb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.replace(file.name, folder / LOCK)
        yield


@cache
def _sweep_once(_pid: int) -> None:
    sweep()


def sweep() -> None:
    """Removes what killed processes of this user left."""
    if sys.platform == "win32":
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            _remove_unheld(folder)


def _remove_unheld(folder: Path) -> None:
    """Raises OSError where it is still held, or isn't ours."""
    if sys.platform == "win32":
        return
    about = folder.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid():
        return
    number = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(number)
