"""What a predicted quality is corrected by, for clicks, for clicks that say a name, and for previous masks:
how clear the edge of the answer is.

The decoder rates each pass for itself, and was calibrated on all kinds of prompt together. An answer with a
soft edge is worse than it says, one with a clear edge better; and of the passes on clicks the first one,
which has no box to believe, knows best. So a model may bring three numbers for each of the three kinds,
fitted on val by `uniultra calibrate --by-prompt`. With a box, and where a model brings none, the quality
stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass, replace
from typing import Any

import numpy as np

from uniultra.types import Mask, Prompt

EDGE = 1e-4
"""Qualities and stabilities are kept this far from 0 and 1."""
STABILITY_SHIFT = 1.0
"""In logits, as SAM has it."""


@dataclass(frozen=True)
class QualityTerms:
    """logit(corrected) = slope * logit(quality) + offset + stability * logit(stability)."""

    slope: float = 1.0
    offset: float = 0.0
    stability: float = 0.0


KINDS = ("clicks", "named", "mask")
"""What an answer may be prompted with and have terms for: the attributes of `PromptQuality`."""


@dataclass(frozen=True)
class PromptQuality:
    """The terms of a model, by what an answer was prompted with.

    Attributes:
        clicks: clicks alone, followed in several passes; the quality is the first one's.
        named: the same, where the prompt says a name that the model has learned; `clicks` where there are
            none.
        mask: a previous mask, with clicks or without, and no box.
    """

    clicks: QualityTerms | None = None
    named: QualityTerms | None = None
    mask: QualityTerms | None = None

    def beside(self, other: PromptQuality) -> PromptQuality:
        """These terms, and of kinds that have none those of `other`."""
        return PromptQuality(**{kind: getattr(self, kind) or getattr(other, kind) for kind in KINDS})

    @property
    def stated(self) -> dict[str, dict[str, float]]:
        """The terms that there are, by kind, as plain values: what model.json says."""
        return {kind: asdict(terms) for kind in KINDS if (terms := getattr(self, kind)) is not None}

    def rated(self, mask: Mask, prompt: Prompt, named: bool = False) -> Mask:
        """An answer with its quality corrected; as it is where the prompt has a box, where there are no terms
        for it, and where a note says that there is nothing to see. `named`: the model knows its name.
        """
        clicks = (named and self.named) or self.clicks
        terms = clicks if prompt.mask_hw is None else self.mask
        if terms is None or prompt.box_xyxy is not None or mask.notes:
            return mask
        quality = mask.quality if mask.first_quality is None else mask.first_quality
        seen = evidence([quality], [stability(mask.logits_hw)])
        return replace(mask, quality=float(corrected(seen, terms)[0]))


AS_DECODED = PromptQuality()
"""No terms."""


def stability(logits_hw: np.ndarray) -> float:
    """The share of the mask cut at -STABILITY_SHIFT that is left at +STABILITY_SHIFT, an IoU; 0 for an empty
    one.
    """
    wide = np.count_nonzero(logits_hw > -STABILITY_SHIFT)
    return float(np.count_nonzero(logits_hw > STABILITY_SHIFT) / wide) if wide else 0.0


def evidence(quality: Sequence[float] | np.ndarray, stability: Sequence[float] | np.ndarray) -> np.ndarray:
    """What the terms weigh, in their order: (N, 3) float64 of N answers' qualities and stabilities, 0 to 1
    each.
    """
    rated, stable = (_logit(np.asarray(values, np.float64)) for values in (quality, stability))
    return np.stack([rated, np.ones(len(rated)), stable], axis=1)


def corrected(evidence: np.ndarray, terms: QualityTerms) -> np.ndarray:
    """Qualities (N,), over 0 and below 1, of `evidence` (N, 3)."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(evidence @ np.array(astuple(terms)), -30, 30))))


def _logit(share: np.ndarray) -> np.ndarray:
    kept = np.clip(share, EDGE, 1.0 - EDGE)
    return np.asarray(np.log(kept / (1.0 - kept)))


def is_number(value: Any) -> bool:
    """Whether a value of a JSON file is a finite number; true and false are none."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)
