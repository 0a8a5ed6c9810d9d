"""`uniultra calibrate`: fits the quality on val answers; `uniultra export --calibration` puts the fit into
the graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from uniultra.cli.terminal.text import say, tell
from uniultra.errors import DataError
from uniultra.text import comma_parts


def calibrate(
    report: Annotated[
        Path,
        typer.Argument(
            help="The file from `uniultra evaluate --split val --out FILE` for the uncalibrated model."
        ),
    ],
    out: Annotated[Path, typer.Option(help="JSON file for slope and offset.")],
    datasets: Annotated[
        str,
        typer.Option(help="Fit only on these data sets, separated by commas (default: all)."),
    ] = "",
    by_prompt: Annotated[
        bool,
        typer.Option(
            "--by-prompt", help="Fit the corrections for clicks and for previous masks, for model.json."
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Calibrate a model's quality so that it predicts the IoU. Fits two numbers on val, and reports the error
    before and after. With --by-prompt, fits the terms for clicks and previous masks of a model that already
    has those two.
    """
    from dataclasses import asdict

    from uniultra.backends.open import weights_sha256
    from uniultra.evaluation.metrics import expected_calibration_error
    from uniultra.evaluation.quality import calibrate as apply
    from uniultra.evaluation.quality import fit_quality, read_answers
    from uniultra.io.output import write_json
    from uniultra.registry import MODELS

    names = comma_parts(datasets)
    if by_prompt:
        _by_prompt(report, out, names, force)
        return
    quality, iou = read_answers(report, names, {weights_sha256(entry.name) for entry in MODELS})
    fit = fit_quality(quality, iou)
    before = expected_calibration_error(quality, iou)
    after = expected_calibration_error(apply(quality, fit.slope, fit.offset), iou)
    errors = {"ece_before": round(before, 5), "ece_after": round(after, 5)}
    write_json(out, {**asdict(fit), **errors, "split": "val", "datasets": list(names)}, force)
    say(
        f"slope {fit.slope:.4f}, offset {fit.offset:+.4f} on {fit.answers} answers of val; ECE {before:.3f} "
        f"before, {after:.3f} after"
    )
    tell(_doubts("", before, after))


def _by_prompt(report: Path, out: Path, names: tuple[str, ...], force: bool) -> None:
    from dataclasses import asdict

    from uniultra.evaluation.metrics import expected_calibration_error
    from uniultra.evaluation.quality import fit_terms, read_by_prompt
    from uniultra.io.output import write_json
    from uniultra.quality import corrected

    found, lines = {}, []
    notes: list[str] = []
    refused: list[str] = []
    for kind, answers in read_by_prompt(report, names).items():
        try:
            terms = fit_terms(answers)
        except DataError as error:
            refused.append(f"{kind}: {error}")
            continue
        before, after = (
            expected_calibration_error(quality, answers.iou)
            for quality in (answers.quality, corrected(answers.seen, terms))
        )
        errors = {"ece_before": round(before, 5), "ece_after": round(after, 5)}
        found[kind] = {**asdict(terms), "answers": len(answers.iou), **errors}
        said = ", ".join(f"{name} {value:+.4f}" for name, value in asdict(terms).items())
        lines.append(
            f"{kind}: {said} on {len(answers.iou)} answers of val; ECE {before:.3f} before, {after:.3f} after"
        )
        notes += _doubts(f"{kind}: ", before, after)
    if not found:
        raise DataError("; ".join(refused))
    write_json(out, {"quality": found, "split": "val", "datasets": list(names)}, force)
    say(*lines)
    tell([*notes, *(f"{why}; left out, so that its quality stays as the model has it" for why in refused)])


def _doubts(what: str, before: float, after: float) -> Iterator[str]:
    """A word where a fit, which lowers the cross-entropy, leaves a larger error than there was."""
    if after > before:
        yield (
            f"{what}the error is larger with this fit ({after:.3f}) than without ({before:.3f}): the quality "
            "was about right; export without it, or fit on more answers"
        )
