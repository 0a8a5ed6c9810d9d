"""`--spacing` and `--override-scale`: the size of a pixel, as it is typed."""

from __future__ import annotations

from dataclasses import dataclass

from uniultra.errors import PromptError
from uniultra.pixel_scale import Calibration, PixelSize

LEAST_MM, MOST_MM = 0.001, 10.0
METAVAR = "MM|Y,X"
HELP = (
    "Millimetres per pixel if the file doesn't say; down,right (such as 0.3,0.32) if pixels are not square."
)
OVERRIDE = "--override-scale"
OVERRIDE_HELP = "The same, but overriding the file, for when its calibration is wrong."


@dataclass(frozen=True)
class TypedScale:
    """What a call says of the size of a pixel: `size_mm` where the file doesn't say, or in its place."""

    size_mm: PixelSize
    overrides: bool

    def applied(self, calibration: Calibration) -> Calibration:
        if self.overrides:
            return calibration.overridden(OVERRIDE, self.size_mm)
        return calibration.with_fallback("--spacing", self.size_mm)


def parse_scale(spacing: str | None, override: str | None) -> TypedScale | None:
    """The two options as one; None for neither. Raises PromptError for both, or what isn't one or two legal
    numbers.
    """
    size_mm, other_mm = parse_size(spacing, "--spacing"), parse_size(override, OVERRIDE)
    if size_mm is not None and other_mm is not None:
        raise PromptError(
            f"--spacing {spacing} and {OVERRIDE} {override} both give the pixel size; give one of them"
        )
    if size_mm is None:
        size_mm = other_mm
    return None if size_mm is None else TypedScale(size_mm, override is not None)


def parse_size(text: str | None, option: str) -> PixelSize | None:
    """Millimetres per pixel: one number, or (down, right); None for no option. Raises PromptError for
    anything else.
    """
    if text is None:
        return None
    try:
        sides = [float(part) for part in text.split(",")]
    except ValueError:
        sides = []
    if len(sides) not in (1, 2) or not all(LEAST_MM <= side <= MOST_MM for side in sides):
        legal = f"give millimetres from {LEAST_MM:g} to {MOST_MM:g}, or Y,X for down and right"
        raise PromptError(f"{option} '{text}' is not a pixel size; {legal}")
    return sides[0] if len(sides) == 1 else (sides[0], sides[1])
