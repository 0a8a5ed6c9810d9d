"""bench.svg: accuracy against the time to the first mask, drawn in plain SVG that any browser shows."""

from __future__ import annotations

import math
from typing import Any

from uniultra.bench.candidates import FIRST
from uniultra.text import markup

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 420, 64, 24, 40, 56
STYLE = "text{font:13px sans-serif;fill:#222}.grid{stroke:#ddd}.axis{stroke:#222}circle{fill:#1f6fb2}"
LEAST_SPAN = 0.1
"""Of the axis of Dice, so that a small difference doesn't look like a large one."""


def to_svg(report: dict[str, Any]) -> str | None:
    """A point for each contestant with an accuracy, at the first number of threads; None where there is
    none.
    """
    threads = report["times"][0]["threads"]
    took = {
        row["contestant"]: row["median_ms"]
        for row in report["times"]
        if row["step"] == FIRST and row["threads"] == threads
    }
    reported = {
        each["name"]: each["accuracy"]
        for each in report["contestants"]
        if each["accuracy"] and each["name"] in took
    }
    if not reported:
        return None
    points = {name: (took[name], accuracy["dice"]) for name, accuracy in reported.items()}
    first = next(iter(reported.values()))
    across = _decades([ms for ms, _ in points.values()])
    low, high = _span([dice for _, dice in points.values()])
    name = f"file to first mask, ms, {threads} thread{'s' if threads > 1 else ''} (logarithmic)"
    axes = _x_axis(across, name) + _y_axis(low, high, f"Dice, {first['kind']}, {first['split']}")
    dots = "".join(_dot(label, _x(ms, across), _y(dice, low, high)) for label, (ms, dice) in points.items())
    title = "Accuracy against time" + (
        " (the machine was not quiet: the timings are unreliable)" if report["warnings"] else ""
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{title}"><style>{STYLE}</style>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/><text x="{LEFT}" '
        f'y="24">{title}</text>{axes}{dots}</svg>\n'
    )


def _decades(values: list[float]) -> tuple[int, int]:
    """The powers of ten around all values, at least one apart."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _span(values: list[float]) -> tuple[float, float]:
    """Multiples of 0.05 around all values, at least `LEAST_SPAN` apart."""
    low, high = math.floor(min(values) * 20) / 20, math.ceil(max(values) * 20) / 20
    return (
        (low, high)
        if high - low >= LEAST_SPAN - 1e-9
        else (max(high - LEAST_SPAN, 0.0), max(high, LEAST_SPAN))
    )


def _x_axis(decades: tuple[int, int], name: str) -> str:
    y = HEIGHT - BOTTOM
    parts = [f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>']
    for power in range(decades[0], decades[1] + 1):
        x = _x(10.0**power, decades)
        parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{TOP}" y2="{y}"/>')
        parts.append(f'<text x="{x}" y="{y + 18}" text-anchor="middle">{10.0**power:g}</text>')
    return "".join(
        [
            *parts,
            f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}" '
            f'text-anchor="middle">{markup(name)}</text>',
        ]
    )


def _y_axis(low: float, high: float, name: str) -> str:
    parts = []
    for number in range(round((high - low) * 20) + 1):
        value = low + number / 20
        y = _y(value, low, high)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{value:.2f}</text>')
    return "".join(
        [
            *parts,
            f'<text transform="translate(18 {HEIGHT / 2}) rotate(-90)" '
            f'text-anchor="middle">{markup(name)}</text>',
        ]
    )


def _dot(label: str, x: float, y: float) -> str:
    """A point and its name, on the side where there is room."""
    side, anchor = (-9, "end") if x > WIDTH * 0.7 else (9, "start")
    return (
        f'<circle cx="{x}" cy="{y}" r="5"/><text x="{x + side}" y="{y - 7}" '
        f'text-anchor="{anchor}">{markup(label)}</text>'
    )


def _x(value: float, decades: tuple[int, int]) -> float:
    share = (math.log10(value) - decades[0]) / (decades[1] - decades[0])
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _y(value: float, low: float, high: float) -> float:
    return round(HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)
