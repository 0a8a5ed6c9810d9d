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

    @property
    def stated(self) -> dict[str, Any]:
        """What reports and journals say; `drawn` and `prompting` only where there is such, since older ones
        lack them.
        """
        facts = asdict(self)
        for key in ("drawn", "prompting"):
            if not facts[key]:
                del facts[key]
        return facts


def limit_text(report: Mapping[str, Any]) -> str:
    """Which images a report is about, for a heading: "" for all of a split."""
    if report["limit"] is None:
        return ""
    if report.get("drawn"):
        return f"{report['limit']} of each data set, drawn by seed"
    return f"the first {report['limit']} of each data set"
