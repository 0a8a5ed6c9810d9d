"""Text for terminals."""

from __future__ import annotations

import sys
from collections.abc import Iterable


def printable(text: str) -> str:
    """Text that any terminal takes: a file name's bytes that are no UTF-8 are shown as escapes."""
    return text.encode("utf-8", errors="backslashreplace").decode("utf-8")


def tell(notes: Iterable[str]) -> None:
    """Prints notes to stderr, a line each."""
    for note in notes:
        print(f"uniultra: {printable(note)}", file=sys.stderr)
