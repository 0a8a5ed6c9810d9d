"""`--spacing`: the size of a pixel, as it is typed."""

from __future__ import annotations

from dataclasses import dataclass

from uniultra.calibration import Calibration
from uniultra.errors import PromptError

LEAST_MM, MOST_MM = 0.001, 10.0
METAVAR = "MM|Y,X"
HELP = "Millimetres a pixel where the file doesn't say; down,right (as 0.3,0.32) where pixels are not square."


OVERRIDE = "--override-scale"
OVERRIDE_HELP = "The same, in place of what the file says, where its calibration is wrong."


@dataclass(frozen=True)
class TypedScale:
    """What a call says of the size of a pixel (down, right): `mm_yx` where the file doesn't say, or in its place."""

    mm_yx: tuple[float, float]
    overrides: bool

    def applied(self, calibration: Calibration) -> Calibration:
        if self.overrides:
            return calibration.overridden(OVERRIDE, self.mm_yx)
        return calibration.with_fallback("--spacing", self.mm_yx)


def parse_scale(spacing: str | None, override: str | None) -> TypedScale | None:
    """The two options as one; None for neither. Raises PromptError for both, or what isn't one or two legal numbers."""
    if spacing is not None and override is not None:
        raise PromptError(f"--spacing {spacing} and {OVERRIDE} {override} are two sizes of a pixel; give one of them")
    mm_yx = parse_spacing(spacing) or parse_spacing(override, OVERRIDE)
    return None if mm_yx is None else TypedScale(mm_yx, override is not None)


def parse_spacing(text: str | None, option: str = "--spacing") -> tuple[float, float] | None:
    """Millimetres per pixel (down, right); None for no option. Raises PromptError for what isn't one or two legal numbers."""
    if text is None:
        return None
    try:
        sides = [float(part) for part in text.split(",")]
    except ValueError:
        sides = []
    if len(sides) not in (1, 2) or not all(LEAST_MM <= side <= MOST_MM for side in sides):
        legal = f"give millimetres from {LEAST_MM:g} to {MOST_MM:g}, or two of them, down,right"
        raise PromptError(f"{option} {text} is not a size of a pixel; {legal}")
    return sides[0], sides[-1]
