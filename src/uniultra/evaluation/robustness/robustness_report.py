"""What people read of the robustness section: Markdown tables, and sections of the page with a small chart a
corruption.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from uniultra.evaluation.report.charts import legend, level_chart, lowest
from uniultra.evaluation.report.html import html_table, number
from uniultra.evaluation.report.run_report import NOT_AVAILABLE, markdown_table
from uniultra.evaluation.summary import ALL_ORGANS
from uniultra.text import markup

Section = dict[str, Any]
"""What `build_section` returns."""

DETAILS = ("objects", "Dice [95 %]", "drop [95 %]", "IoU", "quality", "over-confidence", "ellipse")
"""What `_details` tells of a level."""
LINES = {"dice": "Dice", "iou": "IoU", "quality": "predicted quality (IoU)"}


def robustness_markdown(section: Section) -> str:
    """A heading with what was evaluated, a table of the means over organs, and one of every organ's Dice."""
    organs = [*_organs(section), ALL_ORGANS]
    by_organ = [
        [*_version(name, step), *(_dice(step["cells"].get(organ)) for organ in organs)]
        for name, step in _steps(section)
    ]
    means = [[*version, *details] for version, details in _means(section)]
    return "\n".join([
        f"## Robustness\n\n{_facts(section)}\n",
        markdown_table(["corruption", "level", *DETAILS], means, left=2),
        "Dice by organ:\n",
        markdown_table(["corruption", "level", *organs], by_organ, left=2),
    ])  # fmt: skip


def robustness_html(section: Section) -> Iterator[str]:
    """Sections of the page: what was evaluated, a chart a corruption, and the tables."""
    yield f"<h2>Robustness to image degradation</h2><p>{markup(_facts(section))}</p>"
    yield legend([label for key, label in LINES.items() if _is_known(section, key)])
    low = lowest(
        value for name in _names(section) for points in _curves(section, name).values() for _, value in points
    )
    charts = (
        f"<section><h3>{markup(name)}</h3><p>{_about(section, name)}</p>"
        f"{_chart(section, name, low)}</section>"
        for name in _names(section)
    )
    yield f'<div class="pair small">{"".join(charts)}</div>'
    rows = [[" ".join(version), *details] for version, details in _means(section)]
    yield _folded("Every level, mean over organs", html_table(["corruption", *DETAILS], rows))
    organs = _organs(section)
    by_organ = [
        [" ".join(_version(name, step)), *(_pair(step["cells"].get(organ)) for organ in organs)]
        for name, step in _steps(section)
    ]
    yield _folded(
        "Every level by organ: Dice, and in brackets the quality",
        html_table(["corruption", *organs], by_organ),
    )


def _means(section: Section) -> Iterator[tuple[list[str], list[str]]]:
    """Each level at which something was asked: what it is, and its means over organs."""
    for name, step in _steps(section):
        if step["cells"]:
            yield _version(name, step), _details(step["cells"][ALL_ORGANS])


def _folded(name: str, table: str) -> str:
    return f"<details><summary>{name}</summary>{table}</details>"


def _facts(section: Section) -> str:
    return (
        f"{section['objects']} objects on {section['images']} images, at most {section['limit_a_dataset']} "
        "a data set, drawn by seed over "
        f"groups; one prompt an object ({section['kind']}), the same at every severity, moved along where "
        "the picture moves. Drop: Dice "
        "lost against the same objects undamaged. Over-confidence: predicted quality minus the true IoU "
        "that it predicts."
    )


def _chart(section: Section, name: str, low: float) -> str:
    """Dice, IoU and quality, over organs, from the undamaged image to the worst."""
    corruption = section["corruptions"][name]
    levels = ["none" if step["level"] is None else _level(step["level"]) for step in corruption["severities"]]
    return level_chart(_curves(section, name), levels, corruption["unit"], low, corruption["ordered"])


def _curves(section: Section, name: str) -> dict[str, list[tuple[float, float]]]:
    steps = [step for step in section["corruptions"][name]["severities"] if step["cells"]]
    return {
        label: [(float(step["severity"]), step["cells"][ALL_ORGANS][key]) for step in steps]
        for key, label in LINES.items()
        if _is_known(section, key)
    }


def _is_known(section: Section, key: str) -> bool:
    undamaged = next(iter(section["corruptions"].values()))["severities"][0]["cells"]
    return bool(undamaged) and undamaged[ALL_ORGANS][key] is not None


def _about(section: Section, name: str) -> str:
    about = str(section["corruptions"][name]["about"])
    return markup(about[0].upper() + about[1:] + ".")


def _names(section: Section) -> list[str]:
    return list(section["corruptions"])


def _organs(section: Section) -> list[str]:
    cells = next(iter(section["corruptions"].values()))["severities"][0]["cells"]
    return [organ for organ in cells if organ != ALL_ORGANS]


def _steps(section: Section) -> Iterator[tuple[str, dict[str, Any]]]:
    """(corruption, severity) in order; the undamaged one once, before all."""
    for number_of, (name, corruption) in enumerate(section["corruptions"].items()):
        for step in corruption["severities"]:
            if step["severity"] or not number_of:
                yield (name if step["severity"] else "undamaged"), step


def _version(name: str, step: dict[str, Any]) -> list[str]:
    return [name, "" if step["level"] is None else _level(step["level"])]


def _level(level: float | str) -> str:
    return level if isinstance(level, str) else f"{level:g}"


def _details(cell: dict[str, Any]) -> list[str]:
    return [
        str(cell["objects"]),
        number(cell["dice"]) + _interval(cell["dice_interval"]),
        f"{cell['drop']:+.3f}" + _interval(cell["drop_interval"], "+.3f"),
        number(cell["iou"]),
        number(cell["quality"]),
        NOT_AVAILABLE if cell["over_confidence"] is None else f"{cell['over_confidence']:+.3f}",
        number(cell["ellipse_dice"]),
    ]


def _dice(cell: dict[str, Any] | None) -> str:
    return NOT_AVAILABLE if cell is None else number(cell["dice"])


def _pair(cell: dict[str, Any] | None) -> str:
    return (
        _dice(cell)
        if cell is None or cell["quality"] is None
        else f"{number(cell['dice'])} ({number(cell['quality'])})"
    )


def _interval(interval: tuple[float, float] | None, form: str = ".3f") -> str:
    return "" if interval is None else f" [{interval[0]:{form}}, {interval[1]:{form}}]"
