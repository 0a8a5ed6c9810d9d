"""Options that several commands have, as they are typed: `--spacing`, `--override-scale`, `--label`,
`--frame`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial

from typer import Context

from uniultra.cli.terminal.text import tell
from uniultra.errors import PromptError
from uniultra.outputs.plan import DICOM_KINDS
from uniultra.pixel_scale import Calibration, PixelSize
from uniultra.structures import legal_name, unlisted_note
from uniultra.text import number_of

Rescale = Callable[[Calibration], Calibration]
LEAST_MM, MOST_MM = 0.001, 10.0
METAVAR = "MM|Y,X"
HELP = (
    "Millimetres per pixel if the file doesn't say; down,right (such as 0.3,0.32) if pixels are not square."
)
OVERRIDE = "--override-scale"
OVERRIDE_HELP = "The same, but overriding the file, for when its calibration is wrong."


def parse_scale(spacing: str | None, override: str | None) -> Rescale | None:
    """What the two options make of a file's calibration: a size where that has none, or in its place; None
    for neither. Raises PromptError for both, or what isn't one or two legal numbers.
    """
    size_mm, other_mm = parse_size(spacing, "--spacing"), parse_size(override, OVERRIDE)
    if size_mm is not None and other_mm is not None:
        raise PromptError(
            f"--spacing {spacing} and {OVERRIDE} {override} both give the pixel size; give one of them"
        )
    if other_mm is not None:
        return partial(Calibration.overridden, name=OVERRIDE, size_mm=other_mm)
    return None if size_mm is None else partial(Calibration.with_fallback, name="--spacing", size_mm=size_mm)


def parse_size(text: str | None, option: str) -> PixelSize | None:
    """Millimetres per pixel: one number, or (down, right); None for no option. Raises PromptError for
    anything else.
    """
    if text is None:
        return None
    sides = [number_of(part) for part in text.split(",")]
    if len(sides) not in (1, 2) or not all(LEAST_MM <= side <= MOST_MM for side in sides):
        raise PromptError(
            f"{option} '{text}' is not a pixel size; give millimetres from {LEAST_MM:g} to {MOST_MM:g}, or "
            "Y,X for down and right"
        )
    return sides[0] if len(sides) == 1 else (sides[0], sides[1])


def given_options(ctx: Context, but: Sequence[str]) -> list[str]:
    """The options on the command line, as they are typed, without the parameters `but`: for a call in which
    others would have no effect.
    """
    return [
        each.opts[0]
        for each in ctx.command.params
        if each.name not in (None, *but)
        and getattr(ctx.get_parameter_source(each.name), "name", "") == "COMMANDLINE"
    ]


LABEL_HELP = "Name of the structures, such as thyroid: one for all, or repeated, in their order."


def parse_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """Names as results carry them. Raises PromptError."""
    return tuple(map(legal_name, labels))


def tell_uncoded(names: Iterable[str], kinds: Collection[str]) -> None:
    """Says on stderr which names have no code of their own, where DICOM is among the `kinds` that are
    written, which alone has codes.
    """
    if any(kind in DICOM_KINDS for kind in kinds):
        notes = [unlisted_note(name) for name in dict.fromkeys(names) if name]
        tell([note for note in notes if note is not None])


def one_frame(text: str) -> int:
    """A frame's number, from 0. Raises PromptError, which names what takes several frames."""
    if text.strip().isascii() and text.strip().isdigit():
        return int(text)
    if any(sign in text.strip() for sign in "-,:") or text.strip().lower() == "all":
        raise PromptError(
            f"--frame '{text}' is not one frame; give one number from 0; `uniultra segment` takes several "
            "frames with --frames, as in --frames 1-5 or --frames all"
        )
    raise PromptError(f"--frame '{text}' is not a frame's number; give a whole number from 0")
