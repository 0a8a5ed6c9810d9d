"""Few-shot adaptation, measured: each method at each number of shots, on images that it never saw, with
intervals.

    python benchmarks/fewshot.py --data manifest.csv --base BASE --organ muscle --shots 5,10,20 \
        --out runs/fewshot-muscle
    python benchmarks/fewshot.py --data manifest.csv --base uniultra-mini --organ heart --folds 2 \
        --shots 5,10 --out runs/fewshot-heart

Without --folds the organ's train images are learned from and its test images reported on. With --folds the
organ's clusters (patients) are dealt to that many folds; each fold is reported on by a model that learned
from the others' first images, and all folds are pooled. A fixed number of steps, the averaged weights of the
last: nothing is chosen, so N shots cost N labels. Stopped, it goes on; what is done is read from --out, of
the same options alone (--shots, --methods and --against may grow). Prints a table; writes table.md and
table.json.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path

from uniultra.backends.torch import TorchBackend
from uniultra.data.manifest import Manifest, Row, read_manifest
from uniultra.data.splits import ReportSplit
from uniultra.data.wrong_masks import has_wrong_mask
from uniultra.errors import DataError, UniUltraError
from uniultra.evaluation.protocol import evaluate
from uniultra.evaluation.records import Record
from uniultra.evaluation.report.compare import compare
from uniultra.evaluation.settings import EvaluationSettings
from uniultra.evaluation.summary import summarise
from uniultra.io.output import write_json, write_text
from uniultra.models.adapted import open_adapted, open_model
from uniultra.segmenter import Segmenter
from uniultra.text import comma_parts
from uniultra.training.adapt import AdaptJob, adapt
from uniultra.training.config import AdaptConfig
from uniultra.training.config_io import configured

KINDS = ("box10", "click1")
CONFIGS = Path(__file__).parents[1] / "configs" / "adapt"
METHODS = "ch-adapter,lora,decoder,full"


def main() -> None:
    """Runs what is missing, then prints the table."""
    options = _options()
    manifest = read_manifest(options.data)
    rows = tuple(row for row in manifest if row.organ == options.organ)
    if not rows:
        raise DataError(
            f"no image of organ '{options.organ}'; the manifest has "
            f"{', '.join(sorted({row.organ for row in manifest}))}"
        )
    names, numbers = _methods(options.methods), _shots(options.shots)
    _check_same(options, manifest)
    folds = _folds(rows, options.folds) if options.folds else [rows]
    before = [record for index, fold in enumerate(folds) for record in _base_records(options, fold, index)]
    records: dict[tuple[str, int], list[Record]] = {}
    table = [_line("base", 0, before, 0.0, {})]
    for name in sorted(
        names, key=lambda each: each != options.against
    ):  # that one first: the others are compared with it
        for shots in numbers:
            found = [
                _adapted(options, manifest, fold, index, name, shots) for index, fold in enumerate(folds)
            ]
            records[name, shots] = [record for part in found for record in part[0]]
            others = {"gain": before} | (
                {} if name == options.against else {"ahead": records.get((options.against, shots), [])}
            )
            table.append(
                _line(name, shots, records[name, shots], sum(part[1] for part in found) / len(found), others)
            )
            _publish(options.out, table, options.against)
    print(_markdown(table, options.against))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--organ", required=True)
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--shots", default="5,10,20")
    parser.add_argument(
        "--methods", default=METHODS, help="names of files in configs/adapt, separated by commas"
    )
    parser.add_argument(
        "--against", default="decoder", help="the method that the others are compared with at the same shots"
    )
    parser.add_argument(
        "--split",
        default="test",
        help="what is reported on without --folds; val where settings are being chosen",
    )
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE")
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


def _methods(text: str) -> list[str]:
    known = sorted(path.stem for path in CONFIGS.glob("*.toml"))
    if wrong := set(comma_parts(text)) - set(known):
        raise DataError(f"--methods '{text}': '{min(wrong)}' is unknown; use some of {', '.join(known)}")
    return list(comma_parts(text))


def _shots(text: str) -> list[int]:
    if not all(part.isdecimal() and int(part) for part in comma_parts(text) or [""]):
        raise DataError(f"--shots '{text}' are not whole numbers from 1; give some such as 5,10,20")
    return [int(part) for part in comma_parts(text)]


def _check_same(options: argparse.Namespace, manifest: Manifest) -> None:
    """Raises DataError where --out holds answers to other options, which would be read as if they were
    these.
    """
    file = options.out / "options.json"
    stated = {key: getattr(options, key) for key in ("base", "organ", "folds", "split", "set")}
    stated["data"] = manifest.sha256
    if not any(options.out.glob("*.jsonl")):
        write_json(file, stated, force=True)
    then = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    wrong = [f"--{key}" for key in stated if then.get(key) != stated[key]]
    if wrong:
        raise DataError(
            f"'{options.out}' holds answers with other {', '.join(wrong)}; give those, or a new --out"
        )


def _folds(rows: tuple[Row, ...], count: int) -> list[tuple[Row, ...]]:
    """For each fold, all rows, the fold's own as `test` and the others as `train`; clusters stay whole."""
    clusters = sorted({row.cluster for row in rows})
    fold_of = {cluster: index % count for index, cluster in enumerate(clusters)}
    return [
        tuple(
            dataclasses.replace(row, split="test" if fold_of[row.cluster] == fold else "train")
            for row in rows
        )
        for fold in range(count)
    ]


