"""Several reports of `uniultra evaluate --out` side by side: one row per prompt and organ, one column a
report.

    python benchmarks/tables.py uniultra-mini=mini.json LiteMedSAM=litemedsam.json ellipse=ellipse.json

Reports, or the folders that they lie in, must be of the same manifest, split, limit, draws, seeds and
skipped rows, and of masks that weren't corrected in between; a line on stderr says so where one alone has
prompts with names. A prompt that a report doesn't have is left empty.

`--metric nsd` (or skill, iou, hd95_px, hd95_mm, ece, clicks, failures) shows another column of the reports
than Dice. `--differences` shows by how many points of Dice the first is above each other one on the same
prompts, with the paired 95 % interval. `--overview` shows a row per organ: boxes ±10 % and exact boxes of all
reports, then the first one's clicks. `--rows` shows a row a report: boxes by 10 % an organ, the means, and by
how many points each is above the first. `--wide` shows a row an organ and a column a kind of prompt: the
first one's Dice, and by how many points it is above the second. `--beside` shows the first one's Dice with
its interval, and the second's in a column of its own. `--said` shows one report: the Dice with boxes of which
the model is told how they fit, and by how many points that is above the same boxes untold. `--named` shows a
row a structure: the first report, of prompts with names (`uniultra evaluate --named`), and by how many points
it is above the second, of the same prompts without.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from uniultra.evaluation.records import record_from, report_file
from uniultra.evaluation.report.compare import Difference, changed_images, compare
from uniultra.evaluation.settings import KINDS
from uniultra.evaluation.summary import ALL_ORGANS

Report = dict[str, Any]
SAME = ("manifest_sha256", "split", "limit", "drawn", "draws", "seeds", "skipped")

OPTIONAL = {"drawn", "seeds", "skipped"}
"""What a report without any may leave out."""


class RefusedError(Exception):
    """One line for the user."""


def main(arguments: list[str]) -> None:
    """Prints a Markdown table of mean Dice, with the 95 % interval of the first report, or of another metric.
    Raises RefusedError.
    """
    metric, shape = "dice", arguments[0] if arguments and arguments[0] in SHAPES else ""
    if shape:
        arguments = arguments[1:]
    elif arguments[:1] == ["--metric"]:
        metric, arguments = "".join(arguments[1:2]), arguments[2:]
    reports = {
        name: _read(name, path) for name, _, path in (argument.partition("=") for argument in arguments)
    }
    if not reports or len(reports) < len(arguments):
        raise RefusedError("give reports as name=file.json, each name once")
    first = next(iter(reports.values()))
    for name, report in reports.items():
        _check_same(next(iter(reports)), first, name, report)
    if len({bool(report.get("named")) for report in reports.values()}) > 1 and shape != "--named":
        told = ", ".join(f"'{name}'" for name, report in reports.items() if report.get("named"))
        print(f"tables: the prompts of {told} alone say what the objects are called", file=sys.stderr)
    if shape:
        SHAPES[shape](reports)
        return
    known = {key for cells in first["summary"].values() for cell in cells.values() for key in cell}
    if metric not in known:
        raise RefusedError(f"metric '{metric}' is unknown; use one of {', '.join(sorted(known))}")
    print("| " + " | ".join(["prompt", "organ", "objects", *reports]) + " |")
    print("| --- | --- |" + " ---: |" * (1 + len(reports)))
    for kind, organs in first["summary"].items():
        for organ, cell in organs.items():
            values = [
                _value(report, kind, organ, metric, interval=index == 0)
                for index, report in enumerate(reports.values())
            ]
            print(f"| {kind} | {organ} | {cell['objects']} | " + " | ".join(values) + " |")


def _print_differences(reports: dict[str, Report]) -> None:
    (first, ours), *others = reports.items()
    if not others:
        raise RefusedError("--differences compares with others; give two reports or more")
    records = {
        name: [record_from(values) for values in report["records"]] for name, report in reports.items()
    }
    compared = {name: compare(records[first], records[name]) for name, _ in others}
    print(
        "| "
        + " | ".join(["prompt", "organ", "objects", first, *(f"above {name}" for name in compared)])
        + " |"
    )
    print("| --- | --- |" + " ---: |" * (2 + len(compared)))
    for kind, organs in ours["summary"].items():
        for organ, cell in organs.items():
            points = [_points(comparison.get(kind, {}).get(organ)) for comparison in compared.values()]
            print(
                f"| {kind} | {organ} | {cell['objects']} | {cell['dice']:.3f} | " + " | ".join(points) + " |"
            )


def _print_overview(reports: dict[str, Report]) -> None:
    names, (ours, *_) = list(reports), reports.values()
    clicks = [kind for kind in ("click1", "click3", "click5") if kind in ours["summary"]]
    if "box10" not in ours["summary"]:
        raise RefusedError(f"'{names[0]}' has no boxes ±10 %; evaluate it with --kinds box10 or more")
    print(
        "| "
        + " | ".join(
            [
                "organ",
                "objects",
                f"box ±10 %: {names[0]}",
                *names[1:],
                f"exact box: {names[0]}",
                *names[1:],
                *clicks,
            ]
        )
        + " |"
    )
    print("| --- |" + " ---: |" * (1 + 2 * len(names) + len(clicks)))
    for organ, cell in ours["summary"]["box10"].items():
        values = [
            _value(report, "box10", organ, "dice", interval=index == 0)
            for index, report in enumerate(reports.values())
        ]
        values += [_value(report, "box", organ, "dice", interval=False) for report in reports.values()]
        values += [_value(ours, kind, organ, "dice", interval=False) for kind in clicks]
        print(f"| {organ} | {cell['objects']} | " + " | ".join(values) + " |")


def _print_rows(reports: dict[str, Report]) -> None:
    records = {
        name: [record_from(values) for values in report["records"]] for name, report in reports.items()
    }
    (first, ours), *_ = reports.items()
    kinds = [kind for kind in ("box10", "click1") if kind in ours["summary"]]
    if "box10" not in kinds:
        raise RefusedError(f"'{first}' has no boxes ±10 %; evaluate it with --kinds box10 or more")
    organs = list(ours["summary"]["box10"])
    headings = [
        *organs,
        "skill",
        *(f"{kind}, points above {first}" for kind in kinds),
        *(f"{kind}, mean" for kind in kinds[1:]),
    ]
    print("| | " + " | ".join(headings) + " |")
    print("| --- |" + " ---: |" * len(headings))
    for name, report in reports.items():
        cells = [_value(report, "box10", organ, "dice", interval=False) for organ in organs]
        cells += [_value(report, "box10", organs[-1], "skill", interval=False)]
        compared = None if name == first else compare(records[name], records[first])
        cells += [
            "" if compared is None else _points(compared.get(kind, {}).get(organs[-1])) for kind in kinds
        ]
        cells += [_value(report, kind, organs[-1], "dice", interval=False) for kind in kinds[1:]]
        print(f"| {name} | " + " | ".join(cells) + " |")


NAMES = {
    "box": "exact box",
    "box4": "box ±4 %",
    "box10": "box ±10 %",
    "loose15": "15 % too wide",
    "loose30": "30 % too wide",
    "tight10": "10 % too narrow",
    "box10then1": "box ±10 %, then one click",
    "box10then3": "then three",
    "loose30then1": "30 % too wide, then one click",
    "sam2box": "SAM 2's box",
    "click1": "one click, in the middle",
    "uclick1": "anywhere",
    "click3": "three",
    "click5": "five",
    "click3atonce": "three given at once",
    "click5atonce": "five at once",
    "box10with1": "box ±10 % and one click at once",
    "box10with3": "and three at once",
}
"""What a column says of a kind of prompt; in this order. Others come after these, by their own names."""


def _kinds(report: Report) -> list[str]:
    own = list(report["summary"])
    return [kind for kind in NAMES if kind in own] + [kind for kind in own if kind not in NAMES]


def _print_wide(reports: dict[str, Report]) -> None:
    (_, ours), (other, theirs) = _two(reports, "--wide")
    compared = compare(*([record_from(values) for values in each["records"]] for each in (ours, theirs)))
    kinds = _kinds(ours)
    headings = [f"{NAMES.get(kind, kind)}: Dice, points above {other}" for kind in kinds]
    print("| organ | objects | " + " | ".join(headings) + " |\n| --- | ---: |" + " ---: |" * len(kinds))
    for organ, cell in ours["summary"][kinds[0]].items():
        values = []
        for kind in kinds:
            points = _points(compared.get(kind, {}).get(organ))
            values.append(f"{ours['summary'][kind][organ]['dice']:.3f}" + (f": {points}" if points else ""))
        print(f"| {organ} | {cell['objects']} | " + " | ".join(values) + " |")


def _print_beside(reports: dict[str, Report]) -> None:
    (_, ours), (other, theirs) = _two(reports, "--beside")
    kinds = _kinds(ours)
    both = [kind for kind in kinds if kind in theirs["summary"]]
    headings = [NAMES.get(kind, kind) + (f" | {other}" if kind in both else "") for kind in kinds]
    columns = len(kinds) + len(both)
    print("| organ | objects | " + " | ".join(headings) + " |\n| --- | ---: |" + " ---: |" * columns)
    for organ, cell in ours["summary"][kinds[0]].items():
        values = []
        for kind in kinds:
            mean, *interval = _value(ours, kind, organ, "dice", interval=True).split(" ", 1)
            values.append(" ".join([f"**{mean}**", *interval]))
            if kind in both:
                values.append(_value(theirs, kind, organ, "dice", interval=False))
        print(f"| {organ} | {cell['objects']} | " + " | ".join(values) + " |")


def _print_said(reports: dict[str, Report]) -> None:
    if len(reports) != 1:
        raise RefusedError(f"--said takes one report, {len(reports)} given; give name=file.json once")
    [(name, ours)] = reports.items()
    told = [kind for kind in KINDS.values() if kind.fit and {kind.name, kind.boxes} <= ours["summary"].keys()]
    if not told:
        raise RefusedError(f"'{name}' was told of no boxes; evaluate it with --kinds box,saidtight or more")
    records = [record_from(values) for values in ours["records"]]
    headings = [f"{NAMES[kind.boxes]}, said to be {kind.fit}: Dice, points above untold" for kind in told]
    print("| organ | objects | " + " | ".join(headings) + " |\n| --- | ---: |" + " ---: |" * len(told))
    compared = []
    for kind in told:
        untold = [replace(record, kind=kind.name) for record in records if record.kind == kind.boxes]
        compared.append(
            compare([record for record in records if record.kind == kind.name], untold)[kind.name]
        )
    for organ, cell in ours["summary"][told[0].name].items():
        cells = (each[organ] for each in compared)
        values = [f"{difference.dice:.3f}: {_points(difference)}" for difference in cells]
        print(f"| {organ} | {cell['objects']} | " + " | ".join(values) + " |")


def _print_named(reports: dict[str, Report]) -> None:
    (name, told), (_, untold) = _two(reports, "--named")
    if not told.get("named") or untold.get("named"):
        raise RefusedError(f"'{name}' is to have names and the other report none: uniultra evaluate --named")
    by_structure = [
        [replace(one, organ=one.structure) for one in map(record_from, each["records"]) if one.structure]
        for each in (told, untold)
    ]
    compared = compare(*by_structure)
    kinds = [kind for kind in KINDS.values() if kind.name in compared]
    kinds.sort(key=lambda kind: (kind.clicks, kind.anywhere, bool(kind.fit)))  # boxes first
    drawn = [NAMES.get(kind.name) or NAMES.get(kind.boxes, kind.name) for kind in kinds]
    headings = [
        f"{name}{f', said to be {kind.fit}' if kind.fit else ''}"
        for name, kind in zip(drawn, kinds, strict=True)
    ]
    print("| structure | objects | " + " | ".join(headings) + " |\n| --- | ---: |" + " ---: |" * len(kinds))
    for structure, first in compared[kinds[0].name].items():
        cells = (compared[kind.name][structure] for kind in kinds)
        values = [f"{each.dice:.3f}: {_points(each)}" for each in cells]
        called = "mean over structures" if structure == ALL_ORGANS else structure
        print(f"| {called} | {first.objects} | " + " | ".join(values) + " |")


def _two(reports: dict[str, Report], shape: str) -> list[tuple[str, Report]]:
    if len(reports) != 2:
        raise RefusedError(f"{shape} takes two reports, {len(reports)} given; give name=file.json twice")
    return list(reports.items())


def _points(difference: Difference | None) -> str:
    """Points of Dice with their interval; bold where it lies on one side of 0."""
    if difference is None:
        return ""
    text = f"{round(100 * difference.difference, 1) + 0.0:+.1f}"  # + 0.0: no minus before nothing
    if difference.interval is None:
        return text
    low, high = difference.interval
    return f"{f'**{text}**' if low > 0 or high < 0 else text} [{100 * low:+.1f}, {100 * high:+.1f}]"


def _read(name: str, path: str) -> Report:
    try:
        report = json.loads(report_file(Path(path)).read_text(encoding="utf-8"))
        if not isinstance(report, dict) or not {*SAME, "summary"} - OPTIONAL <= report.keys():
            raise ValueError("keys are missing")
        return report
    except (OSError, ValueError) as error:
        raise RefusedError(
            f"'{name}={path}' is not a report of `uniultra evaluate --out` ({error}); give name=file.json"
        ) from error


def _check_same(first_name: str, first: Report, name: str, report: Report) -> None:
    for key in SAME:
        one, other = _compared(first, key), _compared(report, key)
        if one != other:
            raise RefusedError(
                f"'{first_name}' has {key} {_shown(one)}, '{name}' has {_shown(other)}; give reports that "
                "agree in it"
            )
    pair = ([record_from(values) for values in each.get("records", [])] for each in (first, report))
    changed = changed_images(*pair)
    if changed:
        raise RefusedError(
            f"'{first_name}' and '{name}' have other masks on {len(changed)} images, corrected in between; "
            "evaluate the earlier one again"
        )


def _compared(report: Report, key: str) -> Any:
    """What must be equal; of skipped rows, which they are. Reports before schema version 3 skipped none."""
    if key == "skipped":
        return [f"{each['dataset']}/{each['id']}" for each in report.get(key, [])]
    if key == "drawn":
        return report.get(key, False)
    return report.get(key, []) if key == "seeds" else report[key]


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:40] + "..."


def _value(report: Report, kind: str, organ: str, metric: str, interval: bool) -> str:
    value = report["summary"].get(kind, {}).get(organ, {}).get(metric)
    if not isinstance(value, int | float):
        return ""
    low_high = report["summary"][kind][organ].get(f"{metric}_interval") if interval else None
    return f"{value:.{1 if metric.startswith('hd95') or metric == 'clicks' else 3}f}" + (
        f" [{low_high[0]:.3f}, {low_high[1]:.3f}]" if low_high else ""
    )


SHAPES = {
    "--differences": _print_differences,
    "--overview": _print_overview,
    "--rows": _print_rows,
    "--wide": _print_wide,
    "--beside": _print_beside,
    "--said": _print_said,
    "--named": _print_named,
}

if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except RefusedError as refusal:
        print(f"tables: {refusal}", file=sys.stderr)
        sys.exit(2)
