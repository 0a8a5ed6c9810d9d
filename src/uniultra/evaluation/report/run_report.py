"""What people read of an evaluation: Markdown tables, and a JSON file of summary, origin and records."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from uniultra import __version__
from uniultra.errors import DataError
from uniultra.evaluation.metrics import reliability_curve
from uniultra.evaluation.protocol import Evaluation
from uniultra.evaluation.records import Record, Skipped, check_standard, record_from, report_file
from uniultra.evaluation.report.compare import Comparison
from uniultra.evaluation.report.provenance import Provenance, quality_text
from uniultra.evaluation.report.tables import (
    NOT_AVAILABLE,
    Cells,
    comparison,
    differing,
    few_clusters,
    interval,
    left_out,
    markdown_table,
    number,
    overview,
)
from uniultra.evaluation.robustness.robustness_report import robustness_markdown
from uniultra.evaluation.spread import Spread, spread_of
from uniultra.evaluation.summary import Cell, Summary, objects_of, summarise_empty
from uniultra.io.output import write_text
from uniultra.text import misfit

SCHEMA_VERSION = 4
"""1: Dice, IoU, quality, times. 2: further measures in cells and records, `reliability`, `empty_images`. 3:
`model_version`, `weights_sha256`, `skipped`. 4: `stability` and
`first_quality` in records. All of them can be read; see `read_report`.
"""
DIGITS = 5
"""Decimals in the JSON file."""


def to_overview(summary: Summary) -> str:
    """One row per organ, one column per prompt: mean Dice, and in brackets the skill over the ellipse."""
    return markdown_table(*overview(_fields(summary)), left=1)


def _fields(summary: Summary) -> Cells:
    """As the JSON file has them: rounded once here and twice there, one number could be reported as two."""
    return {
        kind: {organ: plain(asdict(cell)) for organ, cell in cells.items()} for kind, cells in summary.items()
    }


def to_markdown(summary: Summary) -> str:
    """One row per prompt and organ: Dice with its interval, the ellipse's, skill, calibration of quality."""
    header = [
        "prompt",
        "organ",
        "objects",
        "clusters",
        "Dice [95 %]",
        "ellipse",
        "skill",
        "ECE",
        "HD95 px",
        "NSD",
        "clicks (failed)",
    ]
    rows = [
        [kind, organ, *_details(cell)]
        for kind, cells in _fields(summary).items()
        for organ, cell in differing(cells)
    ]
    return markdown_table(header, rows, left=2)


def all_skipped(evaluation: Evaluation, provenance: Provenance) -> list[Skipped]:
    """What was left out from the start and what was in the middle, in the manifest's order."""
    return sorted([*provenance.skipped, *evaluation.skipped], key=lambda each: each.row)


def skipped_table(skipped: Sequence[Skipped]) -> str:
    """One row an image that was left out, and why."""
    table = markdown_table(*left_out(asdict(each) for each in skipped), left=3)
    return f"Left out ({len(skipped)}):\n\n{table}"


@dataclass(frozen=True)
class Against:
    """What a model was compared to, and how that came out."""

    model: str
    comparison: Comparison


@dataclass(frozen=True)
class StoredRun:
    """An evaluation read back from its file; `made_with` is the weights' hash and how they were prompted,
    None where an older version didn't say; `named` whether prompts said what objects are called.
    """

    model: str
    manifest_sha256: str
    split: str
    records: tuple[Record, ...]
    made_with: tuple[str | None, dict[str, Any] | None] = (None, None)
    named: bool = False


def as_stored(records: Sequence[Record]) -> list[Record]:
    """With the Dice that a report keeps: against an earlier run the digits that it leaves out would else be a
    difference, and all of them together a verdict.
    """
    return [replace(record, dice=plain(record.dice)) for record in records]


def spread_table(spread: dict[str, dict[str, Spread]]) -> str:
    """One row per prompt and organ: mean Dice over the seeds and its standard deviation."""
    rows = [
        [kind, organ, str(len(cell.dice)), f"{cell.mean:.4f}", f"{cell.deviation:.4f}"]
        for kind, cells in spread.items()
        for organ, cell in cells.items()
    ]
    return markdown_table(["prompt", "organ", "seeds", "Dice", "standard deviation"], rows, left=2)


def tables_of(
    evaluation: Evaluation,
    provenance: Provenance,
    against: Against | None = None,
    robustness: dict[str, Any] | None = None,
) -> list[str]:
    """All tables for people: overview, details, the comparison, what was left out, damaged images."""
    summary = evaluation.summary(provenance.bootstrap_seed, provenance.bootstrap_samples)
    structures = evaluation.structures(provenance.bootstrap_seed, provenance.bootstrap_samples)
    tables = [to_overview(summary), to_markdown(summary)]
    if structures:
        tables.insert(1, markdown_table(*overview(_fields(structures), True), left=1))
    if against is not None:
        differences = plain(asdict(against)["comparison"])
        tables.append(markdown_table(*comparison(provenance.model, against.model, differences), left=2))
    remarks = [few_clusters(_fields(summary)), quality_text(provenance.quality_calibrated)]
    tables += [f"{said}\n" for said in remarks if said]
    if evaluation.settings.seeds:
        tables.append(spread_table(spread_of(evaluation.records)))
    skipped = all_skipped(evaluation, provenance)
    tables += [skipped_table(skipped)] if skipped else []
    return [*tables, robustness_markdown(robustness)] if robustness is not None else tables


