"""`uniultra show`: one frame with a ruler and a grid, from which the coordinates of prompts are read."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uniultra.cli.terminal.options import one_frame
from uniultra.cli.terminal.text import say, tell

if TYPE_CHECKING:
    from uniultra.io.input_file import InputFile

FOLDER = Path("uniultra-out")
ENDING = ".grid.png"


def show(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="An image, cine or video, DICOM included, or dicomweb://.")
    ],
    frame: Annotated[
        int | None, typer.Option(parser=one_frame, metavar="N", help="Frame of a cine or video, from 0.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="PNG", help=f"Where to write it.  [default: {FOLDER}/NAME{ENDING}]")
    ] = None,
    inline: Annotated[
        bool | None,
        typer.Option(
            "--inline/--no-inline",
            help="Show it in the terminal.  [default: where it can (kitty, iTerm2, sixel), without --out]",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing picture.")] = False,
) -> None:
    """Show a frame with rulers and a pixel grid to read coordinates from, and its regions with their mm per
    pixel.
    """
    from uniultra.cli.terminal.archives import fetched_one
    from uniultra.io.input_file import input_file
    from uniultra.io.pixel_grid import draw_grid, legend_of

    protocol = _protocol(inline, out)
    source = input_file(Path(fetched_one(file)))
    target = None if protocol and out is None else _target(source, frame, out, force)
    chosen = source.frame(frame)
    picture = draw_grid(chosen)
    if target is not None:
        from uniultra.io.output import write_png

        write_png(target, picture, force)
    if protocol is not None:
        from uniultra.cli.terminal.inline_image import encoded

        sys.stdout.write(encoded(picture, protocol))
    say(*(f"  {text}" for text, _ in legend_of(chosen)))
    tell(chosen.calibration.notes)
    if target is not None:
        say(str(target))


def _protocol(inline: bool | None, out: Path | None) -> str | None:
    """How the terminal shows pictures; None where it doesn't, or shouldn't. Raises PromptError where --inline
    can't be met.
    """
    from uniultra.cli.terminal.inline_image import protocol_of
    from uniultra.errors import PromptError

    if inline is False or (inline is None and (out is not None or not sys.stdout.isatty())):
        return None
    protocol = protocol_of(os.environ)
    if protocol is None and inline:
        raise PromptError(
            f"--inline: terminal '{os.environ.get('TERM', '')}' isn't known to show pictures; kitty, "
            "Ghostty, iTerm2, WezTerm, foot and mlterm can, outside of tmux and screen; use --out PNG"
        )
    return protocol


def _target(source: InputFile, frame: int | None, out: Path | None, force: bool) -> Path:
    """The picture's path. Raises OutputError where it can't be written, or is the file that is shown."""
    from uniultra.errors import OutputError
    from uniultra.io.output import check_free
    from uniultra.io.paths import shown

    name = source.stem if frame is None else f"{source.stem}.frame{frame}"
    path = FOLDER / f"{name}{ENDING}" if out is None else out
    if path.suffix.lower() != ".png":
        raise OutputError(f"--out {shown(path)}: the picture is written as PNG; end its name with .png")
    if path.resolve() == source.path.resolve():
        raise OutputError(
            f"{shown(path)}: the picture would replace the file that it shows; give another --out"
        )
    check_free([path], force)
    return path
