"""The plot of areas against time, drawn twice from one list of shapes: as SVG, and as a picture.

Below the curves, one strip per structure shows the frames in doubt: amber where unsure, red where lost, grey
where absent. A legend names the colours that occur.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

from uniultra.io.contact_sheet import drawable
from uniultra.io.overlay import PALETTE
from uniultra.text import markup

WIDTH, LEFT, RIGHT, TOP, PLOT, STRIP, AXIS = 720, 76, 16, 28, 260, 12, 44
LINE, GAP, SIGN = 15, 14, 7.5
"""Of the names above the plot: the height of a line, what lies between two, and the width of a character, an
upper bound for most."""
MOST_SIGNS = 64
INK, GRID = (40, 40, 46), (222, 222, 228)
DOUBT = {"unsure": (236, 164, 40), "lost": (208, 60, 60), "absent": (150, 150, 158)}
Colour = tuple[int, int, int]
XY = tuple[float, float]


@dataclass(frozen=True)
class Point:
    """One structure on one frame; `size`, an area, is None where there is no mask, `mm2` also where pixels
    have no size.
    """

    frame: int
    time_s: float | None
    size: float | None
    status: str
    mm2: float | None = None


@dataclass(frozen=True)
class Curve:
    """A structure's points in the order of frames; `marks` are frames that have a name, as end-diastole."""

    name: str
    points: tuple[Point, ...]
    marks: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Line:
    points: tuple[XY, ...]
    colour: Colour
    width: int = 1


@dataclass(frozen=True)
class _Bar:
    x0: float
    y0: float
    x1: float
    y1: float
    colour: Colour


@dataclass(frozen=True)
class _Label:
    """Text whose baseline's start, middle or end is at x, y."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    colour: Colour = INK


_Shape = _Line | _Bar | _Label


def as_svg(curves: Sequence[Curve], unit: str, timed: bool) -> str:
    """A whole SVG file."""
    height = _height(curves)
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}'
    body = "\n".join(_svg(shape) for shape in _shapes(curves, unit, timed))
    style = 'font-family="sans-serif" font-size="12"'
    return f'{head} {style}>\n<rect width="100%" height="100%" fill="#ffffff"/>\n{body}\n</svg>\n'


def as_picture(curves: Sequence[Curve], unit: str, timed: bool, scale: int = 2) -> np.ndarray:
    """The same as uint8 RGB (H, W, 3), `scale` pixels a unit of the SVG."""
    image = Image.new("RGB", (WIDTH * scale, _height(curves) * scale), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    for shape in _shapes(curves, unit, timed):
        _draw(draw, shape, scale)
    return np.array(image)


def _height(curves: Sequence[Curve]) -> int:
    return _top(curves) + PLOT + STRIP * len(curves) + AXIS


def _top(curves: Sequence[Curve]) -> int:
    """Where the plot begins, below the lines of names."""
    return TOP + LINE * max((line for _, line in _named(curves)), default=0)


def _named(curves: Sequence[Curve]) -> list[tuple[float, int]]:
    """Where each curve's name begins, and on which line, from 0."""
    places: list[tuple[float, int]] = []
    first = x = LEFT + 110.0
    line = 0
    for curve in curves:
        width = SIGN * len(_name(curve))
        if x > first and x + width > WIDTH - RIGHT:
            x, line = first, line + 1
        places.append((x, line))
        x += width + GAP
    return places


def _name(curve: Curve) -> str:
    return curve.name if len(curve.name) <= MOST_SIGNS else f"{curve.name[: MOST_SIGNS - 3]}..."


def _shapes(curves: Sequence[Curve], unit: str, timed: bool) -> list[_Shape]:
    times = [_time(point, timed) for curve in curves for point in curve.points]
    sizes = [point.size for curve in curves for point in curve.points if point.size is not None]
    first, last = min(times, default=0.0), max(times, default=1.0)
    across = _Scale(first, max(last, first + 1e-9), LEFT, WIDTH - RIGHT)
    top = _top(curves)
    up = _Scale(0.0, max(sizes, default=1.0) * 1.05, top + PLOT, top)
    bottom = top + PLOT + STRIP * len(curves)
    shapes: list[_Shape] = []
    for value in _ticks(0.0, up.high):
        shapes.append(_Line(((LEFT, up.at(value)), (WIDTH - RIGHT, up.at(value))), GRID))
        shapes.append(_Label(LEFT - 6, up.at(value) + 4, f"{value:g}", "end"))
    for value in _ticks(first, last):
        shapes.append(_Line(((across.at(value), bottom), (across.at(value), bottom + 4)), INK))
        shapes.append(_Label(across.at(value), bottom + 18, f"{value:g}", "middle"))
    shapes.append(
        _Label((LEFT + WIDTH - RIGHT) / 2, bottom + 36, "time in s" if timed else "frame", "middle")
    )
    shapes.append(_Label(LEFT, TOP - 12, f"area in {unit}"))
    shapes += _legend(curves, bottom + 36)
    for number, (curve, (x, line)) in enumerate(zip(curves, _named(curves), strict=True)):
        shapes.append(_Label(x, TOP - 12 + LINE * line, _name(curve), colour=_ink(number)))
        shapes += _curve_shapes(curve, number, across, up, timed)
    for number, curve in enumerate(curves):  # above all lines
        shapes += _marks(curve, _ink(number), across, up, timed)
    return shapes


