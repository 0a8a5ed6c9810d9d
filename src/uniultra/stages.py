"""Hidden folders for what isn't whole yet, each locked by its process; what killed processes left is found
by its lost lock and removed."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
import secrets
import shutil
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_STAGE = re.compile(r"\.uniultra-[0-9a-f]{16}")
_LOCK = ".uniultra.lock"
_UNTOUCHED_S = 24 * 3600.0
"""What another machine left on a shared disk goes when nothing in it has changed for so long: locks may
not reach that far."""


def is_stage(folder: Path) -> bool:
    """Whether a folder is one of these, by its name."""
    return _STAGE.fullmatch(folder.name) is not None


@contextlib.contextmanager
def stage_in(folder: Path) -> Iterator[Path]:
    """A hidden folder of this process's own in `folder`, which is made if need be; both go, the latter
    where nothing came into it."""
    missing = [each for each in (folder, *folder.parents) if not os.path.lexists(each)]
    lock = None
    stage = folder
    try:
        _clean_once(os.path.realpath(folder))
        while lock is None:
            stage = folder / f".uniultra-{_here()}{secrets.token_hex(4)}"
            stage.mkdir(parents=True)
            lock = _lock(stage / _LOCK)
        yield stage
    finally:
        made = [] if stage == folder else [stage]
        try:
            _tidy(lock, made, missing)
        except BaseException:  # interrupted in the middle of it
            _tidy(None, made, missing)
            raise


def _tidy(lock: int | None, stages: Sequence[Path], folders: Sequence[Path]) -> None:
    if lock is not None:
        os.close(lock)
    for stage in stages:
        _remove(stage)
    for folder in folders:
        with contextlib.suppress(OSError):  # it holds the results, or was never made
            folder.rmdir()


def _remove(stage: Path) -> None:
    """The lock goes last: what is left where this is cut off, or where something can't be removed yet, is
    found again by it, or is empty.
    """
    with contextlib.suppress(OSError):
        for path in stage.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != _LOCK:
                path.unlink(missing_ok=True)
        if all(path.name == _LOCK for path in stage.iterdir()):
            (stage / _LOCK).unlink(missing_ok=True)
            stage.rmdir()


@functools.lru_cache(maxsize=256)
def _clean_once(folder: str) -> None:
    clean(folder)


def clean(folder: str | os.PathLike[str]) -> None:
    """Removes what this user's killed processes left in `folder`; what others are writing at this moment
    stays."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _STAGE.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                _remove_abandoned(Path(entry.path))


def _remove_abandoned(stage: Path) -> None:
    if sys.platform == "win32":  # where a file that somebody has open can't be renamed
        with contextlib.suppress(OSError):
            os.rename(stage / _LOCK, stage / f"{_LOCK}.lost")
            os.rename(stage / f"{_LOCK}.lost", stage / _LOCK)
            _remove(stage)
        return
    try:
        if stage.lstat().st_uid != os.getuid():  # who could put a link to our files in its place meanwhile
            return
        lock = os.open(stage / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        # Only where it is empty: killed, or about to lock, which is then tried again.
        with contextlib.suppress(OSError):
            stage.rmdir()
        return
    except OSError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if stage.name.startswith(f".uniultra-{_here()}") or time.time() - _last_change(stage) > _UNTOUCHED_S:
            _remove(stage)
    except OSError:  # somebody holds it, or there are no locks on this file system
        return
    finally:
        os.close(lock)


def _lock(path: Path) -> int | None:
    """The open lock of a new stage; None where somebody took the stage for abandoned before it was locked."""
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileNotFoundError:
        return None
    if sys.platform == "win32":
        return lock
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    except OSError:  # no locks on this file system: it's never taken for abandoned
        return lock
    if _is_same(lock, path):
        return lock
    os.close(lock)
    return None


def _is_same(lock: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(lock), os.stat(path))
    except FileNotFoundError:
        return False


def _last_change(stage: Path) -> float:
    return max(os.lstat(path).st_mtime for path in (stage, *stage.iterdir()))


@functools.cache
def _here() -> str:
    """8 characters for this machine since it was started, as far as a lock of its kernel reaches."""
    try:
        name = Path("/proc/sys/kernel/random/boot_id").read_bytes()
    except OSError:
        name = socket.gethostname().encode()
    return hashlib.sha256(name).hexdigest()[:8]
