"""What is written reaches the disk, so that a power cut after a command loses none of its results."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_UNSUPPORTED = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF)
"""How a file system says that it can't be told to; some network shares and devices."""


def sync_file(path: str | os.PathLike[str]) -> None:
    """Returns when the contents of a file are on the disk, as far as the file system can do that. Raises
    OSError where the disk fails.
    """
    _sync(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)


def sync_folder(path: str | os.PathLike[str]) -> None:
    """The same of the names in a folder. Windows, which keeps them in its own journal, has no such call."""
    if os.name != "nt":
        _sync(path, os.O_RDONLY)


def sync_tree(path: Path) -> None:
    """Every file and folder from a folder on."""
    for folder, _, names in os.walk(path):
        for name in names:
            if not os.path.islink(os.path.join(folder, name)):
                sync_file(os.path.join(folder, name))
        sync_folder(folder)


def _sync(path: str | os.PathLike[str], flags: int) -> None:
    opened = os.open(path, flags)
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
    finally:
        os.close(opened)
