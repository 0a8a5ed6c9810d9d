"""Did adapting help? The base and the adapted model on the same prompts of val, with the interval of their
difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from uniultra.data.splits import SelectionSplit
from uniultra.evaluation.records import Record
from uniultra.evaluation.report.compare import (
    BETTER,
    FEWEST_CLUSTERS,
    NOT_JUDGED,
    Comparison,
    Difference,
    compare,
)
from uniultra.evaluation.summary import ALL_ORGANS
from uniultra.models.promptable import PromptableModel
from uniultra.training.validation import View, validate, views_of


@dataclass(frozen=True)
class Gain:
    """What changed on val, which also chose the checkpoint: an optimistic figure, for a decision, not for a
    table.

    Attributes:
        own: adapted against base on the lab's val.
        others: the same on the replay manifest's val, organs that the lab's data doesn't have; None where
            none was given.
        unnamed: where names were learned, and `own` is by name: the same on the lab's val, of prompts that
            say no name; else None.
    """

    own: Comparison
    others: Comparison | None
    unnamed: Comparison | None = None

    @property
    def warnings(self) -> list[str]:
        """One line for each kind without a gain, and for each other organ that got worse."""
        lines = []
        for kind, organs in self.own.items():
            total = organs[ALL_ORGANS]
            if total.verdict == NOT_JUDGED:
                lines.append(
                    f"{kind}: {total.difference:+.3f} on {total.clusters} of val's clusters, too few; "
                    f"let val hold {FEWEST_CLUSTERS} patients or more"
                )
            elif total.verdict != BETTER:
                lines.append(
                    f"{kind}: no gain shown on val ({total.difference:+.3f}, {_span(total.interval)}); try "
                    "more images or steps"
                )
        for kind, organs in (self.others or {}).items():
            lines += [
                f"{kind}: {organ} got worse by {-found.difference:.3f} ({_span(found.interval)}"
                f"{_doubt(found)}); raise replay.share"
                for organ, found in organs.items()
                if found.interval is not None
                and found.interval[1] < 0
                and not (organ == ALL_ORGANS and len(organs) == 2)
            ]
        return lines


def measure_gain(
    base: PromptableModel,
    adapted: PromptableModel,
    val: SelectionSplit,
    others: SelectionSplit | None,
    named: bool = False,
) -> Gain:
    """Validates both models as a run does, on the same images and prompts.

    Args:
        named: the run learned names, so prompts say them, to the base as well where it knows them.
    """
    return Gain(
        _compared(base, adapted, val, named),
        _compared(base, adapted, others, named) if others else None,
        _compared(base, adapted, val, False) if named else None,
    )


def _compared(
    base: PromptableModel, adapted: PromptableModel, split: SelectionSplit, named: bool
) -> Comparison:
    views = views_of(split, adapted.input_size, adapted.focus_stretch)
    before, after = (_records(views, validate(model, views, named=named).scores) for model in (base, adapted))
    return compare(after, before)


def _records(views: Sequence[View], scores: Sequence[float]) -> list[Record]:
    return [
        Record(
            id=view.row.id,
            dataset=view.row.dataset,
            organ=view.organ,
            group=view.row.cluster,
            object_index=view.object_index,
            kind=view.kind,
            draw=0,
            dice=score,
            iou=score / (2.0 - score),
            quality=None,
            ellipse_dice=None,
            seconds=0.0,
        )
        for view, score in zip(views, scores, strict=True)
    ]


def _doubt(found: Difference) -> str:
    few = found.verdict == NOT_JUDGED
    return f", on {found.clusters} clusters of the replay's val, too few to judge" if few else ""


def _span(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f"{interval[0]:+.3f} to {interval[1]:+.3f}"
