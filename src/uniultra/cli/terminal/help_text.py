"""Help as it is written: typer takes it for rich's markup, in which `uniultra[train]` and `[default: ...]`
are tags, and vanish; and it keeps the line breaks of a docstring in the list of commands.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from typer.core import TyperCommand, TyperGroup


class LiteralCommand(TyperCommand):
    """A command whose help shows its brackets."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        TyperCommand.format_help(_literal(self), ctx, formatter)


class LiteralGroup(TyperGroup):
    """A group whose help, and the lines of its commands in it, show their brackets."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        shown = _literal(self)
        shown.commands = {name: _literal(command) for name, command in self.commands.items()}
        TyperGroup.format_help(shown, ctx, formatter)


def _literal(command: Any) -> Any:
    """A copy of a command with the brackets of its help, and of its options' help, escaped."""
    shown = copy.copy(command)
    shown.help, shown.short_help = _escaped(command.help), _escaped(command.short_help)
    shown.params = [copy.copy(param) for param in command.params]
    for param in shown.params:
        param.help = _escaped(getattr(param, "help", None))
    return shown


def _escaped(text: str | None) -> str | None:
    """With its brackets escaped, and each paragraph on one line, which the terminal's width then breaks."""
    from rich.markup import escape

    return None if text is None else escape(re.sub(r"(?<=\S)\n(?=\S)", " ", text))
