"""Text for terminals: nothing that a file, a name in it or a model brings may do more there than be read."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from uniultra.errors import UniUltraError
from uniultra.text import printable, printable_lines

__all__ = ["complain", "label", "list_problems", "printable", "printable_lines", "say", "tell"]


def say(*lines: str) -> None:
    """Prints to stdout, a line each."""
    for line in lines:
        print(printable(line))


def tell(notes: Iterable[str]) -> None:
    """Prints notes to stderr, a line each."""
    for note in notes:
        print(f"uniultra: {printable(note)}", file=sys.stderr)


def list_problems(problems: Iterable[object]) -> None:
    """Prints problems to stderr, a line each."""
    for problem in problems:
        print(printable(str(problem)), file=sys.stderr)


def complain(error: UniUltraError) -> None:
    """Prints an error to stderr: one line, and an indented one for each entry of a list."""
    print("uniultra: " + "\n  ".join(printable(part) for part in str(error).split("\n  ")), file=sys.stderr)


def label(text: str) -> str:
    """Text for a bar, in which rich looks for markup."""
    from rich.markup import escape

    return escape(printable(text))
