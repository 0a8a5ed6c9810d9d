"""The quality, calibrated: quality = sigmoid(slope * logit(raw) + offset), fitted on val so that it is the
mean IoU to expect.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from uniultra.errors import DataError

EDGE = 1e-4
"""Raw qualities are kept this far from 0 and 1, here and in the exported graph."""


@dataclass(frozen=True)
class QualityFit:
    """The two numbers, and how many answers they were fitted on."""

    slope: float
    offset: float
    answers: int


def calibrate(quality: np.ndarray, slope: float, offset: float) -> np.ndarray:
    """Applies a fit to raw qualities 0..1."""
    raw = np.clip(quality, EDGE, 1.0 - EDGE)
    return np.asarray(1.0 / (1.0 + np.exp(-(slope * np.log(raw / (1.0 - raw)) + offset))))


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
    if len(quality) < 20:
        raise DataError(f"{len(quality)} answers are too few to calibrate on; it takes at least 20")
    raw = np.clip(quality, EDGE, 1.0 - EDGE)
    inputs = np.stack([np.log(raw / (1.0 - raw)), np.ones(len(raw))], axis=1)
    weights = np.array([1.0, 0.0])
    for _ in range(steps):
        predicted = 1.0 / (1.0 + np.exp(-inputs @ weights))
        gradient = inputs.T @ (predicted - iou)
        curvature = (inputs * (predicted * (1.0 - predicted))[:, None]).T @ inputs + 1e-6 * np.eye(2)
        weights = weights - np.linalg.solve(curvature, gradient)
    if not (np.isfinite(weights).all() and 0.05 < weights[0] < 20):
        raise DataError(
            f"the fit gave slope {weights[0]:.3g}: these qualities don't rise with the true IoU; there is "
            "nothing to calibrate"
        )
    return QualityFit(float(weights[0]), float(weights[1]), len(quality))


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
    try:
        content = json.loads(report.read_text(encoding="utf-8"))
        split, records = content["split"], content["records"]
        known = {record["dataset"] for record in records}
        counted = [record for record in records if not datasets or record["dataset"] in datasets]
        pairs = [(record["quality"], record["iou"]) for record in counted if record["quality"] is not None]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"'{report}' is not a report of `uniultra evaluate --out`: {error}") from error
    if split != "val":
        raise DataError(
            f"'{report}' is of split '{split}'; only val may choose anything, so calibrate on val"
        )
    if content.get("quality_calibrated") or content.get("weights_sha256") in calibrated:
        raise DataError(
            f"'{report}' is of {content.get('model')}, whose quality is calibrated already; `export "
            "--calibration` would put this fit in place of that one: evaluate the model that you trained"
        )
    for name in datasets:
        if name not in known:
            raise DataError(
                f"'{report}' has no answers of a set '{name}'; its sets are {', '.join(sorted(known))}"
            )
    if not pairs:
        raise DataError(f"'{report}' holds no predicted quality; evaluate a model, not a baseline")
    found = np.array(pairs, dtype=np.float64)
    return found[:, 0], found[:, 1]
