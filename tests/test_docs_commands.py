"""Every command line in the docs is one that the command line, or the script that it calls, accepts."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from uniultra.cli.main import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    *(page for page in (ROOT / "docs").rglob("*.md") if page.name != "LOG.md"),
    *(ROOT / "src").rglob("*.md"),
    *(ROOT / "examples").glob("*/README.md"),
    *(ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md")),
]
ALL: Any = typer.main.get_command(app)
RECIPES = [*(ROOT / "runs").glob("*.sh"), *(ROOT / "configs").rglob("*.toml"), ROOT / "Makefile"]


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8").replace("\\\n", " ")


def lines(pages: list[Path], start: str) -> Iterator[str]:
    """Commands on a line of their own, without what is said beside them."""
    for page in pages:
        for found in re.findall(rf"^[ \t]*({start} .+)", read(page), re.MULTILINE):
            yield re.split(r"\s#\s| {3,}(?=[^-\s])", found.strip())[0]


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words after `uniultra` name, and what is left of them."""
    command = ALL
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    return command, words


def complaint(line: str) -> str | None:
    """What the command line would say of a whole command, where words in brackets are given once."""
    once = re.sub(r"\[(-[^\]]*)\](\.{3})?", r"\1", line).replace("tight|loose", "tight")
    words = [word for word in shlex.split(once)[1:] if word != "..."]
    command, rest = command_of(words)
    if hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        return f"{line}: No such command: {rest[0]}"
    if " ..." in line and "--data" not in rest:
        rest = [*rest, "--data", "as-above.csv"]
    try:
        command.make_context(command.name, rest)
    except typer.Exit:  # of --version, for one
        pass
    except Exception as error:  # of click, or of the copy of it that Typer brings
        return (
            f"{line}: {error.format_message()}" if hasattr(error, "format_message") else f"{line}: {error!r}"
        )
    return None


def unknown_flags(line: str) -> list[str]:
    """Those of a command that is a part of a sentence, or holds a shell's variables."""
    command, rest = command_of(line.split()[1:])
    known = {flag for param in command.params for flag in (*param.opts, *param.secondary_opts)} | {"--help"}
    return [
        f"{line}: {flag}"
        for flag in re.findall(r"(?<=\s)--[a-z-]+", " ".join(["", *rest]))
        if flag not in known
    ]


def test_commands_of_the_docs_parse() -> None:
    found = list(lines(PAGES, "uniultra"))
    assert len(found) > 150
    assert [said for said in map(complaint, found) if said] == []


def test_commands_within_sentences_and_recipes_name_their_own_options() -> None:
    """Not options that only another command has."""
    inline = [one for page in PAGES for one in re.findall(r"`(uniultra [^`\n]+)`", read(page))]
    recipes = list(lines(RECIPES, r'\S*uniultra"?'))
    assert len(inline) > 60
    assert len(recipes) > 20
    assert [flag for line in (*inline, *recipes) for flag in unknown_flags(line)] == []


def test_scripts_of_the_docs_have_the_options() -> None:
    found = list(lines(PAGES, r"python \S+\.py"))
    assert len(found) > 15
    for line in found:
        script, *words = shlex.split(line)[1:]
        source = (ROOT / script).read_text(encoding="utf-8")
        for flag in (word for word in words if word.startswith("--")):
            parameter = rf"\b{flag[2:].replace('-', '_')}: "  # Typer's: the option is called as it is
            assert f'"{flag}"' in source or re.search(parameter, source), line


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("uniultra segment scan.png --boxes 1,2,3,4", "No such option"),
        ("uniultra track a.dcm b.dcm", "unexpected extra argument"),
        ("uniultra evaluate --kinds box", "--data"),
        ("uniultra data imports busi", "No such command"),
        ("uniultra segment scan.png --frame twelve", "twelve"),
    ],
)
def test_a_wrong_command_is_noticed(line: str, said: str) -> None:
    assert said in (complaint(line) or "")


def test_an_option_of_another_command_is_noticed() -> None:
    assert unknown_flags("uniultra info scan.dcm --json --frame 3") == [
        "uniultra info scan.dcm --json --frame 3: --frame"
    ]


def test_the_docs_name_every_option() -> None:
    """One that help alone names is found by nobody who reads how a thing is done."""
    pages = "\n".join(read(page) for page in PAGES)
    named = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", pages))
    missing = [
        f"{name} {flag}"
        for name, command in _commands(ALL, "uniultra")
        for parameter in command.params
        if not getattr(parameter, "hidden", False)
        for flag in (parameter.opts if parameter.param_type_name == "option" else [])[:1]
        if flag not in {"--help", "--browser"} | named
    ]
    assert missing == []


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for sub, one in command.commands.items():
            yield from _commands(one, f"{name} {sub}")
    else:
        yield name, command
