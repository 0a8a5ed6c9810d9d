"""Text for terminals."""

from __future__ import annotations


def printable(text: str) -> str:
    """Text that any terminal takes: a file name's bytes that are no UTF-8 are shown as escapes."""
    return text.encode("utf-8", errors="backslashreplace").decode("utf-8")
