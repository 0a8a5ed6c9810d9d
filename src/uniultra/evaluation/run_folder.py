"""A folder that holds everything of one evaluation: the journal while it runs, then the report in several
forms.

records.jsonl   what each image gave, written as images finish; a stopped run goes on from it
robustness.jsonl   the same of damaged images, where requested
report.json     the summary and every record, without times: the same run gives the same file
report.md       the tables
report.html     the page, with pictures
report.csv      every cell of the tables, for other programs
report.tex      the table of a manuscript
timing.json     mean seconds a prompt by kind, which no two runs share
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from uniultra.errors import DataError, OutputError
from uniultra.evaluation.journal import Journal, Key
from uniultra.evaluation.protocol import Evaluation
from uniultra.evaluation.report.gallery import Case
from uniultra.evaluation.report.html import to_html
from uniultra.evaluation.report.paper_table import csv_table, latex_table
from uniultra.evaluation.report.provenance import Provenance
from uniultra.evaluation.report.run_report import (
    SCHEMA_VERSION,
    Against,
    build_report,
    tables_of,
    write_report,
)
from uniultra.evaluation.robustness.robustness_report import robustness_html
from uniultra.evaluation.settings import EvaluationSettings
from uniultra.evaluation.summary import ALL_ORGANS
from uniultra.io.output import check_free, staged, write_json, write_text
from uniultra.io.tables import write_csv
from uniultra.text import markdown

DAMAGED_JOURNAL = "robustness.jsonl"
JOURNAL, REPORT, TABLES, PAGE, TIMING, SHEET, LATEX = (
    "records.jsonl",
    "report.json",
    "report.md",
    "report.html",
    "timing.json",
    "report.csv",
    "report.tex",
)


def open_folder(
    folder: Path,
    provenance: Provenance,
    split: str,
    settings: EvaluationSettings,
    force: bool = False,
    files: Mapping[Key, str] | None = None,
) -> Journal:
    """The journal of a new or a stopped run; `force` starts anew; `files` as `Journal` takes it.

    Raises:
        OutputError: the folder holds a finished report, or files of its names without a run, or can't be
            written.
        DataError: it holds the journal of another run, of other files, or of one that skipped bad rows where
            `settings` don't.
    """
    requested: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION, **provenance.stated, "split": split,
        "kinds": list(settings.kinds), "draws": settings.draws,
    }  # fmt: skip
    if settings.seeds:
        requested["seeds"] = list(settings.seeds)
    if settings.named:
        requested["named"] = True
    return resumed(folder, _targets(folder), requested, force, settings.skip_bad, files=files)


def resumed(
    folder: Path,
    targets: Mapping[str, Path],
    requested: dict[str, Any],
    force: bool = False,
    skip_bad: bool = True,
    parse: Callable[[dict[str, Any]], Any] | None = None,
    files: Mapping[Key, str] | None = None,
) -> Journal:
    """The journal of a new or a stopped run in a folder, which ends by writing `targets` together: what an
    earlier end left beside a report that somebody took away is removed. Arguments and errors are those of
    `open_folder` and `Journal`.
    """
    if not force and (folder / REPORT).exists():
        raise OutputError(
            f"'{folder / REPORT}' exists; pass --force to evaluate again, or choose another folder"
        )
    goes_on = (folder / JOURNAL).exists() and not force
    if not goes_on:
        check_free(targets.values(), force)
    if force:
        (folder / JOURNAL).unlink(missing_ok=True)
        (folder / DAMAGED_JOURNAL).unlink(missing_ok=True)
    journal = Journal(folder / JOURNAL, requested, parse, files)
    if not skip_bad and any(image.skipped is not None for image in journal.known.values()):
        raise DataError(
            f"'{journal.path}' is of a run with --skip-bad; pass it again, choose another folder, or "
            "--force to start again"
        )
    for path in targets.values() if goes_on else ():
        path.unlink(missing_ok=True)
    return journal


def write_folder(
    folder: Path,
    evaluation: Evaluation,
    provenance: Provenance,
    against: Against | None = None,
    cases: Sequence[Case] = (),
    robustness: dict[str, Any] | None = None,
    force: bool = False,
) -> None:
    """Writes the tables, the page, the times and the report, which says that the run is finished: all or
    none. Raises OutputError.
    """
    summary = evaluation.summary(provenance.bootstrap_seed, provenance.bootstrap_samples)
    tables = tables_of(evaluation, provenance, against, robustness)
    title = (
        f"# {markdown(provenance.model)} on {markdown(evaluation.split)}\n\n"
        "Dice, and in brackets the skill over the ellipse in the box.\n\n"
    )
    report = build_report(evaluation, provenance, against, robustness, timed=False)
    more = () if robustness is None else robustness_html(robustness)
    with staged(_targets(folder), force) as parts:
        write_text(parts[TABLES], title + "\n".join(tables))
        write_json(parts[TIMING], {kind: cells[ALL_ORGANS].seconds for kind, cells in summary.items()})
        write_text(parts[PAGE], to_html(report, cases, more))
        write_csv(parts[SHEET], *csv_table(report))
        write_text(parts[LATEX], latex_table(report))
        write_report(parts[REPORT], report)


def _targets(folder: Path) -> dict[str, Path]:
    return {file: folder / file for file in (TABLES, TIMING, PAGE, SHEET, LATEX, REPORT)}
