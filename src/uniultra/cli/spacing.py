"""`--spacing`: the size of a pixel, as it is typed."""

from __future__ import annotations

from uniultra.errors import PromptError

LEAST_MM, MOST_MM = 0.001, 10.0
METAVAR = "MM|Y,X"
HELP = "Millimetres a pixel where the file doesn't say; down,right (as 0.3,0.32) where pixels are not square."


def parse_spacing(text: str | None) -> tuple[float, float] | None:
    """Millimetres per pixel (down, right); None for no option. Raises PromptError for what isn't one or two legal numbers."""
    if text is None:
        return None
    try:
        sides = [float(part) for part in text.split(",")]
    except ValueError:
        sides = []
    if len(sides) not in (1, 2) or not all(LEAST_MM <= side <= MOST_MM for side in sides):
        legal = f"give millimetres from {LEAST_MM:g} to {MOST_MM:g}, or two of them, down,right"
        raise PromptError(f"--spacing {text} is not a size of a pixel; {legal}")
    return sides[0], sides[-1]
