"""The site's generated pages: no public name, command or flag may be missing, and no page fetches from
elsewhere.
"""

from __future__ import annotations

import csv
import importlib.util
import pydoc
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
import typer

import uniultra
from uniultra import errors
from uniultra.cli.main import app

ROOT = Path(__file__).resolve().parents[1]


def load_hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("site_hooks", ROOT / "docs" / "hooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hooks = load_hooks()


def test_every_command_and_flag_is_on_the_page_of_commands() -> None:
    sections = {part.split("\n", 1)[0]: part for part in hooks.commands_page().split("\n## ")[1:]}
    group = typer.main.get_command(app)
    inner = {
        f"uniultra {outer} {name}": c
        for outer, g in group.commands.items()
        for name, c in getattr(g, "commands", {}).items()
    }
    commands = (
        {"uniultra": group}
        | {f"uniultra {name}": command for name, command in group.commands.items()}
        | inner
    )
    assert set(sections) == set(commands)
    assert len(inner) >= 3
    flags = 0
    for name, command in commands.items():
        for param in command.params:
            shown = param.param_type_name == "option" and not param.hidden
            for flag in (*param.opts, *param.secondary_opts) if shown else ():
                flags += flag != "--help"
                assert flag == "--help" or f"`{flag}`" in sections[name], f"{name} {flag}"
    assert flags > 100


def test_every_command_option_and_argument_has_help_that_is_a_sentence() -> None:
    """One ends with a full stop, or with its default or range in brackets."""
    for name, command in hooks.commands():
        texts = [command.help, *(param.help for param in command.params)]
        assert all(re.search(r"[.)\]]\s*$", text or "") for text in texts), (name, texts)


@pytest.mark.parametrize(
    "shown",
    [
        "`--frame`",
        "`--spacing` `MM|Y,X`",
        "`--model` `TEXT` | A published model, or a model folder. | `uniultra-mini`",
    ],
)
def test_a_command_shows_flags_values_and_defaults(shown: str) -> None:
    section = hooks.commands_page().split("\n## uniultra segment\n")[1].split("\n## ")[0]
    assert shown in section


def test_every_public_name_is_on_the_page_of_python() -> None:
    page = hooks.python_page()
    homes = [line.removeprefix("::: ") for line in page.splitlines() if line.startswith("::: ")]
    assert [home.rpartition(".")[2] for home in homes] == [
        name for name in uniultra.__all__ if name != "__version__"
    ]
    assert len(homes) >= 16


def test_a_name_that_a_built_page_lacks_is_seen() -> None:
    whole = "".join(f'<h3 id="{hooks.home(name)}">' for name in hooks.public_names())
    assert hooks.missing_names(whole) == []
    assert hooks.missing_names(whole.replace("uniultra.types.Mask", "x")) == [
        "Mask isn't on the page of Python"
    ]


@pytest.mark.parametrize(
    ("html", "found"),
    [
        (
            '<a href="https://example.org">x</a><img src="a.png"><link rel="canonical" '
            'href="https://example.org/">',
            [],
        ),
        ('<script src="https://cdn.example.org/x.js"></script>', ["https://cdn.example.org/x.js"]),
        ('<link rel="stylesheet" href="//fonts.example.org/css">', ["//fonts.example.org/css"]),
        ('<img src="http://example.org/badge.svg">', ["http://example.org/badge.svg"]),
    ],
)
def test_what_a_page_would_fetch_is_seen(html: str, found: list[str]) -> None:
    assert hooks.fetched(html) == found


def test_modules_of_the_reference_exist() -> None:
    for name in hooks.MODULES:
        assert importlib.util.find_spec(name) is not None, name


def test_the_site_is_built_strictly(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="needs uniultra[docs]; `make docs` builds it")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 'id="uniultra.errors.PromptError"' in (tmp_path / "reference" / "python.html").read_text(
        encoding="utf-8"
    )


def test_error_classes_are_exported() -> None:
    classes = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    assert classes <= set(uniultra.__all__)
    assert all(getattr(uniultra, name) is getattr(errors, name) for name in classes)


def test_help_shows_the_public_names() -> None:
    text = pydoc.plain(pydoc.render_doc(uniultra))
    for name in hooks.public_names():
        assert re.search(rf"\b{name}\(", text), name
    assert set(uniultra.__all__) <= set(dir(uniultra))


def test_docs_name_only_options_that_exist() -> None:
    known = {
        flag
        for _, command in hooks.commands()
        for param in command.params
        for flag in (*param.opts, *param.secondary_opts)
    }
    pages = [*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "tutorials").glob("*.md"), ROOT / "README.md"]
    lines = [
        line
        for page in pages
        if page.name != "LOG.md"
        for line in page.read_text(encoding="utf-8").splitlines()
    ]
    named = [
        (flag, line)
        for line in lines
        if re.match(r"\s+uniultra ", line)
        for flag in re.findall(r"(?<!\S)(--[a-z][a-z0-9-]+)", line)
    ]
    assert len(named) > 50
    assert not [line for flag, line in named if flag not in known]


def test_the_citations_are_of_the_splits_table() -> None:
    page = (ROOT / "docs" / "citing.md").read_text(encoding="utf-8")
    with (ROOT / "src/uniultra/data/published/uniultra.csv").open(encoding="utf-8", newline="") as file:
        counts = Counter((row["dataset"], row["split"]) for row in csv.DictReader(file))
    for name in {dataset for dataset, _ in counts}:
        [line] = [line for line in page.splitlines() if line.startswith(f"| {name} |")]
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        learnt = " / ".join(str(counts[name, split]) for split in ("train", "val", "test"))
        assert cells[2:4] == (
            ["", str(counts[name, "external"])] if counts[name, "external"] else [learnt, ""]
        )
        assert re.search(rf"@\w+\{{{re.sub(r'[^a-z0-9]', '', cells[5].split(']')[0])},", page), cells[5]


def test_the_tests_are_installed_alike_with_and_without_make() -> None:
    """An extra that only `make test` knows would leave its tests failing for who types README's lines."""
    root = Path(__file__).parents[1]
    [extras] = re.findall(r"^EXTRAS := (\S+)$", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for name in ("README.md", "CONTRIBUTING.md"):
        found = re.findall(r"pip install -e ['\"]\.\[(\S+)\]['\"]", (root / name).read_text(encoding="utf-8"))
        assert found == [extras], name


def test_the_site_has_the_icon_of_the_page() -> None:
    page = ROOT / "src" / "uniultra" / "web" / "static" / "icon.svg"
    assert (ROOT / "docs" / "icon.svg").read_bytes() == page.read_bytes()
