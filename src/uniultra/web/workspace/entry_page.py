"""The address with its one-time code, in a file that only this user can read: anybody on the machine can read
the arguments of a process.
"""

from __future__ import annotations

import html
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "open-uniultra.html"


@contextmanager
def entry_page(link: str) -> Iterator[Path]:
    """A page that leads on to `link`, readable by this user alone; it is gone afterwards.

    It lies in the user's runtime folder, or, where there is none, in a new folder for temporary files.
    """
    folder = Path(tempfile.mkdtemp(prefix="uniultra-", dir=_runtime_folder()))  # mode 0700
    try:
        path = folder / NAME
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(
                '<!doctype html><meta charset="utf-8"><title>UniUltra</title>'
                '<meta name="referrer" content="no-referrer">'
                f'<meta http-equiv="refresh" content="0; url={html.escape(link)}">'
            )
        yield path
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _runtime_folder() -> str | None:
    """XDG_RUNTIME_DIR where it is this user's own; None for the default."""
    name = os.environ.get("XDG_RUNTIME_DIR", "")
    try:
        info = os.stat(name) if os.path.isabs(name) else None
    except OSError:
        return None
    if info is None or not hasattr(os, "getuid"):
        return None
    own = info.st_uid == os.getuid() and not info.st_mode & 0o077
    return name if own and os.access(name, os.W_OK) else None
