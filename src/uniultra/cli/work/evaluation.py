"""What `uniultra evaluate` does, imported when it is called: the standard questions, damaged images, and the
protocol of the paper.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from uniultra.backends.open import weights_sha256
from uniultra.cli.terminal.ending import resumable
from uniultra.cli.terminal.progress import progress, ticks
from uniultra.cli.track_protocol import folder_of
from uniultra.data.manifest import Manifest
from uniultra.data.splits import ReportSplit, SelectionSplit, report_split, selection_split
from uniultra.errors import DataError, PromptError
from uniultra.evaluation.baselines import BASELINES
from uniultra.evaluation.journal import Journal
from uniultra.evaluation.paper.paper_protocol import evaluate_paper
from uniultra.evaluation.paper.paper_report import build_paper_report, open_paper, paper_markdown, write_paper
from uniultra.evaluation.preflight import Checked, check
from uniultra.evaluation.protocol import Evaluation, Limit
from uniultra.evaluation.protocol import evaluate as evaluate_split
from uniultra.evaluation.report.provenance import Provenance, limit_text
from uniultra.evaluation.report.run_report import write_report
from uniultra.evaluation.robustness.robustness_protocol import (
    RobustnessSettings,
    draw_rows,
    evaluate_robustness,
)
from uniultra.evaluation.robustness.robustness_summary import build_section
from uniultra.evaluation.settings import DAMAGED_IMAGES, EvaluationSettings, parse_seeds
from uniultra.evaluation.simulated_user import PromptableSegmenter
from uniultra.named import further_names, known_name
from uniultra.prompt_checks import MOST_LISTED
from uniultra.segmenter import Segmenter
from uniultra.text import count_of

STANDARD, PAPER, TRACK = "standard", "paper", "track"
FIXED = {
    PAPER: "has one prompt of its own, exact boxes",
    TRACK: "prompts each clip with the box, or --true-mask, of its first frame",
}
"""Protocols that leave nothing to ask otherwise."""


def check_protocol(protocol: str, given: Mapping[str, bool], true_mask: bool = False) -> None:
    """Raises PromptError for an unknown protocol, or where an option was given (`given`, `true_mask`) that
    has no meaning under it.
    """
    if protocol not in (STANDARD, PAPER, TRACK):
        raise PromptError(f"protocol '{protocol}' is unknown; use {STANDARD}, {PAPER} or {TRACK}")
    if true_mask and protocol != TRACK:
        raise PromptError(
            f"--true-mask is the first frame's of a clip; add --protocol {TRACK}, or leave it out"
        )
    wrong = [name for name, was_given in given.items() if was_given]
    if protocol in FIXED and wrong:
        raise PromptError(
            f"--protocol {protocol} {FIXED[protocol]}; leave out {', '.join(wrong)}, or the protocol"
        )


def limit_of(protocol: str, count: int | None, first: bool, workers: int) -> Limit:
    """How many images of each data set are scored. Raises PromptError for a count below 1, --first without
    one, and what has no effect on clips.
    """
    if count is not None and count < 1:
        raise PromptError(f"limit is {count}; it must be at least 1 per data set")
    check_protocol(
        protocol if protocol == TRACK else STANDARD,
        {"--first": first, "--workers": workers != EvaluationSettings().workers},
    )
    if first and count is None:
        raise PromptError("--first has nothing to choose; add --limit N, or leave it out")
    return Limit(count, first)


def damage_settings(requested: bool, limit: int | None, workers: int) -> RobustnessSettings | None:
    """The settings of --robustness; None without it. Raises PromptError for a limit below 1, or one without
    --robustness.
    """
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
    journal: Journal | None,
) -> dict[str, Any]:
    """The report's section about damaged images, with a bar on stderr."""
    chosen = draw_rows(rows, evaluation.records, settings.limit)
    with ticks(f"{segmenter.name} on damaged images", len(chosen)) as tick:
        return build_section(evaluate_robustness(segmenter, chosen, settings, journal, tick))


