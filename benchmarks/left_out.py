"""Does a recipe read images of organs that it never saw? Equal short runs, each without one organ.

    python benchmarks/left_out.py --data manifest.csv --config configs/uniultra-mini-0.4.toml \\
        --organs heart --steps 1200 --start MINI-0.2.0 --out runs/left-out
    python benchmarks/left_out.py --data manifest.csv --config configs/uniultra-mini-0.4.toml \\
        --organs muscle+thyroid --steps 1600 --decoder-from lite_medsam.safetensors --out runs/left-out

A run begins with fresh weights, or with `--start MODEL`, a model that has seen none of the organs; organs
joined by + are left out of one run. This chooses a recipe, on val; a published model then learns from all
sets. The table shows Dice on the left-out organ's part of val, and by how many points it is above the
ellipse and GrabCut on the same boxes, and above the start, with the paired 95 % interval over clusters;
records.json in a run's folder has the answers. A run that was stopped goes on when the command is given
again.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
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
from uniultra.io.output import write_json
from uniultra.model_facts import Passes, changed_passes
from uniultra.models.adapted import open_model
from uniultra.segmenter import Segmenter
from uniultra.training.config import TrainConfig
from uniultra.training.config_io import load_config
from uniultra.training.supervised import train

REQUESTED = ("box", "box10", "loose15", "loose30", "tight10", "click1", "uclick1", "click3")
BOXES = tuple(kind for kind in REQUESTED if KINDS[kind].is_box)


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
    parser.add_argument("--decoder-from", default="", help="As model.decoder_from, for fresh weights.")
    parser.add_argument("--limit", type=int, default=40, help="Images a data set that are scored.")
    parser.add_argument("--set", dest="changes", action="append", default=[], metavar="SECTION.KEY=VALUE")
    parser.add_argument(
        "--pass", dest="passes", action="append", default=[], metavar="NAME=VALUE",
        help="How the trained model's clicks are followed, as for `uniultra export`.",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    try:
        config = load_config(options.config, (f"optim.steps={options.steps}", *options.changes))
        start = {"start_from": options.start, "decoder_from": options.decoder_from}
        begun = dataclasses.replace(config.model, **{key: value for key, value in start.items() if value})
        config = dataclasses.replace(config, model=begun)
        passes = changed_passes(Passes(), options.passes)
        groups = [tuple(organ.strip() for organ in one.split("+")) for one in options.organs.split(",")]
        tables = [left_out(one, options.data, config, options.out, options.limit, passes) for one in groups]
    except UniUltraError as error:
        print(f"left_out: {error}", file=sys.stderr)
        sys.exit(2)
    print(
        "| left out | prompt | objects | Dice | ellipse | above ellipse | above GrabCut | above the start |"
    )
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    print("\n".join(line for table in tables for line in table))


def left_out(
    organs: Sequence[str], data: Path, config: TrainConfig, out: Path, limit: int, passes: Passes
) -> list[str]:
    """The lines of the table of organs that one run leaves out; clicks on its model follow `passes`.

    Raises:
        DataError: train or val shows nothing of an organ, or train nothing else.
    """
    manifest = read_manifest(data)
    seen = sets_without(organs, tuple(train_split(manifest)))
    own = dataclasses.replace(config, data=dataclasses.replace(config.data, datasets=",".join(seen)))
    run = out / "+".join(organs).replace(" ", "-")
    folder = finished(run, own) or train(own, data, run)
    found, kept = [], []
    model = Segmenter(
        TorchBackend(open_model(str(folder), config.model.image_size), "left out", passes=passes)
    )
    start = Segmenter.load(config.model.start_from, threads=1) if config.model.start_from else None
    for organ in organs:
        split = first_rows(only(organ, selection_split(manifest)), limit)
        ours = evaluate(model, split, EvaluationSettings(REQUESTED, draws=1)).records
        boxes = EvaluationSettings(BOXES, draws=1)
        others = [evaluate(BASELINES[name](), split, boxes).records for name in ("ellipse", "grabcut")]
        if start is not None:
            others.append(evaluate(start, split, EvaluationSettings(REQUESTED, draws=1)).records)
        found += lines(organ, ours, others)
        kept.append([[dataclasses.asdict(record) for record in records] for records in (ours, *others)])
    write_json(run / "records.json", dict(zip(organs, kept, strict=True)), force=True)
    return found


def finished(run: Path, config: TrainConfig) -> Path | None:
    """The model of a run of this very config that came to its end; None where there is none."""
    if not (run / "model" / "config.json").is_file():
        return None
    record = json.loads((run / "config.json").read_text(encoding="utf-8"))
    same = record["config"] == json.loads(json.dumps(dataclasses.asdict(config)))
    return run / "model" if same else None


def sets_without(organs: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """The names of the train sets that show nothing of these organs."""
    known = {row.organ for row in rows}
    showing = {row.dataset for row in rows if row.organ in organs}
    others = sorted({row.dataset for row in rows} - showing)
    wrong = next((organ for organ in organs if organ not in known), None)
    if wrong is not None or not others:
        named = wrong or "+".join(organs)
        raise DataError(
            f"'{named}' can't be left out of train; give organs of {', '.join(sorted(known))}, of which "
            "another one must stay"
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


def lines(organ: str, ours: Sequence[Record], others: Sequence[Sequence[Record]]) -> list[str]:
    """A row a kind of prompt; `others` are the ellipse, GrabCut and, where there is one, the start. Clicks
    have no baseline.
    """
    against = [compare(ours, theirs) for theirs in others]
    found = []
    for kind in REQUESTED:
        own = [record for record in ours if record.kind == kind]
        dice = sum(record.dice for record in own) / len(own)
        ellipse = against[0].get(kind, {}).get(organ)
        cells = [_points(each.get(kind, {}).get(organ)) for each in against] + [""] * (3 - len(against))
        base = "" if ellipse is None else f"{ellipse.other_dice:.3f}"
        found.append(f"| {organ} | {kind} | {len(own)} | {dice:.3f} | {base} | {' | '.join(cells)} |")
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
