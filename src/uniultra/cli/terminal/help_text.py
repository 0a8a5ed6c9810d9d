"""Help as it is written: typer takes it for rich's markup, in which `uniultra[train]` and `[default: ...]`
are tags, and vanish; and it keeps the line breaks of a docstring in the list of commands. And an empty
argument, as of a variable of the shell that isn't set, is refused: as a path it is the current folder.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from typing import Any

from typer.core import TyperCommand, TyperGroup

from uniultra.errors import PromptError


class LiteralCommand(TyperCommand):
    """A command whose help shows its brackets, and which takes no empty argument, and an option of one value
    once.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        for before, argument in zip(["", *args], args, strict=False):
            option = before if argument == "" else argument.removesuffix("=")
            if argument and (option == argument or not argument.startswith("--")):
                continue
            named = f"{option} is" if option.startswith("--") else "an argument is"
            raise PromptError(f"{named} empty; give it a value, or leave it out")
        given = list(args)
        rest = super().parse_args(ctx, args)
        self._check_once(ctx, given)
        return rest

    def _check_once(self, ctx: Any, args: list[str]) -> None:
        """Raises PromptError for an option of one value that was given several: the last would count, in
        silence.
        """
        _, _, order = self.make_parser(ctx).parse_args(args=args)
        for param, count in Counter(order).items():
            free = getattr(param, "multiple", False) or getattr(param, "is_flag", False)
            if count > 1 and param.param_type_name == "option" and not free:
                raise PromptError(f"{param.opts[0]} is given {count} times; it takes one value: give it once")

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
