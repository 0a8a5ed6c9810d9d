"""The quality, calibrated: quality = sigmoid(slope * logit(raw) + offset), fitted on val so that it is the
mean IoU to expect; and the terms by which that of clicks and of previous masks is corrected.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from uniultra.errors import DataError
from uniultra.evaluation.records import check_standard, report_file
from uniultra.evaluation.settings import KINDS
from uniultra.named import known_name
from uniultra.quality import QualityTerms, corrected, evidence, is_number
from uniultra.text import misfit

LEAST_ANSWERS = 20


@dataclass(frozen=True)
class QualityFit:
    """The two numbers, and how many answers they were fitted on."""

    slope: float
    offset: float
    answers: int


def calibrate(quality: np.ndarray, slope: float, offset: float) -> np.ndarray:
    """Applies a fit to raw qualities 0..1."""
    return corrected(evidence(quality, quality), QualityTerms(slope, offset))


@dataclass(frozen=True)
class Answers:
    """What one kind of prompt gave on val.

    Attributes:
        seen: `uniultra.quality.evidence`, (N, 3).
        quality: as the answers were given, (N,).
        iou: the true IoU, (N,).
    """

    seen: np.ndarray
    quality: np.ndarray
    iou: np.ndarray


def fit_quality(quality: np.ndarray, iou: np.ndarray, steps: int = 50) -> QualityFit:
    """Least cross-entropy between true IoU and calibrated quality, by Newton's method (logistic regression
    with soft targets).

    Args:
        quality: raw qualities, (N,), 0..1.
        iou: the true IoU of the same answers, (N,).
        steps: of Newton's method; it converges in about ten.

    Raises:
        DataError: fewer than 20 answers, or qualities that don't rise with the true IoU.
    """
    slope, offset = _fitted(evidence(quality, quality)[:, :2], iou, steps)
    return QualityFit(slope, offset, len(quality))


def fit_terms(answers: Answers, steps: int = 50) -> QualityTerms:
    """As `fit_quality`, of the evidence of one kind of prompt. Raises DataError as there."""
    return QualityTerms(*_fitted(answers.seen, answers.iou, steps))


def _fitted(inputs: np.ndarray, iou: np.ndarray, steps: int) -> tuple[float, ...]:
    """The weights (K,) of inputs (N, K), of which the first is the quality's logit. Raises DataError."""
    if len(inputs) < LEAST_ANSWERS:
        raise DataError(
            f"{len(inputs)} answers are too few to calibrate on; it takes at least {LEAST_ANSWERS}"
        )
    weights = np.eye(inputs.shape[1])[0]
    for _ in range(steps):
        predicted = 1.0 / (1.0 + np.exp(-np.clip(inputs @ weights, -30.0, 30.0)))
        gradient = inputs.T @ (predicted - iou)
        curvature = (inputs * (predicted * (1.0 - predicted))[:, None]).T @ inputs
        weights = weights - np.linalg.solve(curvature + 1e-6 * np.eye(inputs.shape[1]), gradient)
    if not (np.isfinite(weights).all() and 0.05 < weights[0] < 20):
        raise DataError(
            f"the fit gave slope {weights[0]:.3g}: these qualities don't rise with the true IoU; there is "
            "nothing to calibrate"
        )
    return tuple(float(weight) for weight in weights)


