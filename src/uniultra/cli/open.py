"""`uniultra open`: the page where a person segments and measures, on this machine alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uniultra.cli.terminal.extras import need
from uniultra.cli.terminal.text import say
from uniultra.registry import DEFAULT

if TYPE_CHECKING:
    from uniultra.web.service import Service

PORT = 8018
FETCHED = "archive"
"""Of a project: images that were fetched from an archive."""
UPLOAD_MB, BODY_MB, WORK_S = 512.0, 64.0, 300.0
"""A page may send a cine, and a project of many masks; writing a long cine's results takes its time."""


def open_(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE|FOLDER",
            help="An image, DICOM or video, a folder of them, or dicomweb://, whose images are kept in the "
            "project.  [default: examples]",
        ),
    ] = None,
    project: Annotated[
        Path | None,
        typer.Option(
            help="Folder for masks, prompts and exports.  [default: uniultra-project beside the images]"
        ),
    ] = None,
    model: Annotated[str, typer.Option(help="A published model, or a model folder.")] = DEFAULT,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help=f"Port on loopback.  [default: {PORT}, or a free one]"),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the browser, or only print the address.")
    ] = True,
    static: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write the page as a static site that needs no UniUltra server, and exit."
        ),
    ] = None,
    onnxruntime: Annotated[
        Path, typer.Option(metavar="DIST", help="For --static: the folder dist of npm's onnxruntime-web.")
    ] = Path("node_modules/onnxruntime-web/dist"),
) -> None:
    """Open the workspace in the browser: segment, measure and export by hand, offline.

    Needs uniultra[web].
    """
    need("web", "fastapi", "uvicorn", "prometheus_client")
    if static is not None:
        from uniultra.web.workspace.static_build import build

        size = build(static, model, onnxruntime)
        say(f"{static}: {size / 1e6:.0f} MB; serve it with any web server: python -m http.server -d {static}")
        return
    from contextlib import ExitStack

    from uniultra.errors import ServeError
    from uniultra.machine import usable_cores
    from uniultra.web.server import serve
    from uniultra.web.settings import ServeSettings
    from uniultra.web.workspace.entry_page import entry_page
    from uniultra.web.workspace.workspace import Workspace

    workspace = Workspace.of(*_found(target, project))
    left = ExitStack()

    def ready(address: str, service: Service) -> None:
        link = f"{address}/#code={workspace.access.code}"
        say("", f"The workspace: {link}")
        print(f"Saved in {workspace.project.folder}; stop with Ctrl-C. Not a medical device.", flush=True)
        if browser:
            import webbrowser

            webbrowser.open(left.enter_context(entry_page(link)).as_uri())

    def run(number: int) -> None:
        limits = {"upload_mb": UPLOAD_MB, "body_mb": BODY_MB, "work_s": WORK_S, "queue": 64, "cache_mb": 64}
        limits["processes"] = max(1, min(2, usable_cores() - 1))  # the browser needs a core, too
        serve(ServeSettings(model=model, port=number, **limits), ready, workspace)  # type: ignore[arg-type]

    with left:
        try:
            run(PORT if port is None else port)
        except ServeError:
            if port is not None:
                raise
            run(0)


def _found(target: str | None, project: Path | None) -> tuple[Path | None, Path | None]:
    """What is opened, and where the project lies: that of an archive's images holds them, too."""
    from uniultra.cli.terminal.archives import kept_in
    from uniultra.io.dicomweb import is_web
    from uniultra.io.dimse import check_gives
    from uniultra.web.workspace.project import NAME

    if target is None:
        return None, project
    check_gives(target)
    if not is_web(target):
        return Path(target), project
    folder = project or Path.cwd() / NAME
    return kept_in(target, folder / FETCHED), folder
