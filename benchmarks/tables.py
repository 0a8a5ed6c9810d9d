"""Several reports of `uniultra evaluate --out` side by side: one row a prompt and organ, one column a report.

    python benchmarks/tables.py uniultra-mini=mini.json LiteMedSAM=litemedsam.json ellipse=ellipse.json

Reports must be of the same manifest and split. A prompt that a report doesn't have is left empty.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def main(arguments: list[str]) -> None:
    """Prints a Markdown table of mean Dice, with the 95 % interval of the first report."""
    reports = {name: json.loads(Path(path).read_text(encoding="utf-8")) for name, _, path in (a.partition("=") for a in arguments)}
    if len({(r["manifest_sha256"], r["split"]) for r in reports.values()}) != 1:
        sys.exit("the reports are of different manifests or splits; give reports of one")
    first = next(iter(reports.values()))
    print("| " + " | ".join(["prompt", "organ", "objects", *reports]) + " |")
    print("| --- | --- |" + " ---: |" * (1 + len(reports)))
    for kind, organs in first["summary"].items():
        for organ, cell in organs.items():
            values = [_dice(report, kind, organ, interval=index == 0) for index, report in enumerate(reports.values())]
            print(f"| {kind} | {organ} | {cell['objects']} | " + " | ".join(values) + " |")


def _dice(report: dict[str, Any], kind: str, organ: str, interval: bool) -> str:
    cell = report["summary"].get(kind, {}).get(organ)
    if cell is None:
        return ""
    low_high = cell["dice_interval"]
    return f"{cell['dice']:.3f}" + (f" [{low_high[0]:.3f}, {low_high[1]:.3f}]" if interval and low_high else "")


if __name__ == "__main__":
    main(sys.argv[1:])