def read_answers(
    report: Path, datasets: Sequence[str] = (), calibrated: Collection[str] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Raw qualities and true IoUs from a file that `uniultra evaluate --out` wrote for val.

    Args:
        report: the file.
        datasets: the sets whose answers count; empty for all.
        calibrated: weights (`backends.open.weights_sha256`) whose qualities aren't raw.

    Raises:
        DataError: not such a file, another split than val, a set that isn't in it, no qualities in it, or a
            model whose quality is calibrated, as the file says or `calibrated` does.
    """
    content, records = _read(report, datasets)
    if content.get("quality_calibrated") or content.get("weights_sha256") in calibrated:
        raise DataError(
            f"'{report}' is of {content.get('model')}, whose quality is calibrated already; `export "
            "--calibration` would put this fit in place of that one: evaluate the model that you trained"
        )
    found = np.array([(record["quality"], record["iou"]) for record in records], dtype=np.float64)
    return found[:, 0], found[:, 1]


def read_by_prompt(report: Path, datasets: Sequence[str] = ()) -> dict[str, Answers]:
    """The answers to clicks alone ("clicks", or "named" where they said a name that the model knows; the
    quality is the first pass's) and to a previous mask ("mask": further clicks are given with one) in such a
    file; kinds that it lacks are left out. An answer of quality 0 saw nothing, stays so, and doesn't count.

    Raises:
        DataError: as `read_answers`; qualities to a previous mask that are corrected by prompt already (of
            clicks the first pass's never is); a file of an earlier version, without the answers' stability;
            boxes alone.
    """
    content, records = _read(report, datasets)
    prompting = content.get("prompting")
    prompting = prompting if isinstance(prompting, dict) else {}
    known = prompting.get("structures", ()) if content.get("named") else ()
    found: dict[str, list[tuple[float, ...]]] = {}
    for record in records:
        if record["quality"] == 0.0 or _is_box(record):
            continue
        if record.get("stability") is None:
            raise DataError(
                f"'{report}' was written by an earlier version, without the answers' stability; evaluate "
                "again"
            )
        first = record.get("first_quality")
        clicks = "named" if known_name(record.get("structure") or "", known) else "clicks"
        kind, seen = ("mask", record["quality"]) if first is None else (clicks, first)
        found.setdefault(kind, []).append((seen, record["stability"], record["quality"], record["iou"]))
    if "mask" in found and "mask" in (prompting.get("quality") or {}):
        raise DataError(
            f"'{report}' is of {content.get('model')}, whose quality of masks is corrected by prompt "
            "already; remove 'quality' from its model.json, and evaluate again, or evaluate --kinds "
            "click1,uclick1,scribble"
        )
    if not found:
        raise DataError(f"'{report}' has boxes alone; evaluate with --kinds click1,uclick1,click3,mask")
    tables = {kind: np.array(numbers, dtype=np.float64).T for kind, numbers in found.items()}
    return {kind: Answers(evidence(*table[:2]), *table[2:]) for kind, table in tables.items()}


def _is_box(record: dict[str, Any]) -> bool:
    kind = KINDS.get(str(record.get("kind")))
    return kind is not None and (kind.is_box or kind.corrects)


def _is_rated(record: dict[str, Any]) -> bool:
    """Whether a record has a quality. Raises TypeError where one of its numbers isn't one."""
    given = [record.get(name) for name in ("quality", "stability", "first_quality")]
    for value in (record["iou"], *(value for value in given if value is not None)):
        if not is_number(value):
            raise TypeError(f"{value!r:.40} is not a number")
    return given[0] is not None


def _read(report: Path, datasets: Sequence[str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The report, and its records of these sets that have a quality. Raises DataError."""
    report = report_file(report)
    try:
        content = json.loads(report.read_text(encoding="utf-8"))
        check_standard(content, report)
        split, records = content["split"], content["records"]
        known = {record["dataset"] for record in records}
        counted = [record for record in records if not datasets or record["dataset"] in datasets]
        rated = [record for record in counted if _is_rated(record)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f"'{report}' is not a report of `uniultra evaluate --out`: {misfit(error)}"
        ) from error
    if split != "val":
        raise DataError(
            f"'{report}' is of split '{split}'; only val may choose anything, so calibrate on val"
        )
    for name in datasets:
        if name not in known:
            raise DataError(
                f"'{report}' has no answers of a set '{name}'; its sets are {', '.join(sorted(known))}"
            )
    if not rated:
        raise DataError(f"'{report}' holds no predicted quality; evaluate a model, not a baseline")
    return content, rated
