"""The `uniultra` command: one file a command, imported here, its libraries imported when it is called."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from uniultra import __version__
from uniultra.cli.adapt import adapt, merge
from uniultra.cli.batch import batch
from uniultra.cli.bench import bench
from uniultra.cli.calibrate import calibrate
from uniultra.cli.data import data
from uniultra.cli.demo import demo
from uniultra.cli.distill import distill
from uniultra.cli.evaluate import evaluate
from uniultra.cli.export import export
from uniultra.cli.info import info
from uniultra.cli.measure import measure
from uniultra.cli.models import models
from uniultra.cli.open import open_
from uniultra.cli.params import params
from uniultra.cli.segment import segment
from uniultra.cli.serve import serve
from uniultra.cli.show import show
from uniultra.cli.terminal.ending import end_in_order
from uniultra.cli.terminal.help_text import LiteralCommand, LiteralGroup
from uniultra.cli.terminal.text import complain, printable
from uniultra.cli.track import track
from uniultra.cli.train import train
from uniultra.errors import UniUltraError

HELP = """Segment anything in ultrasound from a click or a box, offline. Not a medical device."""


class _Commands(LiteralGroup):
    """Commands whose own complaints show names as `printable` does: a pattern may bring a file that is called
    like an option.
    """

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        with _printable_errors():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        with _printable_errors():
            return super().invoke(ctx)


@contextmanager
def _printable_errors() -> Iterator[None]:
    """For Typer's errors, whose classes are its own or click's, by version."""
    try:
        yield
    except Exception as error:
        if hasattr(error, "format_message") and hasattr(error, "message"):
            error.message = printable(str(error.message))
        raise


app = typer.Typer(
    cls=_Commands,
    name="uniultra",
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
COMMANDS = (
    segment,
    track,
    batch,
    measure,
    info,
    show,
    demo,
    serve,
    evaluate,
    adapt,
    merge,
    distill,
    train,
    calibrate,
    export,
    bench,
    params,
    models,
)
for command in COMMANDS:
    app.command(cls=LiteralCommand)(command)
app.command("open", cls=LiteralCommand)(open_)
app.add_typer(data)


def _show_version(requested: bool) -> None:
    if requested:
        print(f"uniultra {__version__}")
        raise typer.Exit()


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and stop."),
    ] = False,
) -> None:
    """Options of the command itself."""


def run() -> None:
    """Entry point: what a user can cause is one line on stderr and exit code 2."""
    end_in_order()
    try:
        app()
    except UniUltraError as error:
        complain(error)
        sys.exit(2)


if __name__ == "__main__":
    run()
