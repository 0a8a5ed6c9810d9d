"""The accuracy to put beside the times: from reports of `uniultra evaluate`, given as NAME=report.json."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uniultra.errors import DataError, PromptError
from uniultra.evaluation.report.run_report import read_report
from uniultra.evaluation.summary import ALL_ORGANS, summarise


@dataclass(frozen=True)
class Accuracy:
    """Mean Dice over organs of one kind of prompt on one split, and who made it on what; `made_with` as in
    `StoredRun`.
    """

    dice: float
    kind: str
    split: str
    model: str
    manifest_sha256: str
    made_with: tuple[str | None, dict[str, Any] | None] = (None, None)


def read_accuracies(given: Sequence[str], kind: str) -> dict[str, Accuracy]:
    """Name of a contestant -> its accuracy.

    Raises:
        PromptError: a text isn't NAME=FILE, or a name comes twice.
        DataError: a file is no report, or has no such kind of prompt; or the reports are of different data or
            splits.
    """
    found: dict[str, Accuracy] = {}
    for text in given:
        name, separator, file = text.partition("=")
        if not (name and separator and file):
            raise PromptError(
                f"--accuracy '{text}' is not NAME=FILE; give it as in uniultra-mini=report.json"
            )
        if name in found:
            raise PromptError(f"--accuracy names '{name}' twice; give one report per contestant")
        found[name] = _read(Path(file), kind)
    if len({(each.manifest_sha256, each.split) for each in found.values()}) > 1:
        raise DataError(
            "the reports of --accuracy are of different data or splits and can't stand in one plot; "
            "evaluate all on the same"
        )
    return found


def check_names(accuracies: Iterable[str], contestants: Iterable[str]) -> None:
    """Raises PromptError where an accuracy belongs to nobody."""
    known = list(contestants)
    for name in accuracies:
        if name not in known:
            raise PromptError(
                f"--accuracy names '{name}', which isn't timed here; the contestants are {', '.join(known)}"
            )


def of_others(
    accuracies: Mapping[str, Accuracy], timed: Mapping[str, tuple[str, dict[str, Any]]]
) -> list[str]:
    """A warning for each accuracy whose report names other weights, or another way to prompt them, than what
    was timed under its name.

    Args:
        accuracies: by contestant.
        timed: of our own models, by contestant: the weights' hash and `ModelFacts.prompting`.
    """
    found = []
    for name, accuracy in accuracies.items():
        pairs = zip(accuracy.made_with, timed.get(name, ()), strict=False)
        if any(said is not None and said != now for said, now in pairs):
            found.append(
                f"the accuracy of '{name}' is of other weights or passes (model.json) than those timed; "
                "evaluate again"
            )
    return found


def _read(path: Path, kind: str) -> Accuracy:
    run = read_report(path)
    summary = summarise(run.records, samples=2)  # the means alone; no interval is shown
    if kind not in summary:
        raise DataError(
            f"'{path}' has no answers to '{kind}'; its kinds are {', '.join(summary)}: give one with --kind"
        )
    dice = summary[kind][ALL_ORGANS].dice
    return Accuracy(dice, kind, run.split, run.model, run.manifest_sha256, run.made_with)