def _reported(options: argparse.Namespace, rows: tuple[Row, ...]) -> ReportSplit:
    return ReportSplit(
        options.split, tuple(row for row in rows if row.split == options.split and not has_wrong_mask(row))
    )


def _base_records(options: argparse.Namespace, rows: tuple[Row, ...], fold: int) -> list[Record]:
    file = options.out / f"base-{fold}.jsonl"
    if not file.is_file():
        records = evaluate(
            Segmenter(TorchBackend(open_model(options.base), "base")),
            _reported(options, rows),
            EvaluationSettings(KINDS),
        ).records
        _write(file, records)
    return _read(file)


def _adapted(
    options: argparse.Namespace, manifest: Manifest, rows: tuple[Row, ...], fold: int, name: str, shots: int
) -> tuple[list[Record], float]:
    """The records of one run and its training seconds; trained and asked where that isn't done yet."""
    slug = f"{name}-{shots}-{fold}"
    file = options.out / f"{slug}.jsonl"
    if not file.is_file():
        changes = (f"base.name='{options.base}'", "optim.keep=last", "optim.patience=0", *options.set)
        began = time.monotonic()
        job = AdaptJob(
            Manifest(manifest.path, manifest.sha256, tuple(r for r in rows if r.split == "train")),
            options.out / slug,
            shots,
        )
        adapt(configured(AdaptConfig(), CONFIGS / f"{name}.toml", changes), job)
        seconds = time.monotonic() - began
        segmenter = Segmenter(TorchBackend(open_adapted(options.out / slug), slug))
        write_json(options.out / f"{slug}.json", {"seconds": seconds}, force=True)
        _write(file, evaluate(segmenter, _reported(options, rows), EvaluationSettings(KINDS)).records)
    return _read(file), json.loads((options.out / f"{slug}.json").read_text())["seconds"]


def _write(file: Path, records: tuple[Record, ...]) -> None:
    write_text(file, "".join(json.dumps(dataclasses.asdict(record)) + "\n" for record in records), force=True)


def _read(file: Path) -> list[Record]:
    return [Record(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def _line(
    name: str, shots: int, records: list[Record], seconds: float, others: dict[str, list[Record]]
) -> dict[str, object]:
    """`others`: what to compare with pair by pair, by the name of the difference."""
    line: dict[str, object] = {"method": name, "shots": shots, "seconds": round(seconds)}
    summary = summarise(records)
    differences = {what: compare(records, other) for what, other in others.items() if other}
    for kind in KINDS:
        [organ, *_] = summary[kind]
        cell = summary[kind][organ]
        line[kind] = {
            "dice": cell.dice,
            "interval": cell.dice_interval,
            "skill": cell.skill,
            "objects": cell.objects,
            "clusters": cell.clusters,
        }
        for what, comparison in differences.items():
            found = comparison[kind][organ]
            line[kind] |= {what: found.difference, f"{what}_interval": found.interval}  # type: ignore[operator]
    return line


def _publish(out: Path, table: list[dict[str, object]], against: str) -> None:
    write_json(out / "table.json", table, force=True)
    write_text(out / "table.md", _markdown(table, against), force=True)


def _markdown(table: list[dict[str, object]], against: str) -> str:
    columns = [
        f"{kind} {what}"
        for kind in KINDS
        for what in ("Dice [95 %]", "over base [95 %]", f"over {against} [95 %]")
    ]
    lines = ["| method | shots | " + " | ".join(columns) + " | skill | training s |"]
    lines.append("| --- |" + " ---: |" * 9)
    for line in table:
        box, click = line["box10"], line["click1"]
        assert isinstance(box, dict)
        assert isinstance(click, dict)
        skill = "" if box["skill"] is None else f"{box['skill']:.2f}"
        cells = [
            str(line["method"]),
            str(line["shots"]),
            *(
                text
                for cell in (box, click)
                for text in (_dice(cell), _difference(cell, "gain"), _difference(cell, "ahead"))
            ),
            skill,
            str(line["seconds"] or ""),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _dice(cell: dict[str, object]) -> str:
    return f"{cell['dice']:.3f}" + _span(cell["interval"])


def _difference(cell: dict[str, object], what: str) -> str:
    return f"{cell[what]:+.3f}" + _span(cell[f"{what}_interval"], "+") if what in cell else ""


def _span(interval: object, sign: str = "") -> str:
    if not isinstance(interval, tuple | list):
        return ""
    low, high = interval
    return f" [{low:{sign}.3f}, {high:{sign}.3f}]"


if __name__ == "__main__":
    try:
        main()
    except UniUltraError as error:
        print(f"fewshot: {error}", file=sys.stderr)
        sys.exit(2)
