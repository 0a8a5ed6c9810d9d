"""The tables that the Markdown and the page have in common, and how both write a table and its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from uniultra.evaluation.report.compare import FEWEST_CLUSTERS
from uniultra.evaluation.summary import ALL_ORGANS
from uniultra.text import markdown, markup

T = TypeVar("T")
NOT_AVAILABLE = "n/a"
SIGNED = "+z.3f"
"""A form of numbers; what rounds to nothing is +0.000."""
Cells = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Kind -> organ -> the fields of a cell."""
Table = tuple[list[str], list[list[str]]]
"""The header, and the rows."""


def differing(cells: Mapping[str, T]) -> list[tuple[str, T]]:
    """The cells by organ, without the mean over organs where there is but one, whose cell says the same."""
    return [(organ, cell) for organ, cell in cells.items() if organ != ALL_ORGANS or len(cells) != 2]


def overview(summary: Cells, structures: bool = False) -> Table:
    """One row per organ, or per structure without their mean, one column per prompt: mean Dice, and in
    brackets the skill over the ellipse.
    """
    known = dict.fromkeys(organ for cells in summary.values() for organ in cells if organ != ALL_ORGANS)
    rows = [
        [organ, *(_dice_and_skill(cells.get(organ)) for cells in summary.values())]
        for organ in (*known, *((ALL_ORGANS,) if len(known) != 1 and not structures else ()))
    ]
    return ["structure" if structures else "organ", *summary], rows


def comparison(model: str, other: str, differences: Cells) -> Table:
    """One row per prompt and organ: both means, the paired difference with its interval, and the verdict."""
    rows = [
        [
            kind,
            organ,
            str(cell["objects"]),
            number(cell["dice"]),
            number(cell["other_dice"]),
            number(cell["difference"], SIGNED) + interval(cell["interval"], SIGNED),
            cell["verdict"],
        ]
        for kind, cells in differences.items()
        for organ, cell in differing(cells)
    ]
    return ["prompt", "organ", "objects", model, other, "difference [95 %]", "verdict"], rows


def few_clusters(summary: Cells) -> str:
    """Which intervals are over so few clusters that they are too narrow; "" for none."""
    few = {
        organ: cell["clusters"]
        for cells in summary.values()
        for organ, cell in differing(cells)
        if cell["dice_interval"] is not None and cell["clusters"] < FEWEST_CLUSTERS
    }
    listed = ", ".join(f"{organ} ({count})" for organ, count in few.items())
    return f"Intervals over fewer than {FEWEST_CLUSTERS} clusters are too narrow: {listed}." if few else ""


def left_out(skipped: Iterable[Mapping[str, Any]]) -> Table:
    """One row an image that was left out, and why."""
    rows = [
        [str(each["row"]), f"{each['dataset']}/{each['id']}", "; ".join(each["problems"])] for each in skipped
    ]
    return ["row", "image", "problem"], rows


def number(value: float | None, form: str = ".3f") -> str:
    return NOT_AVAILABLE if value is None else format(value, form)


def interval(ends: Sequence[float] | None, form: str = ".3f") -> str:
    """With a blank before it; "" for none."""
    return "" if ends is None else f" [{ends[0]:{form}}, {ends[1]:{form}}]"


def _dice_and_skill(cell: Mapping[str, Any] | None) -> str:
    if cell is None:
        return NOT_AVAILABLE
    skill = "" if cell["skill"] is None else f" ({cell['skill']:+.2f})"
    return number(cell["dice"]) + skill


def markdown_table(header: list[str], rows: list[list[str]], left: int) -> str:
    """A Markdown table, whatever its cells hold; all but the first `left` columns are right-aligned."""
    rule = ["---"] * left + ["---:"] * (len(header) - left)
    escaped = [[markdown(cell) for cell in row] for row in [header, *rows]]
    return "".join(f"| {' | '.join(row)} |\n" for row in [escaped[0], rule, *escaped[1:]])


def html_table(header: list[str], rows: list[list[str]], left: int = 1) -> str:
    """The same in HTML; rows over all organs are marked."""
    lines = [f"<tr>{''.join(f'<th>{markup(name)}</th>' for name in header)}</tr>"]
    for row in rows:
        kind = ' class="all"' if any(cell.startswith(ALL_ORGANS) for cell in row[:2]) else ""
        lines.append(f"<tr{kind}>{''.join(f'<td>{markup(cell)}</td>' for cell in row)}</tr>")
    two = ' class="two"' if left == 2 else ""
    return f'<div class="wide"><table{two}>{"".join(lines)}</table></div>'
