"""How a click is best followed: Dice and passes of the settings in model.json, chosen on val.

    python benchmarks/click_passes.py --data manifest.csv --limit 15 --model uniultra-mini

Each object of val's first images is clicked in its middle and anywhere (the first draw of `uclick1`). Three
first views (the whole frame, the closer one, one half as large) are followed as `Segmenter` follows them, all
crops made. From these the script reads off what any `agreed`, `sure` and `closer_by` would have answered,
with how many passes, and what the best of the distinct answers has: what alternatives are worth.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise, product
from pathlib import Path

import numpy as np

from uniultra.click_views import closer_view
from uniultra.data.manifest import read_manifest
from uniultra.data.prompt_simulation import centre_click, uniform_click
from uniultra.data.splits import selection_split
from uniultra.evaluation.metrics import dice
from uniultra.evaluation.protocol import first_rows, read_objects
from uniultra.evaluation.settings import stable_seed
from uniultra.model_facts import Passes
from uniultra.postprocess import distinct, overlap, trust
from uniultra.segmenter import Segmenter
from uniultra.types import Frame, Mask, Prompt

AGREED, SURE, CLOSER_BY = (0.85, 0.9, 1.0), (0.4, 0.5, 0.6, 0.7, 1.0), (0.0, 0.1, 0.2, 0.3, 0.5)


@dataclass(frozen=True)
class Followed:
    """What one first view led to: trust after so many crops, Dice and IoU with the pass before, by pass."""

    trusts: tuple[float, ...]
    dices: tuple[float, ...]
    agreements: tuple[float, ...]

    def crops(self, agreed: float) -> int:
        """How many crops are looked at before two passes agree; all where they don't."""
        return next(
            (n for n, iou in enumerate(self.agreements, start=1) if iou > agreed), len(self.agreements)
        )


@dataclass(frozen=True)
class Click:
    """A click of one kind on one organ: its first views, followed, and the best Dice of the distinct
    answers.
    """

    kind: str
    organ: str
    views: tuple[Followed, ...]
    best: float
    answers: int


def main() -> None:
    """Prints a Markdown table, the settings of today's first, then the best of the grid by the mean of both
    kinds.
    """
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_written)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=15)
    parser.add_argument("--model", default="uniultra-mini")
    options = parser.parse_args()
    model = Segmenter.load(options.model, threads=1)
    every = replace(model.facts, passes=replace(model.facts.passes, agreed=1.0))
    clicks = list(_clicks(Segmenter(replace(model.backend, facts=every)), options.data, options.limit))  # type: ignore[type-var]
    rows = [_row(clicks, model.facts.passes), _row(clicks, Passes())]
    grid = [Passes(agreed=a, sure=s, closer_by=c) for a, s, c in product(AGREED, SURE, CLOSER_BY)]
    rows += sorted((_row(clicks, passes) for passes in grid), key=lambda row: -row.mean)
    print("| agreed | sure | closer_by | middle: Dice | passes | anywhere: Dice | passes |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    print("\n".join(row.line for row in rows))
    for kind in ("click1", "uclick1"):
        own = [click for click in clicks if click.kind == kind]
        best = _over_organs(own, lambda click: click.best)
        print(
            f"\n{kind}: best of the distinct answers {best:.4f}, of {np.mean([c.answers for c in own]):.2f} "
            "on average"
        )


@dataclass(frozen=True)
class _Row:
    mean: float
    line: str


def _row(clicks: list[Click], passes: Passes) -> _Row:
    cells, dices = [], []
    for kind in ("click1", "uclick1"):
        own = [click for click in clicks if click.kind == kind]
        dices.append(_over_organs(own, lambda click: _answer(click, passes)[0]))
        cells += [f"{dices[-1]:.4f}", f"{np.mean([_answer(click, passes)[1] for click in own]):.2f}"]
    settings = f"{passes.agreed:g} | {passes.sure:g} | {passes.closer_by:g}"
    return _Row(float(np.mean(dices)), f"| {settings} | {' | '.join(cells)} |")


def _answer(click: Click, passes: Passes) -> tuple[float, int]:
    """Dice and number of passes, as `Segmenter` chooses between the first two views."""
    far, *closer = click.views
    crops = far.crops(passes.agreed)
    if not closer or far.trusts[crops - 1] > passes.sure:
        return far.dices[crops], 1 + crops
    near = closer[0]
    others = near.crops(passes.agreed)
    total = 2 + crops + others
    if near.trusts[others - 1] > far.trusts[crops - 1] + passes.closer_by:
        return near.dices[others], total
    return far.dices[crops], total


def _over_organs(clicks: list[Click], value: Callable[[Click], float]) -> float:
    found = defaultdict(list)
    for click in clicks:
        found[click.organ].append(value(click))
    return float(np.mean([np.mean(values) for values in found.values()]))


def _clicks(model: Segmenter, data: Path, limit: int) -> Iterator[Click]:
    for row in first_rows(selection_split(read_manifest(data)), limit):
        frame, truths = read_objects(row)
        for index, true_hw in enumerate(truths):
            rng = np.random.default_rng(stable_seed(row.id, index, "uclick", 0))
            for kind, place in (("click1", centre_click(true_hw)), ("uclick1", uniform_click(true_hw, rng))):
                yield _click(
                    model, frame, true_hw, kind, row.organ, Prompt(points_xy=(place,), point_labels=(1,))
                )


def _click(
    model: Segmenter, frame: Frame, true_hw: np.ndarray, kind: str, organ: str, prompt: Prompt
) -> Click:
    passes, hw = model.facts.passes, (frame.height, frame.width)
    closer = [closer_view(prompt, hw, passes, part) for part in (passes.close_view, passes.close_view / 2)]
    followed = [
        model._followed(frame, prompt, model.encode(frame, region))
        for region in (None, *filter(None, closer))
    ]
    answers = distinct([masks[-1] for masks in sorted(followed, key=trust, reverse=True)], 3)
    best = max(dice(answer.mask_hw, true_hw) for answer in answers)
    return Click(kind, organ, tuple(_measured(masks, true_hw) for masks in followed), best, len(answers))


def _measured(masks: list[Mask], true_hw: np.ndarray) -> Followed:
    return Followed(
        tuple(trust(masks[: count + 1]) for count in range(1, len(masks))),
        tuple(dice(mask.mask_hw, true_hw) for mask in masks),
        tuple(overlap(a.mask_hw, b.mask_hw) for a, b in pairwise(masks)),
    )


if __name__ == "__main__":
    main()
