"""Where the numbers of a report come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from uniultra.evaluation.metrics import BOOTSTRAP_SAMPLES
from uniultra.evaluation.records import Skipped


@dataclass(frozen=True)
class Provenance:
    """Where the numbers come from.

    Attributes:
        model: the segmenter's name.
        manifest_sha256: of the manifest's bytes.
        limit: images of each data set that were evaluated; None for all.
        bootstrap_seed: of the intervals. The prompts' seeds follow from image, object, kind and draw, so
            there is none to record.
        bootstrap_samples: of the intervals.
        model_version: of the weights; None where there is none, as for baselines.
        weights_sha256: of the files that the model was loaded from, as `backends.open.weights_sha256` makes
            it, or of a peer's one file; None for what has none.
        prompting: how the model is prompted (`ModelFacts.prompting`); None for what has no such facts.
        skipped: rows that were left out from the start.
        drawn: whether those of a limit were drawn by a seed, and aren't the first ones.
        quality_calibrated: whether the predicted IoU was calibrated before; None where that isn't known, as
            for baselines.
    """

    model: str
    manifest_sha256: str
    limit: int | None = None
    bootstrap_seed: int = 0
    bootstrap_samples: int = BOOTSTRAP_SAMPLES
    model_version: str | None = None
    weights_sha256: str | None = None
    prompting: dict[str, Any] | None = None
    skipped: tuple[Skipped, ...] = ()
    drawn: bool = False
    quality_calibrated: bool | None = None

    @property
    def stated(self) -> dict[str, Any]:
        """What reports and journals say; `drawn` and `prompting` only where there is such, since older ones
        lack them. `quality_calibrated`, which follows from the weights, is for reports alone.
        """
        facts = asdict(self)
        del facts["quality_calibrated"]
        return {key: value for key, value in facts.items() if value or key not in ("drawn", "prompting")}


def quality_text(calibrated: bool | None) -> str:
    """Whether a model's quality was calibrated, for people; "" where that isn't known."""
    if calibrated is None:
        return ""
    if calibrated:
        return "The quality is calibrated (export --calibration): ECE is what is left of its error."
    return "The quality is not calibrated: ECE is of the predicted IoU as the model gives it."


def limit_text(report: Mapping[str, Any]) -> str:
    """Which images a report is about, for a heading: "" for all of a split."""
    if report["limit"] is None:
        return ""
    if report.get("drawn"):
        return f"{report['limit']} of each data set, drawn by seed"
    return f"the first {report['limit']} of each data set"
