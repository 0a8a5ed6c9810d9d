"""Stamps of files: by which a page notices that one was written anew."""

from __future__ import annotations

from pathlib import Path


def stamp_of(path: Path) -> tuple[int, int]:
    """By which a file that was written anew is noticed; (0, 0) where there is none, which opening it will
    say.
    """
    try:
        info = path.stat()
    except OSError:
        return 0, 0
    return info.st_mtime_ns, info.st_size


def stamp_text(stamp: tuple[int, int]) -> str:
    """A stamp as a page has it."""
    return "-".join(map(str, stamp))
