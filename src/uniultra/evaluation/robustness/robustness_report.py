"""What people read of the robustness section: Markdown tables, and sections of the page with a small chart a
corruption.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from uniultra.evaluation.report.charts import Points, legend, level_chart, lowest
from uniultra.evaluation.report.tables import SIGNED, Table, html_table, interval, markdown_table, number
from uniultra.evaluation.robustness.robustness_protocol import UNDAMAGED
from uniultra.evaluation.summary import ALL_ORGANS
from uniultra.text import count_of, markup

Section = dict[str, Any]
"""What `build_section` returns."""

DETAILS = ("objects", "Dice [95 %]", "drop [95 %]", "IoU", "quality", "over-confidence", "ellipse")
"""What `_details` tells of a level."""
LINES = {"dice": "Dice", "iou": "IoU", "quality": "predicted quality (IoU)"}


def robustness_markdown(section: Section) -> str:
    """A heading with what was evaluated, a table of the means over organs, and one of every organ's Dice."""
    return "\n".join([
        f"## Robustness\n\n{_facts(section)}\n",
        markdown_table(*_means(section), left=2),
        "Dice by organ:\n",
        markdown_table(*_by_organ(section), left=2),
    ])  # fmt: skip


def robustness_html(section: Section) -> Iterator[str]:
    """Sections of the page: what was evaluated, a chart a corruption, and the tables."""
    yield f"<h2>Robustness to image degradation</h2><p>{markup(_facts(section))}</p>"
    curves = {name: _curves(corruption) for name, corruption in section["corruptions"].items()}
    yield legend(list(next(iter(curves.values()))))
    low = lowest(value for own in curves.values() for points in own.values() for _, value in points)
    charts = (
        f"<section><h3>{markup(name)}</h3><p>{_about(section, name)}</p>"
        f"{_chart(section['corruptions'][name], own, low)}</section>"
        for name, own in curves.items()
    )
    yield f'<div class="pair small">{"".join(charts)}</div>'
    yield _folded("Every level, mean over organs", html_table(*_means(section)))
    by_organ = html_table(*_by_organ(section, with_quality=True))
    yield _folded("Every level by organ: Dice, and in brackets the quality", by_organ)


def _means(section: Section) -> Table:
    """Each level at which something was asked: what it is, and its means over organs."""
    rows = [[name, level, *_details(cells[ALL_ORGANS])] for name, level, cells in _levels(section) if cells]
    return ["corruption", "level", *DETAILS], rows


def _by_organ(section: Section, with_quality: bool = False) -> Table:
    """Each level: what it is, and every organ's Dice; with the quality in brackets."""
    organs = list(next(_levels(section))[2])
    rows = [
        [name, level, *(_dice(cells.get(organ), with_quality) for organ in organs)]
        for name, level, cells in _levels(section)
    ]
    return ["corruption", "level", *organs], rows


def _folded(name: str, table: str) -> str:
    return f"<details><summary>{name}</summary>{table}</details>"


def _facts(section: Section) -> str:
    return (
        f"{count_of(section['objects'], 'object')} on {count_of(section['images'], 'image')}, at most "
        f"{section['limit_a_dataset']} a data set, drawn by seed over "
        f"groups; one prompt an object ({section['kind']}), the same at every severity, moved along where "
        "the picture moves. Drop: Dice "
        "lost against the same objects undamaged. Over-confidence: predicted quality minus the true IoU "
        "that it predicts."
    )


def _chart(corruption: dict[str, Any], curves: Mapping[str, Points], low: float) -> str:
    """The curves from the undamaged image to the worst."""
    levels = [_level(step) or "none" for step in corruption["severities"]]
    return level_chart(curves, levels, corruption["unit"], low, corruption["ordered"])


def _curves(corruption: dict[str, Any]) -> dict[str, Points]:
    """Dice, IoU and quality, over organs, at each severity at which there is any; each where it is known."""
    cells = {float(step["severity"]): step["cells"] for step in corruption["severities"] if step["cells"]}
    return {
        label: [(severity, cell[ALL_ORGANS][key]) for severity, cell in cells.items()]
        for key, label in LINES.items()
        if all(cell[ALL_ORGANS][key] is not None for cell in cells.values())
    }


def _about(section: Section, name: str) -> str:
    about = str(section["corruptions"][name]["about"])
    return markup(about[0].upper() + about[1:] + ".")


def _levels(section: Section) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(corruption, level, cells by organ) in order; the undamaged one once, before all."""
    undamaged = next(iter(section["corruptions"].values()))["severities"][0]
    yield UNDAMAGED, "", undamaged["cells"]
    for name, corruption in section["corruptions"].items():
        for step in corruption["severities"][1:]:
            yield name, _level(step), step["cells"]


def _level(step: dict[str, Any]) -> str:
    level = step["level"]
    return f"{level:g}" if isinstance(level, float) else level or ""


def _details(cell: dict[str, Any]) -> list[str]:
    return [
        str(cell["objects"]),
        number(cell["dice"]) + interval(cell["dice_interval"]),
        number(cell["drop"], SIGNED) + interval(cell["drop_interval"], SIGNED),
        number(cell["iou"]),
        number(cell["quality"]),
        number(cell["over_confidence"], SIGNED),
        number(cell["ellipse_dice"]),
    ]


def _dice(cell: dict[str, Any] | None, with_quality: bool = False) -> str:
    """Of an organ at a level; None where nothing is left of it there."""
    if cell is None:
        return number(None)
    quality = f" ({number(cell['quality'])})" if with_quality and cell["quality"] is not None else ""
    return number(cell["dice"]) + quality
