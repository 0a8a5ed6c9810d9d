"""bench.md and bench.svg: what people read of bench.json."""

from __future__ import annotations

import math
from typing import Any

from uniultra.bench.candidates import FIRST, RANDOM, STEPS
from uniultra.evaluation.report.tables import markdown_table
from uniultra.text import markdown, markup

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


NONE = "-"


def to_markdown(report: dict[str, Any]) -> str:
    """Warnings first, then a table of times for each number of threads, a table of sizes, and how it was
    measured.
    """
    tables = [_times(report, threads) for threads in dict.fromkeys(row["threads"] for row in report["times"])]
    parts = ["# Benchmark\n", *_warnings(report), *tables, _sizes(report), *_left_out(report), _how(report)]
    return "\n".join(parts)


def _warnings(report: dict[str, Any]) -> list[str]:
    found = [f"**Warning: {markdown(text)}.**\n" for text in report["warnings"]]
    return [*found, "**A quick run (--quick): too few calls to quote.**\n"] if report["quick"] else found


def _times(report: dict[str, Any], threads: int) -> str:
    rows = []
    for contestant in report["contestants"]:
        own = {
            row["step"]: row
            for row in report["times"]
            if row["contestant"] == contestant["name"] and row["threads"] == threads
        }
        is_first = contestant["name"] == report["compared_to"]
        cells = [NONE if step not in own else _time(own[step], is_first) for step in STEPS]
        rows.append([contestant["name"], contestant["engine"], str(contestant["input_px"]), *cells])
    first = markdown(report["compared_to"])
    head = (
        f"Median ms at {threads} thread{'s' if threads > 1 else ''}; in brackets, how many times "
        f"{first}'s:\n\n"
    )
    return head + markdown_table(["model", "engine", "input px", *STEPS], rows, left=2)


def _time(row: dict[str, Any], is_first: bool) -> str:
    shown = f"{row['median_ms']:.1f}"
    return shown if is_first or row["ratio"] is None else f"{shown} ({row['ratio']:.1f}x)"


def _sizes(report: dict[str, Any]) -> str:
    rows = []
    for contestant in report["contestants"]:
        own = next(row for row in report["fresh"] if row["contestant"] == contestant["name"])
        accuracy = contestant["accuracy"]
        disk = f"{contestant['disk_bytes'] / 1e6:.1f}" + (" *" if contestant["weights"] == RANDOM else "")
        sizes = [disk, _whole(own["cold_ms"]), _whole(own["peak_mb"])]
        rows.append([contestant["name"], *sizes, NONE if accuracy is None else f"{accuracy['dice']:.3f}"])
    reported = next((each["accuracy"] for each in report["contestants"] if each["accuracy"]), None)
    name = "Dice" if reported is None else f"Dice ({reported['kind']}, {reported['split']})"
    table = markdown_table(["model", "disk MB", "cold start ms", "peak memory MB", name], rows, left=1)
    return (
        f"{table}\n\\* random weights, as large as fp32 would be: their times don't depend on the values.\n"
    )


def _whole(value: float | None) -> str:
    return NONE if value is None else f"{value:.0f}"


def _left_out(report: dict[str, Any]) -> list[str]:
    return [
        f"Left out: {markdown(name)}, which {markdown(reason)}.\n"
        for name, reason in report["left_out"].items()
    ]


def _how(report: dict[str, Any]) -> str:
    machine, settings = report["machine"], report["settings"]
    x0, y0, x1, y1 = settings["box_xyxy"]
    libraries = ", ".join(
        f"{name} {machine[name]}" for name in ("onnxruntime", "torch", "transformers") if machine[name]
    )
    return (
        f"Measured on {machine['processor']}, {machine['cores']} cores, {machine['system']}, Python "
        f"{machine['python']}, {libraries}. "
        f"{markdown(settings['image'])} with the box {x0:g},{y0:g},{x1:g},{y1:g}; "
        f"{settings['rounds']} rounds through all models and steps in turn, "
        "after one that isn't counted; ratios are medians over rounds. Encoder and decoder are the "
        "networks alone; the file to the first "
        "mask is reading, encoding, decoding and scaling up (a click alone takes several passes); a further "
        "click decodes on what is "
        "encoded. A cold start is a fresh `uniultra segment`, on all cores (median of "
        f"{settings['fresh_processes']}).\n"
    )
