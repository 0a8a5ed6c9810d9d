"""What `uniultra evaluate` can do besides its standard questions: damaged images, and the protocol of the
paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uniultra.cli.terminal.progress import ticks
from uniultra.errors import PromptError
from uniultra.evaluation.settings import DAMAGED_IMAGES

if TYPE_CHECKING:
    from uniultra.data.splits import ReportSplit, SelectionSplit
    from uniultra.evaluation.journal import Journal
    from uniultra.evaluation.protocol import Evaluation
    from uniultra.evaluation.report.provenance import Provenance
    from uniultra.evaluation.robustness.robustness_protocol import RobustnessSettings
    from uniultra.evaluation.simulated_user import PromptableSegmenter

STANDARD, PAPER, TRACK = "standard", "paper", "track"
FIXED = {
    PAPER: "has one prompt of its own, exact boxes",
    TRACK: "prompts each clip with the box of its first frame",
}
"""Protocols that leave nothing to ask otherwise."""


def check_protocol(protocol: str, given: Mapping[str, bool]) -> None:
    """Raises PromptError for an unknown protocol, or where an option was given (`given`) that has no meaning
    under it.
    """
    if protocol not in (STANDARD, PAPER, TRACK):
        raise PromptError(f"protocol '{protocol}' is unknown; use {STANDARD}, {PAPER} or {TRACK}")
    wrong = [name for name, was_given in given.items() if was_given]
    if protocol in FIXED and wrong:
        fix = f"leave out {', '.join(wrong)}, or the protocol"
        raise PromptError(f"--protocol {protocol} {FIXED[protocol]}; {fix}")


def folder_of(out: Path | None) -> Path | None:
    """Where --out is a folder, and no .json file."""
    return None if out is None or out.suffix.lower() == ".json" else out


def damage_settings(requested: bool, limit: int | None, workers: int) -> RobustnessSettings | None:
    """The settings of --robustness; None without it. Raises PromptError for a limit below 1, or one without
    --robustness.
    """
    from uniultra.evaluation.robustness.robustness_protocol import RobustnessSettings

    if requested:
        return RobustnessSettings(DAMAGED_IMAGES if limit is None else limit, workers=workers)
    if limit is not None:
        raise PromptError(
            f"--robustness-limit {limit} has nothing to limit; add --robustness, or leave it out"
        )
    return None


def run_robustness(
    segmenter: PromptableSegmenter,
    rows: SelectionSplit | ReportSplit,
    evaluation: Evaluation,
    settings: RobustnessSettings,
    journal: Journal | None = None,
) -> dict[str, Any]:
    """The report's section about damaged images, with a bar on stderr."""
    from uniultra.evaluation.robustness.robustness_protocol import draw_rows, evaluate_robustness
    from uniultra.evaluation.robustness.robustness_summary import build_section

    chosen = draw_rows(rows, evaluation.records, settings.limit)
    with ticks(f"{segmenter.name} on damaged images", len(chosen)) as tick:
        return build_section(evaluate_robustness(segmenter, chosen, settings, journal, tick))


def run_paper(
    segmenter: PromptableSegmenter,
    rows: SelectionSplit | ReportSplit,
    provenance: Provenance,
    workers: int,
    out: Path | None,
    force: bool,
) -> str:
    """Scores under the paper's protocol, writes a report where `out` says, and returns the tables."""
    from uniultra.evaluation.paper.paper_protocol import evaluate_paper
    from uniultra.evaluation.paper.paper_report import (
        build_paper_report,
        open_paper,
        paper_markdown,
        write_paper,
    )
    from uniultra.evaluation.report.run_report import write_report

    folder = folder_of(out)
    journal = None if folder is None else open_paper(folder, provenance, rows.name, force)
    with ticks(f"{segmenter.name} on {rows.name}, by the paper's protocol", len(rows)) as tick:
        images = evaluate_paper(segmenter, rows.rows, workers, journal, tick)
    report = build_paper_report(images, provenance, rows.name)
    if folder is not None:
        write_paper(folder, report, force)
    elif out is not None:
        write_report(out, report, force)
    return paper_markdown(report)
