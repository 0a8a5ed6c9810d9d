"""What people read of a run under the paper's protocol: report.json and report.md, both saying that it is
that protocol.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from uniultra import __version__
from uniultra.errors import DataError
from uniultra.evaluation.journal import Journal
from uniultra.evaluation.metrics import bootstrap_means, percentile_interval
from uniultra.evaluation.paper.paper_protocol import PROTOCOL, SIDE, PaperImage, PaperRecord, parse_paper
from uniultra.evaluation.report.provenance import Provenance, limit_text
from uniultra.evaluation.report.run_report import (
    NOT_AVAILABLE,
    markdown_table,
    plain,
    write_report,
)
from uniultra.evaluation.run_folder import REPORT, TABLES, resumed
from uniultra.evaluation.settings import stable_seed
from uniultra.io.output import staged, write_text
from uniultra.text import markdown

SCHEMA_VERSION = 1
ALL_SETS = "mean over data sets"
"""The row below the data sets'; each counts the same in it."""
ABOUT = (
    "The paper's protocol (arXiv 2511.15771), for comparison with its numbers: image and mask stretched to "
    f"{SIDE} x {SIDE}; one exact "
    "box a connected component, answers united by the maximum; metrics per image in stretched pixels. "
    "Hausdorff is the maximum, "
    "not HD95; where the answer is empty it is infinite, and dropped from the mean: see how many were. "
    "Exact boxes from the truth flatter: "
    "see the ellipse."
)


@dataclass(frozen=True)
class Metric:
    """The mean of one number over images, with its 95 % bootstrap interval over clusters (None below two),
    and of how many images.
    """

    mean: float | None
    interval: tuple[float, float] | None
    images: int


@dataclass(frozen=True)
class PaperCell:
    """One data set, or the mean over data sets: `images` with a mask, in `clusters`; `infinite` Hausdorff
    distances were dropped.
    """

    images: int
    clusters: int
    dice: Metric
    iou: Metric
    hausdorff_px: Metric
    infinite: int
    ellipse_dice: Metric
    ellipse_iou: Metric
    ellipse_hausdorff_px: Metric
    ellipse_infinite: int


def build_paper_report(images: Sequence[PaperImage], provenance: Provenance, split: str) -> dict[str, Any]:
    """The content of report.json. Raises DataError where no image has a mask."""
    records = [image.record for image in images if image.record is not None]
    if not records:
        raise DataError(
            f"split '{split}' has no mask with an object, so there is nothing to score; check its masks"
        )
    summary = summarise_paper(records, provenance.bootstrap_seed, provenance.bootstrap_samples)
    return {
        "protocol": PROTOCOL,
        "protocol_schema_version": SCHEMA_VERSION,
        "about": ABOUT,
        "uniultra_version": __version__,
        **plain(provenance.stated),
        "split": split,
        "images": len(records),
        "images_without_mask": len(images) - len(records),
        "summary": {name: plain(asdict(cell)) for name, cell in summary.items()},
        "records": [plain(asdict(record)) for record in records],
    }


def summarise_paper(records: Sequence[PaperRecord], seed: int, samples: int) -> dict[str, PaperCell]:
    """Data set -> cell, by name, ALL_SETS last."""
    datasets = sorted({record.dataset for record in records})
    groups = [[record for record in records if record.dataset == dataset] for dataset in datasets]
    cells = {dataset: _cell([own], seed, samples) for dataset, own in zip(datasets, groups, strict=True)}
    return {**cells, ALL_SETS: _cell(groups, seed, samples)}