def build_report(
    evaluation: Evaluation,
    provenance: Provenance,
    against: Against | None = None,
    robustness: dict[str, Any] | None = None,
    timed: bool = True,
) -> dict[str, Any]:
    """The content of the JSON file; plain values, rounded to `DIGITS` decimals, None where undefined. The
    section `robustness` and the records come last.

    Without `timed` no wall time is in it, so that two runs of the same give the same file.
    """
    summary = evaluation.summary(provenance.bootstrap_seed, provenance.bootstrap_samples)
    structures = evaluation.structures(provenance.bootstrap_seed, provenance.bootstrap_samples)
    return {
        "schema_version": SCHEMA_VERSION,
        "uniultra_version": __version__,
        **provenance.stated,
        "quality_calibrated": provenance.quality_calibrated,
        "split": evaluation.split,
        "kinds": list(evaluation.settings.kinds),
        "draws": evaluation.settings.draws,
        **_seeded(evaluation),
        **({"named": True} if evaluation.settings.named else {}),
        "images": evaluation.images,
        "images_without_objects": evaluation.images_without_objects,
        "objects": objects_of(evaluation.records),
        "skipped": [plain(asdict(each)) for each in all_skipped(evaluation, provenance)],
        "summary": _cells(summary, timed),
        **({"structures": _cells(structures, timed)} if structures else {}),
        "reliability": {kind: _reliability(evaluation.records, kind) for kind in summary},
        "empty_images": {
            organ: plain(asdict(cell)) for organ, cell in summarise_empty(evaluation.empty).items()
        },
        **({} if against is None else {"against": plain(asdict(against))}),
        **({} if robustness is None else {"robustness": plain(robustness)}),
        "records": [_values(record, timed) for record in evaluation.records],
    }


def _cells(summary: Summary, timed: bool) -> dict[str, Any]:
    return {
        kind: {organ: _values(cell, timed) for organ, cell in cells.items()}
        for kind, cells in summary.items()
    }


def _seeded(evaluation: Evaluation) -> dict[str, Any]:
    """The seeds and how the scores spread over them; nothing where none were given."""
    if not evaluation.settings.seeds:
        return {}
    spread = {
        kind: {organ: plain(asdict(cell)) for organ, cell in cells.items()}
        for kind, cells in spread_of(evaluation.records).items()
    }
    return {"seeds": list(evaluation.settings.seeds), "spread": spread}


def write_report(path: Path, report: dict[str, Any], force: bool = False) -> None:
    """Writes indented JSON, one line per record, to be compared by eye. Raises OutputError."""
    head = json.dumps({**report, "records": []}, indent=2, ensure_ascii=False, allow_nan=False)
    assert head.endswith("[]\n}"), "the records come last"
    lines = (json.dumps(record, ensure_ascii=False, allow_nan=False) for record in report["records"])
    write_text(path, head.removesuffix("[]\n}") + "[\n    " + ",\n    ".join(lines) + "\n  ]\n}\n", force)


def read_report(path: Path) -> StoredRun:
    """What `write_report` wrote, of any SCHEMA_VERSION so far, or a run's folder with it. Raises DataError
    for anything else.
    """
    path = report_file(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        check_standard(content, path)
        version = content["schema_version"]
        if version not in range(1, SCHEMA_VERSION + 1):
            raise DataError(
                f"'{path}' has schema version {version}; this version reads 1 to {SCHEMA_VERSION}; evaluate "
                "again"
            )
        records = tuple(record_from(record) for record in content["records"])
        made_with = content.get("weights_sha256"), content.get("prompting")
        origin = content["model"], content["manifest_sha256"], content["split"]
        return StoredRun(*origin, records, made_with, bool(content.get("named")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"'{path}' is not a report of `uniultra evaluate --out`: {misfit(error)}") from error


def _details(cell: Mapping[str, Any]) -> list[str]:
    return [
        str(cell["objects"]),
        str(cell["clusters"]),
        number(cell["dice"]) + interval(cell["dice_interval"]),
        number(cell["ellipse_dice"]),
        number(cell["skill"], "+.2f"),
        number(cell["ece"]),
        number(cell["hd95_px"], ".1f"),
        number(cell["nsd"]),
        NOT_AVAILABLE if cell["clicks"] is None else f"{cell['clicks']:.1f} ({cell['failures']})",
    ]


def _values(value: Cell | Record, timed: bool) -> dict[str, Any]:
    """Its fields as plain values; the seconds only where `timed`."""
    return {key: plain(inner) for key, inner in asdict(value).items() if timed or key != "seconds"}


def _reliability(records: Sequence[Record], kind: str) -> list[dict[str, Any]]:
    own = [record for record in records if record.kind == kind and record.quality is not None]
    return [
        plain(asdict(each))
        for each in reliability_curve([r.quality or 0.0 for r in own], [r.iou for r in own])
    ]


def plain(value: Any) -> Any:
    """Floats rounded and tuples as lists, at any depth."""
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value
