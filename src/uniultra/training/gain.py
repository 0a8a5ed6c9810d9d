"""Did adapting help? The base and the adapted model on the same prompts of val, with the interval of their
difference.
"""

from __future__ import annotations

from dataclasses import dataclass

from uniultra.backends.torch import TorchBackend
from uniultra.data.splits import SelectionSplit
from uniultra.evaluation.protocol import evaluate
from uniultra.evaluation.report.compare import BETTER, WORSE, Comparison, compare
from uniultra.evaluation.settings import EvaluationSettings
from uniultra.evaluation.summary import ALL_ORGANS
from uniultra.models.promptable import PromptableModel
from uniultra.segmenter import Segmenter

KINDS = ("box10", "click1")
MOST_IMAGES = 60
"""Of each of the two manifests."""


@dataclass(frozen=True)
class Gain:
    """What changed on val, which also chose the checkpoint: an optimistic figure, for a decision, not for a
    table.

    Attributes:
        own: adapted against base on the lab's val.
        others: the same on the replay manifest's val, organs that the lab's data doesn't have; None where
            none was given.
    """

    own: Comparison
    others: Comparison | None

    @property
    def warnings(self) -> list[str]:
        """One line for each kind without a gain, and for each other organ that got worse."""
        lines = []
        for kind, organs in self.own.items():
            total = organs[ALL_ORGANS]
            if total.interval is None:
                lines.append(
                    f"{kind}: {total.difference:+.3f} on one cluster of val, too few for an interval; let "
                    "val hold two or more"
                )
            elif total.verdict != BETTER:
                lines.append(
                    f"{kind}: no gain shown on val ({total.difference:+.3f}, {_span(total.interval)}); try "
                    "more images or steps"
                )
        for kind, organs in (self.others or {}).items():
            lines += [
                f"{kind}: {organ} got worse by {-found.difference:.3f} ({_span(found.interval)}); raise "
                "replay.share"
                for organ, found in organs.items()
                if found.verdict == WORSE and found.interval is not None
            ]
        return lines


def measure_gain(
    base: PromptableModel, adapted: PromptableModel, val: SelectionSplit, others: SelectionSplit | None
) -> Gain:
    """Evaluates both models on evenly spaced images of each split."""
    return Gain(_compared(base, adapted, val), _compared(base, adapted, others) if others else None)


def _compared(base: PromptableModel, adapted: PromptableModel, split: SelectionSplit) -> Comparison:
    part = SelectionSplit(split.name, split.rows[:: -(-len(split) // MOST_IMAGES)])
    settings = EvaluationSettings(KINDS, draws=1)
    before, after = (
        evaluate(Segmenter(TorchBackend(model, name)), part, settings).records
        for model, name in ((base, "base"), (adapted, "adapted"))
    )
    return compare(after, before)


def _span(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f"{interval[0]:+.3f} to {interval[1]:+.3f}"
