"""Files of this machine that a request names: only below folders that the operator named, and off where none
was.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from uniultra.web.problems import Problem


def read_reference(roots: tuple[Path, ...], named: str, most_bytes: int) -> bytes:
    """The bytes of a file below one of `roots`, named by its whole path or from a root on.

    Links are followed, and what they lead to must lie below the same root. What isn't there and what isn't
    allowed get one answer. A folder that is swapped for a link meanwhile leads nowhere: the file is opened
    part by part, and no part may be a link then.

    Raises:
        Problem: file-reference, no-file, too-large.
    """
    if not roots:
        raise Problem(
            "file-reference",
            "naming files is off; the operator turns it on with --root FOLDER; upload the image instead",
        )
    for root in roots:
        found = _inside(root, named)
        if found is not None:
            return _bytes(*found, most_bytes)
    raise _no_file()


def _inside(root: Path, named: str) -> tuple[str, str] | None:
    """The real path of the root, and the file's from there on without links, where it lies below the root;
    else None.
    """
    try:
        top = os.path.realpath(root)
        real = os.path.realpath(os.path.join(top, named))
        if os.path.commonpath([top, real]) != top or not os.path.isfile(real):
            return None
        return top, os.path.relpath(real, top)
    except (OSError, ValueError):  # a null character, another drive
        return None


def _bytes(top: str, below: str, most_bytes: int) -> bytes:
    try:
        with open(_opened(top, below), "rb") as file:
            info = os.fstat(file.fileno())
            if not stat.S_ISREG(info.st_mode):
                raise _no_file()
            data = file.read(most_bytes + 1)
    except OSError:
        raise _no_file() from None
    if len(data) > most_bytes:
        raise Problem(
            "too-large",
            f"the file is over {most_bytes / 1e6:g} MB, which is the limit here; crop or compress it",
        )
    return data


_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def _opened(top: str, below: str) -> int:
    """A descriptor of a file below a folder, no part of whose way is a link. Raises OSError.

    Where the system can't open relative to a folder (Windows), the way is looked at once, before.
    """
    if os.open not in os.supports_dir_fd:
        return os.open(os.path.join(top, below), _READ)
    *folders, name = below.split(os.sep)
    at = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for folder in folders:
            inner = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = inner
        return os.open(name, _READ, dir_fd=at)
    finally:
        os.close(at)


def _no_file() -> Problem:
    return Problem(
        "no-file", "there is no such readable file below the folders that the operator named; check the path"
    )
