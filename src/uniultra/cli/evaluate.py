"""`uniultra evaluate`: how good a model is on a manifest, by organ and prompt, beside the ellipse in the
box.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from uniultra.cli.terminal.text import printable_lines, say, tell
from uniultra.cli.track_protocol import TrackRun, by_track, folder_of
from uniultra.errors import DataError
from uniultra.evaluation.settings import DAMAGED_IMAGES, KINDS, EvaluationSettings, parse_kinds
from uniultra.registry import DEFAULT

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
    named: Annotated[
        bool, typer.Option("--named", help="Tell the model what each object is called (structures.csv).")
    ] = False,
    against: Annotated[
        str | None,
        typer.Option(
            help="Make a paired comparison with a model, a folder, a baseline, or an earlier run's JSON."
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            help="Evaluate only N images of each data set, drawn by seed, for a quick check; with --protocol "
            "track, simulate N cines from stills of each: all real clips are followed."
        ),
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
    ] = "standard",
    true_mask: Annotated[
        bool,
        typer.Option(
            "--true-mask",
            help="With --protocol track: prompt with the true mask of the first frame, not with its box.",
        ),
    ] = False,
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
    from uniultra.cli.work import against as others
    from uniultra.cli.work import evaluation as work
    from uniultra.evaluation.protocol import Limit
    from uniultra.evaluation.report.gallery import picture_cases
    from uniultra.evaluation.report.run_report import build_report, tables_of, write_report
    from uniultra.evaluation.robustness.robustness_protocol import open_robustness
    from uniultra.evaluation.run_folder import DAMAGED_JOURNAL, open_folder, write_folder
    from uniultra.io.output import check_free

    own = {"--kinds": kinds != DEFAULT_KINDS, "--draws": draws != DEFAULTS.draws, "--seeds": bool(seeds)}
    own |= {"--named": named, "--against": against is not None, "--robustness": robustness}
    work.check_protocol(protocol, own, true_mask)
    damage = work.damage_settings(robustness, robustness_limit, workers)
    limited, folder = work.limit_of(protocol, limit, first, workers), folder_of(out)
    requested = others.kinds_for(model, parse_kinds(kinds))
    settings = work.seeded(EvaluationSettings(requested, draws, workers, skip_bad, named=named), seeds)
    if out is not None and folder is None:
        check_free([out], force)
    if protocol == work.TRACK:
        checked_all = partial(work.checked_rows, data, split, Limit(None), True)
        return by_track(model, checked_all, TrackRun(limit, out, skip_bad, force, true_mask))
    checked = work.checked_rows(data, split, limited, skip_bad)
    rows, files, segmenter = checked.rows, checked.files, work.segmenter_of(model)
    provenance = work.provenance_of(model, segmenter, checked, limited)
    if protocol == work.PAPER:
        print(printable_lines(work.run_paper(segmenter, checked, provenance, workers, out, force)), end="")
        return None
    other = None if against is None else others.opponent(against, checked, settings, split)
    journal = None if folder is None else open_folder(folder, provenance, split, settings, force, files)
    damaged_journal = None
    if damage is not None and folder is not None:
        about = {**provenance.stated, "split": split}
        damaged_journal = open_robustness(folder / DAMAGED_JOURNAL, damage, about, files)
    evaluation = work.evaluated(segmenter, rows, settings, journal)
    if not evaluation.records:
        raise DataError(
            f"split '{split}' of '{data}' shows no object, so there is nothing to score; check its masks"
        )
    compared = None if other is None else others.compared(other, rows, evaluation, provenance)
    damaged = None
    if damage is not None:
        damaged = work.run_robustness(segmenter, rows, evaluation, damage, damaged_journal)
    if folder is not None:
        cases = picture_cases(segmenter, rows, evaluation)
        write_folder(folder, evaluation, provenance, compared, cases, damaged, force)
    elif out is not None:
        write_report(out, build_report(evaluation, provenance, compared, damaged), force)
    say(work.title_of(segmenter.name, evaluation, provenance), "")
    print(printable_lines("\n".join(tables_of(evaluation, provenance, compared, damaged))), end="")
    tell(work.untold_names(evaluation, segmenter, None if other is None else other.segmenter))
    if folder is not None:
        say("", f"Report in {folder}: open {folder / 'report.html'}")