def paper_markdown(report: dict[str, Any]) -> str:
    """The title, what the protocol is, and one row per data set."""
    header = [
        "data set",
        "images",
        "clusters",
        "Dice [95 %]",
        "IoU [95 %]",
        "max Hausdorff px [95 %]",
        "infinite, dropped",
    ]
    header += ["ellipse Dice", "ellipse IoU", "ellipse Hausdorff px"]
    rows = [[name, *_details(cell)] for name, cell in report["summary"].items()]
    first = f" ({limit_text(report)})" if report["limit"] else ""
    counts = (
        f"{report['images']} images{first}; {report['images_without_mask']} more have no mask and can't be "
        "asked"
    )
    counts += f"; {len(report['skipped'])} were left out for their own files." if report["skipped"] else "."
    title = f"# {markdown(report['model'])} on {markdown(report['split'])}, by the paper's protocol"
    return "\n\n".join([title, ABOUT, counts, markdown_table(header, rows, left=1)])


def open_paper(folder: Path, provenance: Provenance, split: str, force: bool = False) -> Journal:
    """The journal of a new or a stopped run; `force` starts anew. Raises as `open_folder`."""
    requested = {
        "protocol": PROTOCOL,
        "protocol_schema_version": SCHEMA_VERSION,
        **provenance.stated,
        "split": split,
    }
    targets = {file: folder / file for file in (TABLES, REPORT)}
    return resumed(folder, targets, requested, force, parse=parse_paper)


def write_paper(folder: Path, report: dict[str, Any], force: bool = False) -> None:
    """Writes the tables and the report, which says that the run is finished: both or none. Raises
    OutputError.
    """
    with staged({file: folder / file for file in (TABLES, REPORT)}, force) as parts:
        write_text(parts[TABLES], paper_markdown(report))
        write_report(parts[REPORT], report)


def _cell(groups: Sequence[Sequence[PaperRecord]], seed: int, samples: int) -> PaperCell:
    """Means over the groups' means; a single group's are its own."""
    found = {
        f"{prefix}{key}": [[(getattr(getattr(r, who), key), r.group) for r in own] for own in groups]
        for prefix, who in (("", "model"), ("ellipse_", "ellipse"))
        for key in ("dice", "iou", "hausdorff_px")
    }
    everything = [record for own in groups for record in own]
    return PaperCell(
        images=len(everything),
        clusters=len({record.group for record in everything}),
        infinite=sum(record.model.hausdorff_px is None for record in everything),
        ellipse_infinite=sum(record.ellipse.hausdorff_px is None for record in everything),
        **{name: _metric(values, seed, samples) for name, values in found.items()},
    )


def _metric(groups: Iterable[Sequence[tuple[float | None, str]]], seed: int, samples: int) -> Metric:
    """Of (value, cluster) by data set; None is left out, and a data set of nothing else too."""
    means, worlds, images, spread = [], [], 0, False
    for own in groups:
        known = [(value, cluster) for value, cluster in own if value is not None]
        if not known:
            continue
        values, clusters = [value for value, _ in known], [cluster for _, cluster in known]
        means.append(float(np.mean(values)))
        worlds.append(
            bootstrap_means(values, clusters, stable_seed(seed, clusters[0].partition("/")[0]), samples)
        )
        images, spread = images + len(values), spread or len(set(clusters)) > 1
    if not means:
        return Metric(None, None, 0)
    return Metric(
        float(np.mean(means)), percentile_interval(np.mean(worlds, axis=0)) if spread else None, images
    )


def _details(cell: dict[str, Any]) -> list[str]:
    own = [
        _shown(cell["dice"]),
        _shown(cell["iou"]),
        _shown(cell["hausdorff_px"], ".1f"),
        str(cell["infinite"]),
    ]
    ellipse = [
        _shown({**cell[f"ellipse_{key}"], "interval": None}, form)
        for key, form in (("dice", ".3f"), ("iou", ".3f"), ("hausdorff_px", ".1f"))
    ]
    return [str(cell["images"]), str(cell["clusters"]), *own, *ellipse]


def _shown(metric: dict[str, Any], form: str = ".3f") -> str:
    if metric["mean"] is None:
        return NOT_AVAILABLE
    interval = metric["interval"]
    return f"{metric['mean']:{form}}" + (
        "" if interval is None else f" [{interval[0]:{form}}, {interval[1]:{form}}]"
    )
