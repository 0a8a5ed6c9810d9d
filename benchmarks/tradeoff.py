"""Accuracy against time as a picture, from what `views.py --out` wrote.

    python -m pip install matplotlib
    python benchmarks/tradeoff.py views.json --out docs/tradeoff.svg mini-128="128 px" \
        mini-conv="convolutional"

One point a model and view: mean Dice over organs of boxes ±10 %, against the median milliseconds from
pixels to mask on one thread. Models that are given a label are shown by it, all others by their name.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.ticker import LogLocator

COLOURS = {"focus": "#0072b2", "whole": "#d55e00"}
CLOSE = 0.001
"""Of Dice: a name is written to the left of a point that has another one within this, close on its right."""
NAMES = {"focus": "zoomed to the prompt", "whole": "whole image"}


def main() -> None:
    """Writes the picture."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("report", type=Path)
    parser.add_argument("labels", nargs="*", metavar="MODEL=LABEL")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    report = json.loads(options.report.read_text(encoding="utf-8"))
    labels = dict(text.split("=", 1) for text in options.labels)
    known = sorted({row["model"] for row in report["rows"]})
    unknown = [model for model in labels if model not in known]
    if unknown:
        print(
            f"tradeoff: '{unknown[0]}' is not in '{options.report}'; it has {', '.join(known)}",
            file=sys.stderr,
        )
        sys.exit(2)
    draw(report, labels, options.out)


def draw(report: dict[str, Any], labels: dict[str, str], out: Path) -> None:
    """The rows of a report of `views.py`, as an SVG or PNG file."""
    plt.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "tradeoff", "font.size": 10}
    figure, axes = plt.subplots(figsize=(7.5, 4.8), layout="constrained")
    for view, colour in COLOURS.items():
        rows = [row for row in report["rows"] if row["view"] == view]
        dice = [next(reversed(row["dice"].values())) for row in rows]  # the mean over organs comes last
        axes.scatter([row["ms"] for row in rows], dice, color=colour, label=NAMES[view], zorder=3)
        points = sorted(zip([row["ms"] for row in rows], dice, [row["model"] for row in rows], strict=True))
        crowded = 0
        for index, (ms, value, model) in enumerate(points):
            near = any(
                later < 1.3 * ms and abs(other - value) < CLOSE for later, other, _ in points[index + 1 :]
            )
            crowded += near
            place: dict[str, Any] = (
                {"xytext": (-6, 5 if crowded % 2 else -12), "ha": "right"} if near else {"xytext": (6, 4)}
            )
            axes.annotate(
                labels.get(model, model), (ms, value), textcoords="offset points", fontsize=9, **place
            )
    axes.set_xscale("log")
    axes.set_xlabel("ms from pixels to mask, one thread (logarithmic)")
    axes.set_ylabel(
        f"mean Dice over organs, boxes ±10 %, {report['split']}, {report['rows'][0]['objects']} objects"
    )
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.grid(color="#ddd")
    axes.margins(x=0.3, y=0.1)
    axes.legend(loc="best", frameon=False)
    figure.savefig(out, metadata={"Date": None} if out.suffix == ".svg" else None)


if __name__ == "__main__":
    main()
