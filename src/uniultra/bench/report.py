"""bench.md and bench.svg: what people read of bench.json."""

from __future__ import annotations

import math
from typing import Any

from uniultra.bench.candidates import FIRST, RANDOM, STEPS
from uniultra.evaluation.report.charts import frame, x_of, y_of
from uniultra.evaluation.report.tables import markdown_table
from uniultra.text import markdown, markup

STYLE = "svg{background:#fff}text{font:9px sans-serif;fill:#222}.grid{stroke:#ddd}circle{fill:#1f6fb2}"
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
    low = math.floor(math.log10(min(ms for ms, _ in points.values())))
    high = max(math.ceil(math.log10(max(ms for ms, _ in points.values()))), low + 1)
    least, most = _span([dice for _, dice in points.values()])
    across = [((power - low) / (high - low), f"{10.0**power:g}") for power in range(low, high + 1)]
    steps = round((most - least) * 20)
    up = [(step / steps, f"{least + step / 20:.2f}") for step in range(steps + 1)]
    dots = "".join(
        _dot(label, (math.log10(ms) - low) / (high - low), (dice - least) / (most - least))
        for label, (ms, dice) in points.items()
    )
    name = f"file to first mask, ms, {threads} thread{'s' if threads > 1 else ''} (logarithmic)"
    title = "Accuracy against time" + (
        " (the machine was not quiet: the timings are unreliable)" if report["warnings"] else ""
    )
    head = f'<style>{STYLE}</style><text x="20" y="7" style="font-size:8px">{title}</text>'
    chart = frame(title, across, name, f"Dice, {first['kind']}, {first['split']}", head + dots, up)
    return chart.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1) + "\n"


def _span(values: list[float]) -> tuple[float, float]:
    """Multiples of 0.05 around all values, at least `LEAST_SPAN` apart."""
    low, high = math.floor(min(values) * 20) / 20, math.ceil(max(values) * 20) / 20
    return (
        (low, high)
        if high - low >= LEAST_SPAN - 1e-9
        else (max(high - LEAST_SPAN, 0.0), max(high, LEAST_SPAN))
    )


def _dot(label: str, across: float, up: float) -> str:
    """A point and its name, on the side where there is room."""
    side, anchor = (-6, "end") if across > 0.6 else (6, "start")
    x, y = x_of(across), y_of(up)
    return (
        f'<circle cx="{x}" cy="{y}" r="3"/><text x="{x + side}" y="{y - 4}" '
        f'text-anchor="{anchor}">{markup(label)}</text>'
    )


NONE = "-"


def to_markdown(report: dict[str, Any]) -> str:
    """Warnings first, then a table of times for each number of threads, a table of sizes, and how it was
    measured.
    """
    tables = [_times(report, threads) for threads in dict.fromkeys(row["threads"] for row in report["times"])]
    warnings = [f"**Warning: {markdown(text)}.**\n" for text in report["warnings"]]
    if report["quick"]:
        warnings.append("**A quick run (--quick): too few calls to quote.**\n")
    left_out = [
        f"Left out: {markdown(name)}, which {markdown(reason)}.\n"
        for name, reason in report["left_out"].items()
    ]
    return "\n".join(["# Benchmark\n", *warnings, *tables, _sizes(report), *left_out, _how(report)])


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
