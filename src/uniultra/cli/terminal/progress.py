"""Bars on stderr, so that stdout holds the results alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from uniultra.cli.terminal.text import label

if TYPE_CHECKING:
    from rich.progress import Progress


def new_bar(hidden: bool = False) -> Progress:
    """A bar; nothing, not even an empty line, where stderr is no terminal.

    rich would take what is printed meanwhile to stderr as well; it may only where both are the same terminal.
    """
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    shown = console.is_terminal and not hidden
    return Progress(console=console, transient=True, disable=not shown, redirect_stdout=sys.stdout.isatty())


@contextmanager
def progress(title: str) -> Iterator[Callable[[float, float], None]]:
    """Calls of what it yields set a bar to how much is done, and of how much."""
    with new_bar() as bar:
        task = bar.add_task(label(title), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def ticks(title: str, total: int) -> Iterator[Callable[[], None]]:
    """Calls of what it yields move a bar on by one."""
    with new_bar() as bar:
        task = bar.add_task(label(title), total=total)
        yield lambda: bar.advance(task)