def _legend(curves: Sequence[Curve], baseline: float) -> list[_Shape]:
    """The colours of the strips that occur, with their names, at the start of the axis's line."""
    found = {point.status for curve in curves for point in curve.points}
    shapes: list[_Shape] = []
    for number, status in enumerate(status for status in DOUBT if status in found):
        x = LEFT + 76 * number
        shapes.append(_Bar(x, baseline - 9, x + 10, baseline + 1, DOUBT[status]))
        shapes.append(_Label(x + 15, baseline, status))
    return shapes


def _curve_shapes(curve: Curve, number: int, across: _Scale, up: _Scale, timed: bool) -> list[_Shape]:
    ink = _ink(number)
    shapes: list[_Shape] = []
    piece: list[XY] = []
    half = (WIDTH - RIGHT - LEFT) / max(len(curve.points) - 1, 1) / 2
    top = up.start + STRIP * number + 2
    for point in curve.points:
        x = across.at(_time(point, timed))
        if point.status in DOUBT:
            left, right = max(x - half, LEFT), min(x + half, WIDTH - RIGHT)
            shapes.append(_Bar(left, top, max(right, left + 1), top + STRIP - 4, DOUBT[point.status]))
        if point.size is None:
            shapes += _piece(piece, ink)
            piece = []
        else:
            piece.append((x, up.at(point.size)))
    return [*shapes, *_piece(piece, ink)]


def _ink(number: int) -> Colour:
    """Of a curve and its name."""
    red, green, blue = PALETTE[number % len(PALETTE)]
    return red * 3 // 4, green * 3 // 4, blue * 3 // 4


def _marks(curve: Curve, ink: Colour, across: _Scale, up: _Scale, timed: bool) -> list[_Shape]:
    """A dot with its name at each marked frame: above it, but below the smallest."""
    there = {point.frame: point for point in curve.points if point.frame in curve.marks.values()}
    least = min((point.size or 0.0 for point in there.values()), default=0.0)
    shapes: list[_Shape] = []
    for name, frame in curve.marks.items():
        point = there[frame]
        size = point.size or 0.0
        x, y = across.at(_time(point, timed)), up.at(size)
        below = size <= least and y + 18 < up.start
        shapes.append(_Bar(x - 4, y - 4, x + 4, y + 4, ink))
        at = min(max(x, LEFT + 10), WIDTH - RIGHT - 10)
        shapes.append(_Label(at, y + 18 if below else y - 8, name, "middle"))
    return shapes


def _piece(points: Sequence[XY], ink: Colour) -> list[_Shape]:
    """A stretch without gaps: a line, or where it is one frame alone a dot."""
    if len(points) == 1:
        [(x, y)] = points
        return [_Bar(x - 1.5, y - 1.5, x + 1.5, y + 1.5, ink)]
    return [_Line(tuple(points), ink, 2)] if points else []


@dataclass(frozen=True)
class _Scale:
    """Values from `low` to `high` along an axis from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start), 1)


def _time(point: Point, timed: bool) -> float:
    return point.time_s if timed and point.time_s is not None else float(point.frame)


def _ticks(low: float, high: float) -> list[float]:
    """Four to ten round values within a range."""
    span = max(high - low, 1e-9)
    step = 10.0 ** math.floor(math.log10(span / 4))
    step *= next(factor for factor in (1, 2, 5, 10) if span / (step * factor) <= 10)
    return [
        round(value * step, 10)
        for value in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    ]


def _svg(shape: _Shape) -> str:
    colour = "#{:02x}{:02x}{:02x}".format(*shape.colour)
    if isinstance(shape, _Label):
        at = f'x="{shape.x}" y="{shape.y}" text-anchor="{shape.anchor}"'
        return f'<text {at} fill="{colour}">{markup(shape.text)}</text>'
    if isinstance(shape, _Bar):
        size = f'width="{shape.x1 - shape.x0:.1f}" height="{shape.y1 - shape.y0:.1f}"'
        return f'<rect x="{shape.x0:.1f}" y="{shape.y0:.1f}" {size} fill="{colour}"/>'
    path = " ".join(f"{x},{y}" for x, y in shape.points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{shape.width}"/>'


def _draw(draw: ImageDraw.ImageDraw, shape: _Shape, scale: int) -> None:
    if isinstance(shape, _Label):
        anchor = {"start": "ls", "middle": "ms", "end": "rs"}[shape.anchor]
        from PIL import ImageFont

        font = ImageFont.load_default(12 * scale)
        draw.text((shape.x * scale, shape.y * scale), drawable(shape.text), shape.colour, font, anchor)
    elif isinstance(shape, _Bar):
        corners = (shape.x0 * scale, shape.y0 * scale, shape.x1 * scale - 1, shape.y1 * scale - 1)
        draw.rectangle(corners, fill=shape.colour)
    else:
        points = [(x * scale, y * scale) for x, y in shape.points]
        draw.line(points, fill=shape.colour, width=shape.width * scale, joint="curve")
