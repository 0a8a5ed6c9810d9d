"""The report as one page that needs nothing beside itself: tables, charts as inline SVG, pictures as data
URIs. No script.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from uniultra.evaluation.report.charts import click_chart, reliability_chart
from uniultra.evaluation.report.gallery import FOUND_COLOUR, TRUE_COLOUR, Case
from uniultra.evaluation.report.provenance import limit_text, quality_text
from uniultra.evaluation.report.tables import (
    comparison,
    differing,
    few_clusters,
    html_table,
    interval,
    left_out,
    number,
    overview,
)
from uniultra.evaluation.settings import KINDS
from uniultra.text import count_of, markup

Report = dict[str, Any]
"""What `build_report` returns."""

MOST_CLICKS = KINDS["to90"].clicks


def to_html(report: Report, cases: Sequence[Case] = (), more: Iterable[str] = ()) -> str:
    """The whole page; `more` are sections in HTML that come before the details."""
    template = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
    first = f" ({limit_text(report)})" if report["limit"] else ""
    weights = ""  # baselines have none
    if report["weights_sha256"] is not None:
        version = report["model_version"] or "unknown"
        weights = f"model version {version}, weights {report['weights_sha256'][:12]}, "
    facts = (
        f"{count_of(report['objects'], 'object')} on {count_of(report['images'], 'image')}{first}, "
        f"{count_of(report['images_without_objects'], 'image')} without objects. "
        f"uniultra {report['uniultra_version']}, {weights}manifest "
        f"{report['manifest_sha256'][:12]}. "
        f"Intervals: 95 % bootstrap over groups. {quality_text(report.get('quality_calibrated'))} "
        f"{few_clusters(report['summary'])}"
    )
    title = f"{report['model']} on {report['split']}"
    return template.substitute(
        title=markup(title), facts=markup(facts), sections="\n".join(_sections(report, cases, more))
    )


def _sections(report: Report, cases: Sequence[Case], more: Iterable[str]) -> Iterator[str]:
    yield (
        "<h2>Dice by organ and prompt</h2><p>In brackets the skill over the ellipse in the same box: 0 is "
        "no better.</p>"
    )
    yield html_table(*overview(report["summary"]))
    if report.get("structures"):
        yield html_table(*overview(report["structures"], True))
    if "against" in report:
        other = report["against"]["model"]
        yield f"<h2>Against {markup(other)}</h2><p>Paired on the same prompts and resampled together.</p>"
        yield html_table(*comparison(report["model"], other, report["against"]["comparison"]), left=2)
    if report["skipped"]:
        why = "Their own files could not be used, or their published mask is another picture's."
        yield f"<h2>Left out ({len(report['skipped'])})</h2><p>{why}</p>"
        yield html_table(*left_out(report["skipped"]))
    charts = list(_charts(report))
    if charts:
        yield f'<div class="pair">{"".join(charts)}</div>'
    if cases:
        yield (
            f"<h2>Best, median and worst cases</h2><p>{_key(TRUE_COLOUR)} truth, {_key(FOUND_COLOUR)} "
            f"answer. Shown: {markup(cases[0].record.kind)}.</p>"
        )
        for organ, own in groupby(cases, key=lambda case: case.record.organ):
            yield f'<h3>{markup(organ)}</h3><div class="cases">{"".join(map(_figure, own))}</div>'
    if report["empty_images"]:
        yield (
            "<h2>Images without objects</h2><p>Each is clicked at the same five places; the quality "
            "should be low "
            "here.</p>"
        )
        rows = [
            [organ, str(cell["images"]), number(cell["quality"]), number(cell["area"])]
            for organ, cell in report["empty_images"].items()
        ]
        yield html_table(["organ", "images", "mean quality", "mean share of image"], rows)
    yield from more
    yield "<h2>Details</h2>"
    yield from (f"<h3>{markup(kind)}</h3>{_details(cells)}" for kind, cells in report["summary"].items())


def _details(cells: dict[str, Any]) -> str:
    names = {
        "ellipse_dice": "ellipse", "start_dice": "given mask", "ece": "ECE", "nsd": "NSD 2 px",
        "hd95_px": "HD95 px",
        "hd95_mm": "HD95 mm", "clicks": "clicks to 0.9", "failures": "failed",
    }  # fmt: skip
    shown = [key for key in names if any(cell[key] is not None for cell in cells.values())]
    rows = [
        [
            organ,
            str(cell["objects"]),
            str(cell["clusters"]),
            number(cell["dice"]) + interval(cell["dice_interval"]),
            *(_short(cell[key]) for key in shown),
        ]
        for organ, cell in differing(cells)
    ]
    return html_table(["organ", "objects", "groups", "Dice [95 %]", *(names[key] for key in shown)], rows)


def _short(value: float | None) -> str:
    if isinstance(value, int):
        return str(value)
    return number(value, ".1f" if value is not None and value >= 10 else ".3f")


def _charts(report: Report) -> Iterator[str]:
    curves = _click_curves(report["records"])
    if curves:
        yield (
            f"<section><h2>Clicks</h2>{click_chart(curves, MOST_CLICKS)}<p>An object that has reached 0.9 "
            "is not clicked again.</p></section>"
        )
    reliable = {
        kind: [(each["quality"], each["iou"]) for each in bins]
        for kind, bins in report["reliability"].items()
        if bins
    }
    if reliable:
        yield f"<section><h2>Calibration of the predicted quality</h2>{reliability_chart(reliable)}</section>"


def _click_curves(records: Sequence[dict[str, Any]]) -> dict[str, list[tuple[float, float]]]:
    """Organ -> (clicks, mean Dice), from the runs to 0.9; the last value is carried on."""
    runs = [(record["organ"], record["curve"]) for record in records if record["curve"]]
    curves = {}
    for organ in sorted({organ for organ, _ in runs}):
        own = [curve + [curve[-1]] * (MOST_CLICKS - len(curve)) for name, curve in runs if name == organ]
        curves[organ] = [
            (float(clicks), float(value)) for clicks, value in enumerate(np.mean(own, axis=0), start=1)
        ]
    return curves


def _figure(case: Case) -> str:
    text = f"{case.rank}: Dice {case.record.dice:.3f}"
    quality = "" if case.record.quality is None else f", quality {case.record.quality:.2f}"
    caption = f"<b>{text}</b>{quality}<br>{markup(case.record.dataset)}/{markup(case.record.id)}"
    return f'<figure><img src="{case.uri}" alt="{markup(text)}"><figcaption>{caption}</figcaption></figure>'


def _key(colour: tuple[int, int, int]) -> str:
    return f'<span class="key" style="background: rgb{colour}"></span>'
