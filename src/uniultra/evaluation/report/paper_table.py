"""The report for a manuscript: a table in LaTeX, and all of its cells as CSV. Both are made of report.json's
own values, so that they say what it says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from uniultra.evaluation.report.tables import SIGNED, differing, interval, number
from uniultra.text import printable

Report = Mapping[str, Any]
"""What `build_report` returns."""

MEASURES = (
    "objects", "clusters", "dice", "iou", "ellipse_dice", "skill", "quality", "ece", "hd95_px", "hd95_mm",
    "nsd", "start_dice", "clicks", "failures",
)  # fmt: skip
ENDS = ("dice_low", "dice_high")
AGAINST = ("other_dice", "difference", "difference_low", "difference_high", "verdict")
_SIGNS = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}  # fmt: skip


def csv_table(report: Report) -> tuple[list[str], list[list[Any]]]:
    """Columns and rows: one row per model, prompt and organ; what has no value is empty."""
    against = report.get("against")
    columns = ["model", "split", "prompt", "organ", *MEASURES, *ENDS]
    columns += ["other_model", *AGAINST] if against else []
    rows = []
    for kind, organ, cell, difference in _cells(report):
        row = [report["model"], report["split"], kind, organ, *(cell.get(key) for key in MEASURES)]
        row += cell["dice_interval"] or (None, None)
        if against:
            row += [against["model"], *_compared(difference)]
        rows.append(["" if value is None else value for value in row])
    return columns, rows


def latex_table(report: Report) -> str:
    """A tabular for booktabs, a row per prompt and organ: Dice with its interval, the ellipse's and, where
    the run compares, the other model's and the paired difference.
    """
    against = report.get("against")
    header = ["Prompt", "Organ", "$n$", f"Dice {_latex('[95 %]')}", "Ellipse"]
    header += [_latex(against["model"]), f"Difference {_latex('[95 %]')}"] if against else []
    rows = []
    for kind, organ, cell, difference in _cells(report):
        ellipse = "--" if cell["ellipse_dice"] is None else number(cell["ellipse_dice"])
        row = [_latex(kind), _latex(organ), str(cell["objects"])]
        row += [number(cell["dice"]) + interval(cell["dice_interval"]), ellipse]
        row += _latex_difference(difference) if against else []
        rows.append(row)
    lines = "\n".join(f"  {' & '.join(row)} \\\\" for row in rows)
    return (
        f"% {_comment(report)}\n% needs \\usepackage{{booktabs}}\n"
        f"\\begin{{tabular}}{{ll{'r' * (len(header) - 2)}}}\n  \\toprule\n  {' & '.join(header)} \\\\\n"
        f"  \\midrule\n{lines}\n  \\bottomrule\n\\end{{tabular}}\n"
    )


def _cells(report: Report) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any] | None]]:
    """Prompt, organ (or organ: structure, of those that have several), its cell, and its difference from the
    other model, where there is one.
    """
    compared = report["against"]["comparison"] if report.get("against") else {}
    for kind, cells in report["summary"].items():
        for organ, cell in differing(cells):
            yield kind, organ, cell, compared.get(kind, {}).get(organ)
        for structure, cell in report.get("structures", {}).get(kind, {}).items():
            yield kind, structure, cell, None


def _compared(difference: Mapping[str, Any] | None) -> list[Any]:
    if difference is None:
        return [None] * len(AGAINST)
    ends = difference["interval"] or (None, None)
    return [difference["other_dice"], difference["difference"], *ends, difference["verdict"]]


def _latex_difference(difference: Mapping[str, Any] | None) -> list[str]:
    if difference is None:
        return ["--", "--"]
    said = number(difference["difference"], SIGNED) + interval(difference["interval"], SIGNED)
    return [number(difference["other_dice"]), f"${said}$"]


def _comment(report: Report) -> str:
    """Where the numbers come from, on one line."""
    weights = f", weights {report['weights_sha256'][:12]}" if report["weights_sha256"] else ""
    return printable(
        f"UniUltra {report['uniultra_version']}: {report['model']} {report['model_version'] or ''} on "
        f"{report['split']}{weights}, manifest {report['manifest_sha256'][:12]}; 95 % bootstrap over clusters"
    )


def _latex(text: str) -> str:
    """Text of a cell, its special characters escaped."""
    return "".join(_SIGNS.get(sign, sign) for sign in printable(text))
