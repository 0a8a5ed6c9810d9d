"""`uniultra evaluate`: how good a model is on a manifest, by organ and prompt, beside the ellipse in the
box.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uniultra.cli.protocols import (
    PAPER,
    STANDARD,
    TRACK,
    check_protocol,
    damage_settings,
    folder_of,
    run_paper,
    run_robustness,
)
from uniultra.cli.terminal.progress import progress, ticks
from uniultra.cli.terminal.text import printable_lines
from uniultra.cli.track_protocol import TrackRun, by_track
from uniultra.errors import DataError, PromptError
from uniultra.evaluation.settings import DAMAGED_IMAGES, KINDS, EvaluationSettings, parse_kinds, parse_seeds
from uniultra.registry import DEFAULT

if TYPE_CHECKING:
    from uniultra.data.manifest import Manifest
    from uniultra.data.splits import ReportSplit, SelectionSplit
    from uniultra.evaluation.journal import Journal
    from uniultra.evaluation.preflight import Checked
    from uniultra.evaluation.protocol import Evaluation, Limit
    from uniultra.evaluation.report.provenance import Provenance
    from uniultra.evaluation.report.run_report import Against
    from uniultra.evaluation.simulated_user import PromptableSegmenter

DEFAULTS = EvaluationSettings()
DEFAULT_KINDS = ",".join(DEFAULTS.kinds)


def evaluate(
    data: Annotated[
        Path, typer.Option(help="The manifest: a CSV, one row per image; see the docs for its columns.")
    ],
    model: Annotated[
        str, typer.Option(help="A published model, a model folder, or a baseline: ellipse, grabcut.")
    ] = DEFAULT,
    split: Annotated[str, typer.Option(help="val (to choose), test or external (to report).")] = "val",
    kinds: Annotated[
        str, typer.Option(help=f"Prompts, separated by commas, of: {', '.join(KINDS)}.")
    ] = DEFAULT_KINDS,
    draws: Annotated[
        int, typer.Option(help="How many random boxes and clicks to draw for each object.")
    ] = DEFAULTS.draws,
    seeds: Annotated[
        str,
        typer.Option(
            help="Seeds such as 42,2026,1337, instead of --draws; also gives the standard deviation."
        ),
    ] = "",
    against: Annotated[
        str | None,
        typer.Option(
            help="Make a paired comparison with a model, a folder, a baseline, or an earlier run's JSON."
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(help="Evaluate only N images of each data set, drawn by seed, for a quick check."),
    ] = None,
    first: Annotated[
        bool, typer.Option("--first", help="With --limit, the first N as listed, as earlier reports have.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Also write everything to this .json file or folder; in a folder an interrupted run is "
            "resumed."
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(help="Images evaluated in parallel; does not affect results.")
    ] = DEFAULTS.workers,
    protocol: Annotated[
        str,
        typer.Option(
            help="standard; paper: stretched images and the paper's metrics; track: clips; see the docs."
        ),
    ] = STANDARD,
    robustness: Annotated[
        bool, typer.Option("--robustness", help="Also evaluate corrupted images: gain, blur, text, ...")
    ] = False,
    robustness_limit: Annotated[
        int | None,
        typer.Option(
            help=f"How many images of each data set to damage, drawn by seed (default: {DAMAGED_IMAGES})."
        ),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Skip rows whose files can't be used, and list them.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Score a model on a manifest's images: Dice, skill over the ellipse in the box, calibration, by organ
    and prompt.
    """
    from uniultra.evaluation.protocol import Limit
    from uniultra.evaluation.report.gallery import picture_cases
    from uniultra.evaluation.report.run_report import build_report, tables_of, with_section, write_report
    from uniultra.evaluation.robustness.robustness_protocol import open_robustness
    from uniultra.evaluation.robustness.robustness_report import robustness_markdown
    from uniultra.evaluation.run_folder import DAMAGED_JOURNAL, open_folder, write_folder
    from uniultra.io.output import check_free

    own = {"--kinds": kinds != DEFAULT_KINDS, "--draws": draws != DEFAULTS.draws, "--seeds": bool(seeds)}
    check_protocol(protocol, own | {"--against": against is not None, "--robustness": robustness})
    damage, limited, folder = (
        damage_settings(robustness, robustness_limit, workers),
        Limit(limit, first),
        folder_of(out),
    )
    settings = _seeded(
        EvaluationSettings(_kinds_for(model, parse_kinds(kinds)), draws, workers, skip_bad), seeds
    )
    if out is not None and folder is None:
        check_free([out], force)
    if protocol == TRACK:
        checked_all = partial(_checked, data, split, Limit(None, first), True)
        return by_track(model, checked_all, TrackRun(limit, out, skip_bad, force))
    checked = _checked(data, split, limited, skip_bad)
    rows, segmenter = checked.rows, _segmenter(model)
    provenance = _provenance(model, segmenter, checked, limited)
    if protocol == PAPER:
        print(printable_lines(run_paper(segmenter, rows, provenance, workers, out, force)), end="")
        return None
    journal = None if folder is None else open_folder(folder, provenance, split, settings, force)
    damaged_journal = None
    if damage is not None and folder is not None:
        about = {**provenance.stated, "split": split}
        damaged_journal = open_robustness(folder / DAMAGED_JOURNAL, damage, about)
    evaluation = _with_progress(segmenter, rows, settings, journal)
    if not evaluation.records:
        what = f"split '{split}' of '{data}' shows no object"
        raise DataError(f"{what}, so there is nothing to score; check its masks")
    compared = None if against is None else _compared(against, rows, evaluation, provenance)
    damaged = None if damage is None else run_robustness(segmenter, rows, evaluation, damage, damaged_journal)
    if folder is not None:
        cases = picture_cases(segmenter, rows, evaluation)
        write_folder(folder, evaluation, provenance, compared, cases, damaged, force)
    elif out is not None:
        report = build_report(evaluation, provenance, compared)
        write_report(out, report if damaged is None else with_section(report, "robustness", damaged), force)
    tables = tables_of(evaluation, provenance, compared)
    if damaged is not None:
        tables.append(robustness_markdown(damaged))
    print(printable_lines("\n".join([_title(segmenter.name, evaluation, provenance), *tables])), end="")


