"""Bytes as a path: what came over the network is read by the readers of files, and touches no disk where the
system can do that.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def as_path(data: bytes) -> Iterator[str]:
    """A path that reads as `data` while the context lasts.

    On Linux an anonymous file in memory. Elsewhere a file in a temporary folder of this user alone, gone with
    the context.
    """
    if not hasattr(os, "memfd_create"):
        with tempfile.TemporaryDirectory(prefix="uniultra-") as folder:
            path = os.path.join(folder, "image")
            with open(path, "xb") as file:
                file.write(data)
            yield path
        return
    number = os.memfd_create("uniultra", os.MFD_CLOEXEC)
    try:
        with open(number, "wb", closefd=False) as file:
            file.write(data)
        yield f"/proc/self/fd/{number}"
    finally:
        os.close(number)
