"""bench.md: what people read of bench.json."""

from __future__ import annotations

from typing import Any

from uniultra.bench.candidates import RANDOM, STEPS
from uniultra.evaluation.report.run_report import markdown_table
from uniultra.text import markdown

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
