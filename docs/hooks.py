"""The generated part of the site: commands from the command line itself, Python from its docstrings, the
model cards as they are.

MkDocs calls the `on_` functions; the others need nothing but the package, and tests/test_site.py holds what
they write.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args, get_type_hints

import typer

import uniultra
from uniultra.cli.main import app
from uniultra.text import markdown

ROOT = Path(__file__).resolve().parents[1]
MODULES = (
    "uniultra.results",
    "uniultra.pixel_scale",
    "uniultra.geometry",
    "uniultra.measure",
    "uniultra.measure.shape",
    "uniultra.measure.volume",
    "uniultra.registry",
    "uniultra.web.client",
    "uniultra.io.masks",
    "uniultra.io.contact_sheet",
    "uniultra.io.overlay",
    "uniultra.io.video_writer",
    "uniultra.io.dicom.seg",
    "uniultra.io.dicom.sr",
    "uniultra.data.manifest",
    "uniultra.data.splits",
    "uniultra.evaluation.metrics",
    "uniultra.evaluation.report.compare",
    "uniultra.backends.open",
    "uniultra.backends.protocol",
)
"""What `reference/modules.md` shows beyond the names of `uniultra` itself."""
TAKEN_IN = {
    "reference/uniultra-mini.md": "src/uniultra/weights/uniultra-mini/CARD.md",
    "reference/uniultra-mini-permissive.md": "src/uniultra/weights/uniultra-mini-permissive/CARD.md",
    "reference/security.md": "SECURITY.md",
}
"""Pages that are files of the repository outside of docs/."""


def pages() -> dict[str, str]:
    """Every generated page: its path below docs/, and its Markdown."""
    made = {
        "reference/commands.md": commands_page(),
        "reference/python.md": python_page(),
        "reference/modules.md": modules_page(),
    }
    return made | {page: (ROOT / source).read_text(encoding="utf-8") for page, source in TAKEN_IN.items()}


def python_page() -> str:
    """A heading a public name of `uniultra`, which mkdocstrings fills."""
    head = (
        "# Python\n\nEverything that `from uniultra import ...` gives. Errors that a user can cause are "
        "children of `UniUltraError`.\n"
    )
    return "\n".join([head, *(f"::: {home(name)}\n" for name in public_names())])


def public_names() -> list[str]:
    """The names of `uniultra`, in the order of its `__all__`; the version isn't one to explain."""
    return [name for name in uniultra.__all__ if name != "__version__"]


def home(name: str) -> str:
    """The dotted name of where a public name is defined."""
    found = getattr(uniultra, name)
    return f"{found.__module__}.{found.__qualname__}"


def modules_page() -> str:
    """The modules that are used from Python beyond the first names."""
    head = (
        "# Modules\n\nWhat lies beneath, for those who build on it. It may change between minor versions.\n"
    )
    options = "    options:\n      heading_level: 2\n      show_root_full_path: true\n"
    return "\n".join([head, *(f"::: {name}\n{options}" for name in MODULES)])


def commands_page() -> str:
    """Every command with its arguments and options, as `--help` has them."""
    head = (
        "# Commands\n\nWritten from the command line itself. A mistake of the user's ends in one line and "
        "exit code 2.\n"
    )
    return "\n".join([head, *(_command(name, command) for name, command in commands())])


def commands() -> Iterator[tuple[str, Any]]:
    """Each command by its whole name, groups included."""
    return _walk("uniultra", typer.main.get_command(app))


def _walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield name, command
    for part, inner in getattr(command, "commands", {}).items():
        yield from _walk(f"{name} {part}", inner)


def _command(name: str, command: Any) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [
        p for p in command.params if p.param_type_name == "option" and p.name != "help" and not p.hidden
    ]
    usage = " ".join([name, *(_metavar(p) for p in arguments), *(["[OPTIONS]"] if options else [])])
    rows = [f"| `{_metavar(p)}` | {_help(p)} | {'required' if p.required else ''} |" for p in arguments]
    kinds = get_type_hints(inspect.unwrap(command.callback)) if command.callback else {}
    rows += [f"| {_flags(p, kinds.get(p.name))} | {_help(p)} | {_default(p)} |" for p in options]
    table = ["| option | what it does | default |", "| --- | --- | --- |", *rows, ""] if rows else []
    return "\n".join([f"## {name}", "", markdown(command.help or ""), "", f"    {usage}", "", *table])


def _metavar(param: Any) -> str:
    return str(param.metavar or param.name.upper())


def _flags(param: Any, kind: Any) -> str:
    flags = " ".join(f"`{flag}`" for flag in (*param.opts, *param.secondary_opts))
    if param.is_flag or kind is bool:
        return flags
    inner = [part for part in (kind, *get_args(kind)) if part in (Path, int, float)]
    value = {Path: "PATH", int: "N", float: "X"}.get(inner[0] if inner else str, "TEXT")
    return f"{flags} `{param.metavar or value}`"


def _help(param: Any) -> str:
    return markdown(param.help or "")


def _default(param: Any) -> str:
    if param.required:
        return "required"
    plain = param.default is None or param.is_flag or callable(param.default) or param.default in ("", [], ())
    return "" if plain else f"`{param.default}`"


def on_files(files: Any, config: Any) -> Any:
    """Adds the generated pages."""
    from mkdocs.structure.files import File

    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(text: str, page: Any, config: Any, files: Any) -> str:
    """Links to files that are taken in point at their pages; links between cards and docs stay within the
    site.
    """
    here = page.file.src_uri
    for target, source in TAKEN_IN.items():
        text = text.replace(f"](../{source})", f"]({target})")
    return re.sub(r"\]\(docs/", "](../", text) if here in TAKEN_IN else text


def on_post_build(config: Any) -> None:
    """Raises where a built page lacks what it should have, or would fetch something from elsewhere."""
    from mkdocs.exceptions import PluginError

    site = Path(config.site_dir)
    found = [*missing_names((site / "reference/python.html").read_text(encoding="utf-8"))]
    for page in sorted(site.rglob("*.html")):
        found += [
            f"{page.relative_to(site)} fetches {address}"
            for address in fetched(page.read_text(encoding="utf-8"))
        ]
    if found:
        raise PluginError("; ".join(found))


def missing_names(html: str) -> list[str]:
    """The public names that a built page has no heading of."""
    return [
        f"{name} isn't on the page of Python" for name in public_names() if f'id="{home(name)}"' not in html
    ]


class _Fetched(HTMLParser):
    """Gathers what a browser would load by itself from another host."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        loading = {
            "link": "href",
            "script": "src",
            "img": "src",
            "iframe": "src",
            "source": "src",
            "video": "src",
            "object": "data",
        }
        values = dict(attrs)
        address = values.get(loading.get(tag, "")) or ""
        if address.startswith(("http:", "https:", "//")) and values.get("rel") != "canonical":
            self.found.append(address)


def fetched(html: str) -> list[str]:
    """The addresses on other hosts that a page loads when it is opened; links to click on are none."""
    parser = _Fetched()
    parser.feed(html)
    return parser.found
