"""What people read of a run under the paper's protocol: report.json and report.md, both saying that it is
that protocol.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from uniultra import __version__
from uniultra.errors import DataError
from uniultra.evaluation.journal import Journal, Key
from uniultra.evaluation.metrics import bootstrap_means, mean, percentile_interval
from uniultra.evaluation.paper.paper_protocol import PROTOCOL, SIDE, PaperImage, PaperRecord, parse_paper
from uniultra.evaluation.report.provenance import Provenance, limit_text
from uniultra.evaluation.report.run_report import plain, write_report
from uniultra.evaluation.report.tables import interval, markdown_table, number
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
    "box per connected component, answers united by the maximum; metrics per image in stretched pixels. "
    "Hausdorff is the maximum, "
    "not HD95; where the answer is empty it is infinite, and dropped from the mean: see how many were. "
    "Exact boxes from the truth flatter: "
    "see the ellipse."
)


def build_paper_report(images: Sequence[PaperImage], provenance: Provenance, split: str) -> dict[str, Any]:
    """The content of report.json. Raises DataError where no image has a mask."""
    records = [image.record for image in images if image.record is not None]
    if not records:
        raise DataError(
            f"split '{split}' has no mask with an object, so there is nothing to score; check its masks"
        )
    summary = _summary(records, provenance.bootstrap_seed, provenance.bootstrap_samples)
    return {
        "protocol": PROTOCOL,
        "protocol_schema_version": SCHEMA_VERSION,
        "about": ABOUT,
        "uniultra_version": __version__,
        **plain(provenance.stated),
        "split": split,
        "images": len(records),
        "images_without_mask": len(images) - len(records),
        "summary": plain(summary),
        "records": [plain(asdict(record)) for record in records],
    }


def _summary(records: Sequence[PaperRecord], seed: int, samples: int) -> dict[str, dict[str, Any]]:
    """Data set -> cell, by name, ALL_SETS last."""
    groups = {
        dataset: [record for record in records if record.dataset == dataset]
        for dataset in sorted({record.dataset for record in records})
    }
    cells = {dataset: _cell([own], seed, samples) for dataset, own in groups.items()}
    return {**cells, ALL_SETS: _cell(list(groups.values()), seed, samples)}


def paper_markdown(report: dict[str, Any]) -> str:
    """The title, what the protocol is, and one row per data set."""
    header = [
        "data set", "images", "clusters", "Dice [95 %]", "IoU [95 %]", "max Hausdorff px [95 %]",
        "infinite, dropped", "ellipse Dice", "ellipse IoU", "ellipse Hausdorff px",
    ]  # fmt: skip
    rows = [[name, *_details(cell)] for name, cell in report["summary"].items()]
    first = f" ({limit_text(report)})" if report["limit"] else ""
    bare, skipped = report["images_without_mask"], len(report["skipped"])
    parts = [_counted(report["images"], "image", "images") + first]
    if bare:
        parts.append(_counted(bare, "more has", "more have") + " no mask and can't be prompted")
    if skipped:
        parts.append(_counted(skipped, "was", "were") + " left out")
    counts = "; ".join(parts) + "."
    title = f"# {markdown(report['model'])} on {markdown(report['split'])}, by the paper's protocol"
    return "\n\n".join([title, ABOUT, counts, markdown_table(header, rows, left=1)])


def _counted(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


def open_paper(
    folder: Path,
    provenance: Provenance,
    split: str,
    force: bool = False,
    files: Mapping[Key, str] | None = None,
) -> Journal:
    """The journal of a new or a stopped run; `force` starts anew. Raises as `open_folder`."""
    requested = {
        "protocol": PROTOCOL,
        "protocol_schema_version": SCHEMA_VERSION,
        **provenance.stated,
        "split": split,
    }
    targets = {file: folder / file for file in (TABLES, REPORT)}
    return resumed(folder, targets, requested, force, parse=parse_paper, files=files)


def write_paper(folder: Path, report: dict[str, Any], force: bool = False) -> None:
    """Writes the tables and the report, which says that the run is finished: both or none. Raises
    OutputError.
    """
    with staged({file: folder / file for file in (TABLES, REPORT)}, force) as parts:
        write_text(parts[TABLES], paper_markdown(report))
        write_report(parts[REPORT], report)


def _cell(groups: Sequence[Sequence[PaperRecord]], seed: int, samples: int) -> dict[str, Any]:
    """One data set, or the means over several: `images` with a mask, in `clusters`, the metrics of model and
    ellipse, and of how many images a Hausdorff distance was infinite and dropped.
    """
    records = [record for own in groups for record in own]
    cell: dict[str, Any] = {"images": len(records), "clusters": len({record.group for record in records})}
    for prefix, who in (("", "model"), ("ellipse_", "ellipse")):
        for key in ("dice", "iou", "hausdorff_px"):
            values = [[(getattr(getattr(r, who), key), r.group) for r in own] for own in groups]
            cell[f"{prefix}{key}"] = _metric(values, seed, samples)
        cell[f"{prefix}infinite"] = sum(getattr(r, who).hausdorff_px is None for r in records)
    return cell


def _metric(groups: Iterable[Sequence[tuple[float | None, str]]], seed: int, samples: int) -> dict[str, Any]:
    """Of (value, cluster) by data set, of which None is left out, and a data set of nothing else too: the
    mean over images, then data sets, its 95 % bootstrap interval over clusters (None where no data set has
    two), and of how many images.
    """
    means, worlds, images, spread = [], [], 0, False
    for own in groups:
        known = [(value, cluster) for value, cluster in own if value is not None]
        if known:
            values, clusters = zip(*known, strict=True)
            means.append(mean(values))
            of_set = stable_seed(seed, clusters[0].partition("/")[0])
            worlds.append(bootstrap_means(values, clusters, of_set, samples))
            images, spread = images + len(values), spread or len(set(clusters)) > 1
    interval_95 = percentile_interval(np.mean(worlds, axis=0)) if spread else None
    return {"mean": mean(means) if means else None, "interval": interval_95, "images": images}


def _details(cell: dict[str, Any]) -> list[str]:
    forms = {"dice": ".3f", "iou": ".3f", "hausdorff_px": ".1f"}
    own = [
        number(cell[key]["mean"], form) + interval(cell[key]["interval"], form) for key, form in forms.items()
    ]
    ellipse = [number(cell[f"ellipse_{key}"]["mean"], form) for key, form in forms.items()]
    return [str(cell["images"]), str(cell["clusters"]), *own, str(cell["infinite"]), *ellipse]