def _seeded(settings: EvaluationSettings, seeds: str) -> EvaluationSettings:
    """With the draws of --seeds where they are given. Raises PromptError, also where --draws says another
    number.
    """
    if seeds and settings.draws != DEFAULTS.draws:
        raise PromptError(
            f"--draws {settings.draws} and --seeds {seeds} both say how often to draw; leave one of them out"
        )
    return replace(settings, seeds=parse_seeds(seeds))


def _compared(
    other: str, rows: SelectionSplit | ReportSplit, evaluation: Evaluation, provenance: Provenance
) -> Against:
    """The other segmenter's answers to the same prompts, run now or read from an earlier run's file, and the
    differences.
    """
    from uniultra.evaluation.report.compare import compare
    from uniultra.evaluation.report.run_report import Against, read_report

    if Path(other, "report.json").is_file():
        other = str(Path(other, "report.json"))
    if other.endswith(".json"):
        stored = read_report(Path(other))
        if (stored.manifest_sha256, stored.split) != (provenance.manifest_sha256, evaluation.split):
            raise DataError(
                f"'{other}' is of another manifest or of split '{stored.split}', so its prompts differ; "
                "evaluate on the same"
            )
        name, records = stored.model, stored.records
    else:
        segmenter = _segmenter(other)
        settings = replace(evaluation.settings, kinds=_kinds_for(other, evaluation.settings.kinds))
        name, records = segmenter.name, _with_progress(segmenter, rows, settings).records
    return Against(
        name, compare(evaluation.records, records, provenance.bootstrap_seed, provenance.bootstrap_samples)
    )


def _kinds_for(model: str, kinds: tuple[str, ...]) -> tuple[str, ...]:
    """What a segmenter can answer: baselines take boxes alone. Raises PromptError where nothing is left."""
    from uniultra.evaluation.baselines import BASELINES

    if model not in BASELINES:
        return kinds
    boxes = tuple(name for name in kinds if name not in KINDS or KINDS[name].is_box)
    if kinds and not boxes:
        legal = ",".join(kind.name for kind in KINDS.values() if kind.is_box)
        raise PromptError(f"the baseline '{model}' takes boxes only; give --kinds some of {legal}")
    return boxes


def _rows(manifest: Manifest, name: str, limit: Limit) -> SelectionSplit | ReportSplit:
    from uniultra.data.splits import report_split, selection_split

    if name not in ("val", "test", "external"):
        raise DataError(f"split '{name}' can't be scored; use val, test or external")
    if name == "val":
        return limit.rows(selection_split(manifest))
    return limit.rows(report_split(manifest, name))


def _checked(data: Path, split: str, limit: Limit, skip_bad: bool) -> Checked:
    """Every row's files looked at, with a bar on stderr."""
    from uniultra.evaluation.preflight import check

    with progress(f"checking {split}") as advance:
        return check(data, partial(_rows, name=split, limit=limit), skip_bad, advance)


def _provenance(model: str, segmenter: PromptableSegmenter, checked: Checked, limit: Limit) -> Provenance:
    """What the numbers come from; baselines have neither version nor weights."""
    from uniultra.backends.open import weights_sha256
    from uniultra.evaluation.report.provenance import Provenance
    from uniultra.segmenter import Segmenter

    known = Provenance(segmenter.name, checked.manifest.sha256, limit.count, drawn=limit.drawn)
    known = replace(known, skipped=checked.skipped)
    if not isinstance(segmenter, Segmenter):
        return known
    weights, facts = weights_sha256(model), segmenter.facts
    known = replace(known, quality_calibrated=facts.quality_calibrated)
    return replace(known, model_version=facts.version, weights_sha256=weights, prompting=facts.prompting)


def _segmenter(model: str) -> PromptableSegmenter:
    from uniultra.evaluation.baselines import BASELINES
    from uniultra.segmenter import Segmenter

    return BASELINES[model]() if model in BASELINES else Segmenter.load(model)


def _with_progress(
    segmenter: PromptableSegmenter,
    rows: SelectionSplit | ReportSplit,
    settings: EvaluationSettings,
    journal: Journal | None = None,
) -> Evaluation:
    """Evaluates with a bar on stderr, so that stdout holds the tables alone."""
    from uniultra.cli.terminal.ending import resumable
    from uniultra.evaluation.protocol import evaluate as evaluate_split

    with resumable(journal is not None), ticks(f"{segmenter.name} on {rows.name}", len(rows)) as tick:
        return evaluate_split(segmenter, rows, settings, lambda row, records: tick(), journal)


def _title(name: str, evaluation: Evaluation, provenance: Provenance) -> str:
    from uniultra.evaluation.report.provenance import limit_text

    first = f", {limit_text(provenance.stated)}" if provenance.limit else ""
    noun = "image" if evaluation.images == 1 else "images"
    images = f"{evaluation.images} {noun} with objects, {evaluation.images_without_objects} without{first}"
    return (
        f"{name} on {evaluation.split}: {images}. Dice, and in brackets the skill over the ellipse in the "
        "box.\n"
    )
