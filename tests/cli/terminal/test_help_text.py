"""Help says what was written, brackets included, and names only what exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from uniultra.cli.main import app
from uniultra.errors import PromptError

ROOT = Path(__file__).resolve().parents[3]
FILE = re.compile(r"[\w./-]+\.(?:md|toml|py|json)\b")


def commands() -> Iterator[tuple[str, Any]]:
    group: Any = typer.main.get_command(app)
    for name, command in group.commands.items():
        yield name, command
        yield from ((f"{name} {inner}", one) for inner, one in getattr(command, "commands", {}).items())


def words(text: str) -> str:
    """The words of a help without the lines of its table, which may break anywhere."""
    return re.sub(r"[\s│]+", "", text)


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_nothing_of_the_help_is_eaten(name: str) -> None:
    done = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "300", "TERM": "dumb"})
    assert done.exit_code == 0, done.output
    shown = words(done.output)
    command = dict(commands())[name]
    shown_params = [param for param in command.params if not getattr(param, "hidden", False)]
    for text in (command.help, *(getattr(param, "help", None) for param in shown_params)):
        assert words(text or "") in shown, text
    assert "\\[" not in done.output


def test_the_extra_of_each_command_is_in_the_overview_too() -> None:
    done = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "300", "TERM": "dumb"})
    assert "uniultra[train]" in done.output
    assert "uniultra[web]" in done.output


def test_files_that_help_names_exist() -> None:
    named = {
        file
        for _, command in commands()
        for text in (command.help, *(getattr(param, "help", None) for param in command.params))
        for file in FILE.findall(text or "")
    }
    assert "docs/segment.md" in named
    assert [file for file in sorted(named) if "/" in file and not (ROOT / file).is_file()] == []


def test_the_list_of_commands_breaks_no_line_of_its_own() -> None:
    done = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "300", "TERM": "dumb"})
    rows = [line.strip("│ ") for line in done.output.splitlines()]
    for name, command in commands():
        if " " not in name:
            first = " ".join(command.help.split("\n\n")[0].split())
            assert f"{name} {first}" in [" ".join(row.split()) for row in rows]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["segment", "a.png", "--box", "1,2,3,4", "--out", ""], "--out is empty"),
        (["track", "a.gif", "--box", "1,2,3,4", "--out="], "--out is empty"),
        (["batch", "scans", "", "--grid", "8"], "an argument is empty"),
        (["data", "import", "folder", "", "--out", "x"], "an argument is empty"),
        (["segment", "a.png", "--mask", ""], "--mask is empty"),
    ],
)
def test_an_empty_argument_is_not_the_current_folder(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, PromptError)
    assert str(done.exception) == f"{says}; give it a value, or leave it out"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (
            ["measure", "a.png", "b.png", "--volume", "ellipsoid", "--spacing", "0.1", "--spacing=0.2"],
            "--spacing",
        ),
        (["segment", "a.png", "--box", "1,2,3,4", "--frame", "1", "--frame", "2"], "--frame"),
        (["batch", "scans", "out", "--grid", "8", "--grid", "4"], "--grid"),
        (["data", "import", "folder", "raw", "--out", "x", "--out", "y"], "--out"),
        (["open", "--port", "1", "--port", "2"], "--port"),
    ],
)
def test_an_option_of_one_value_is_given_once(
    arguments: list[str], option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, PromptError)
    assert str(done.exception) == f"{option} is given 2 times; it takes one value: give it once"
    assert list(tmp_path.iterdir()) == []
