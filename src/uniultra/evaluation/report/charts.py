"""Inline SVG: lines on a unit square with axes. Colours come from the page's style, so they follow light and
dark.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from uniultra.text import markup

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 360, 270, 44, 12, 12, 40

Points = Sequence[tuple[float, float]]
Ticks = Sequence[tuple[float, str]]
"""Where on an axis, as a share of its length, and what is written there."""

UNIT: Ticks = tuple((value / 5, f"{value / 5:.1f}") for value in range(6))


def click_chart(curves: Mapping[str, Points], most: int) -> str:
    """Dice (0 to 1) against clicks (1 to `most`), a line a name."""
    ticks = range(1, most + 1)
    lines = "".join(
        _line([((x - 1) / max(most - 1, 1), y) for x, y in points], number)
        for number, points in enumerate(curves.values())
    )
    across = [((tick - 1) / max(most - 1, 1), str(tick)) for tick in ticks]
    return frame("Dice against the number of clicks", across, "clicks", "mean Dice", lines) + legend(
        list(curves)
    )


def reliability_chart(curves: Mapping[str, Points]) -> str:
    """True against predicted IoU, a line a name, with the diagonal on which a quality is what it says."""
    diagonal = f'<line class="ideal" x1="{x_of(0)}" y1="{y_of(0)}" x2="{x_of(1)}" y2="{y_of(1)}"/>'
    lines = "".join(_line(points, number) for number, points in enumerate(curves.values()))
    across = [(value / 5, f"{value / 5:g}") for value in range(6)]
    return frame(
        "True against predicted IoU", across, "predicted IoU", "true IoU", diagonal + lines
    ) + legend(list(curves))


def level_chart(
    curves: Mapping[str, Points], levels: Sequence[str], name: str, low: float = 0.0, joined: bool = True
) -> str:
    """Shares from `low` to 1 against levels equally far apart, a line a name; points are (number of the
    level, share).

    Points of levels without an order aren't `joined`. `low` is a multiple of 0.2 below 1, which `lowest`
    finds; what lies below it is drawn on it.
    """
    last, step = max(len(levels) - 1, 1), 0.1 if low >= 0.4 else 0.2
    across = [(number / last, level) for number, level in enumerate(levels)]
    steps = round((1.0 - low) / step)
    up = [(number / steps, f"{low + number * step:.1f}") for number in range(steps + 1)]
    scaled = [[(x / last, max(y - low, 0.0) / (1.0 - low)) for x, y in points] for points in curves.values()]
    lines = "".join(_line(points, number, joined) for number, points in enumerate(scaled))
    return frame(f"Against {name}", across, name, "mean", lines, up)


def lowest(shares: Iterable[float]) -> float:
    """Where an axis may begin that shows all of them: 0, 0.2, 0.4, 0.6 or 0.8."""
    return min((min(max(math.floor(share * 5.0), 0), 4) for share in shares), default=0) / 5.0


def frame(title: str, across: Ticks, x_name: str, y_name: str, inner: str, up: Ticks = UNIT) -> str:
    """Axes around what is drawn by `x_of` and `y_of`."""
    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{markup(title)}">']
    for place, text in up:
        y = y_of(place)
        parts += [
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>',
            f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{text}</text>',
        ]
    turned = f'transform="translate(11 {y_of(0.5)}) rotate(-90)"'
    parts += [
        *(_tick(place, text) for place, text in across),
        f'<text x="{x_of(0.5)}" y="{HEIGHT - 6}" text-anchor="middle">{markup(x_name)}</text>',
        f'<text {turned} text-anchor="middle">{markup(y_name)}</text>',
    ]
    return "".join([*parts, inner, "</svg>"])


def _tick(place: float, text: str) -> str:
    """A label below the axis; a long one at its end would be cut off in the middle, so it ends there."""
    anchor = "end" if place == 1.0 and len(text) > 4 else "middle"
    return f'<text x="{x_of(place)}" y="{HEIGHT - BOTTOM + 16}" text-anchor="{anchor}">{markup(text)}</text>'


def _line(points: Points, number: int, joined: bool = True) -> str:
    path = " ".join(f"{x_of(x)},{y_of(y)}" for x, y in points)
    dots = "".join(f'<circle cx="{x_of(x)}" cy="{y_of(y)}" r="3"/>' for x, y in points)
    line = f'<polyline points="{path}"/>' if joined else ""
    return f'<g class="c{number % 8}">{line}{dots}</g>'


def legend(names: list[str]) -> str:
    """The key of the lines of one or many charts."""
    return (
        '<p class="legend">'
        + " ".join(f'<span class="c{n % 8}">●</span> {markup(name)}' for n, name in enumerate(names))
        + "</p>"
    )


def x_of(share: float) -> float:
    """Where a share of the axis across lies."""
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def y_of(share: float) -> float:
    """Where a share of the axis up lies."""
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)