def run_paper(
    segmenter: PromptableSegmenter,
    checked: Checked,
    provenance: Provenance,
    workers: int,
    out: Path | None,
    force: bool,
) -> str:
    """Scores under the paper's protocol, writes a report where `out` says, and returns the tables."""
    folder, rows = folder_of(out), checked.rows
    journal = None if folder is None else open_paper(folder, provenance, rows.name, force, checked.files)
    with ticks(f"{segmenter.name} on {rows.name}, by the paper's protocol", len(rows)) as tick:
        images = evaluate_paper(segmenter, rows.rows, workers, journal, tick)
    report = build_paper_report(images, provenance, rows.name)
    if folder is not None:
        write_paper(folder, report, force)
    elif out is not None:
        write_report(out, report, force)
    return paper_markdown(report)


def seeded(settings: EvaluationSettings, seeds: str) -> EvaluationSettings:
    """With the draws of --seeds where they are given. Raises PromptError, also where --draws says another
    number.
    """
    if seeds and settings.draws != EvaluationSettings().draws:
        raise PromptError(
            f"--draws {settings.draws} and --seeds {seeds} both say how often to draw; leave one of them out"
        )
    return replace(settings, seeds=parse_seeds(seeds))


def _rows(manifest: Manifest, name: str, limit: Limit) -> SelectionSplit | ReportSplit:
    if name not in ("val", "test", "external"):
        raise DataError(f"split '{name}' can't be scored; use val, test or external")
    if name == "val":
        return limit.rows(selection_split(manifest))
    return limit.rows(report_split(manifest, name))


def checked_rows(data: Path, split: str, limit: Limit, skip_bad: bool) -> Checked:
    """Every row's files looked at, with a bar on stderr."""
    with progress(f"checking {split}") as advance:
        return check(data, partial(_rows, name=split, limit=limit), skip_bad, advance)


def provenance_of(model: str, segmenter: PromptableSegmenter, checked: Checked, limit: Limit) -> Provenance:
    """What the numbers come from; baselines have neither version nor weights."""
    known = Provenance(
        segmenter.name, checked.manifest.sha256, limit.count, skipped=checked.skipped, drawn=limit.drawn
    )
    if not isinstance(segmenter, Segmenter):
        return known
    return replace(
        known,
        model_version=segmenter.version,
        weights_sha256=weights_sha256(model),
        prompting=segmenter.facts.prompting,
        quality_calibrated=segmenter.facts.quality_calibrated,
    )


def segmenter_of(model: str) -> PromptableSegmenter:
    return BASELINES[model]() if model in BASELINES else Segmenter.load(model)


def evaluated(
    segmenter: PromptableSegmenter,
    rows: SelectionSplit | ReportSplit,
    settings: EvaluationSettings,
    journal: Journal | None = None,
) -> Evaluation:
    """Evaluates with a bar on stderr, so that stdout holds the tables alone."""
    with resumable(journal is not None), ticks(f"{segmenter.name} on {rows.name}", len(rows)) as tick:
        return evaluate_split(segmenter, rows, settings, lambda row, records: tick(), journal)


def untold_names(evaluation: Evaluation, *segmenters: PromptableSegmenter | None) -> Iterator[str]:
    """Where prompts were to say names: a line if no object has one, and one for each model that doesn't know
    all of them.
    """
    if not evaluation.settings.named:
        return
    names = further_names([one.structure for one in evaluation.records if one.structure])
    if not names:
        yield "--named changes nothing: no object has a name; write structures.csv beside the manifest"
    for model in (one for one in segmenters if isinstance(one, Segmenter)):
        unknown = [name for name in names if not known_name(name, model.facts.structures)]
        if unknown:
            listed = ", ".join(unknown[:MOST_LISTED]) + ", ..." * (len(unknown) > MOST_LISTED)
            yield f"{model.name} doesn't know {listed}: prompts for these say no name to it"


def title_of(name: str, evaluation: Evaluation, provenance: Provenance) -> str:
    first = f", {limit_text(provenance.stated)}" if provenance.limit else ""
    images = count_of(evaluation.images, "image")
    images = f"{images} with objects, {evaluation.images_without_objects} without{first}"
    about = "Dice, and in brackets the skill over the ellipse in the box."
    return f"{name} on {evaluation.split}: {images}. {about}"
