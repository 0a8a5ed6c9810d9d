"""Does a recipe read images of organs that it never saw? Equal short runs, each without one organ.

    python benchmarks/left_out.py --data manifest.csv --config configs/uniultra-mini-0.3.toml \\
        --organs heart,muscle,thyroid --steps 400 --out runs/left-out

A run begins with fresh weights, or with `--start MODEL`, a model that has seen none of the organs. This
chooses a recipe, on val; a published model then learns from all sets. The table shows Dice on the left-
out organ's part of val, and by how many points it is above the ellipse and GrabCut on the same boxes,
with the paired 95 % interval over clusters. A run that was stopped goes on when the command is given
again.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

from uniultra.backends.torch import TorchBackend
from uniultra.data.manifest import Row, read_manifest
from uniultra.data.splits import SelectionSplit, selection_split, train_split
from uniultra.errors import DataError, UniUltraError
from uniultra.evaluation.baselines import BASELINES
from uniultra.evaluation.protocol import evaluate, first_rows
from uniultra.evaluation.records import Record
from uniultra.evaluation.report.compare import Difference, compare
from uniultra.evaluation.settings import KINDS, EvaluationSettings
from uniultra.models.adapted import open_model
from uniultra.segmenter import Segmenter
from uniultra.training.config import TrainConfig
from uniultra.training.config_io import load_config
from uniultra.training.supervised import train

ASKED = ("box", "box10", "loose15", "loose30", "tight10", "click1", "click3")


def main() -> None:
    """Trains, scores, prints a Markdown table."""
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_written)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--organs", default="heart,muscle,thyroid")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument(
        "--start", default="", help="A model that has seen none of the organs; fresh weights without."
    )
    parser.add_argument("--limit", type=int, default=40, help="Images a data set that are scored.")
    parser.add_argument("--set", dest="changes", action="append", default=[], metavar="SECTION.KEY=VALUE")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    try:
        config = load_config(options.config, (f"optim.steps={options.steps}", *options.changes))
        if options.start:
            begun = dataclasses.replace(config.model, start_from=options.start)
            config = dataclasses.replace(config, model=begun)
        organs = [organ.strip() for organ in options.organs.split(",")]
        tables = [left_out(organ, options.data, config, options.out, options.limit) for organ in organs]
    except UniUltraError as error:
        print(f"left_out: {error}", file=sys.stderr)
        sys.exit(2)
    print("| left out | prompt | objects | Dice | above ellipse | above GrabCut |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    print("\n".join(line for table in tables for line in table))


def left_out(organ: str, data: Path, config: TrainConfig, out: Path, limit: int) -> list[str]:
    """One organ's lines of the table.

    Raises:
        DataError: train or val shows nothing of this organ, or train nothing else.
    """
    manifest = read_manifest(data)
    seen = sets_without(organ, tuple(train_split(manifest)))
    scored = only(organ, selection_split(manifest))
    own = dataclasses.replace(config, data=dataclasses.replace(config.data, datasets=",".join(seen)))
    folder = train(own, data, out / organ.replace(" ", "-"))
    split = first_rows(scored, limit)
    model = Segmenter(TorchBackend(open_model(str(folder), config.model.image_size), f"without {organ}"))
    ours = evaluate(model, split, EvaluationSettings(ASKED, draws=1)).records
    boxes = EvaluationSettings(tuple(kind for kind in ASKED if KINDS[kind].is_box), draws=1)
    baselines = [evaluate(BASELINES[name](), split, boxes).records for name in ("ellipse", "grabcut")]
    return lines(organ, ours, baselines)


def sets_without(organ: str, rows: Sequence[Row]) -> list[str]:
    """The names of the train sets that show nothing of an organ."""
    showing = {row.dataset for row in rows if row.organ == organ}
    others = sorted({row.dataset for row in rows} - showing)
    if not showing or not others:
        known = ", ".join(sorted({row.organ for row in rows}))
        raise DataError(
            f"'{organ}' can't be left out of train; give organs of {known}, of which another one must stay"
        )
    return others


def only(organ: str, split: SelectionSplit) -> SelectionSplit:
    """An organ's part of val."""
    rows = tuple(row for row in split if row.organ == organ)
    if not rows:
        raise DataError(
            f"val shows no '{organ}'; give organs of {', '.join(sorted({row.organ for row in split}))}"
        )
    return dataclasses.replace(split, rows=rows)


def lines(organ: str, ours: Sequence[Record], baselines: Sequence[Sequence[Record]]) -> list[str]:
    """A row a kind of prompt; clicks have no baseline."""
    against = [compare(ours, theirs) for theirs in baselines]
    found = []
    for kind in ASKED:
        own = [record for record in ours if record.kind == kind]
        dice = sum(record.dice for record in own) / len(own)
        above = " | ".join(_points(each.get(kind, {}).get(organ)) for each in against)
        found.append(f"| {organ} | {kind} | {len(own)} | {dice:.3f} | {above} |")
    return found


def _points(difference: Difference | None) -> str:
    if difference is None:
        return ""
    text = f"{100 * difference.difference:+.1f}"
    if difference.interval is None:
        return text
    low, high = difference.interval
    return f"{text} [{100 * low:+.1f}, {100 * high:+.1f}]"


if __name__ == "__main__":
    main()
