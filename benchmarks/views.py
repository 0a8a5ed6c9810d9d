"""Zoomed to the prompt, or the whole image in a larger input: Dice of boxes, and the time of an answer.

    uniultra export --model uniultra-mini --size 512 --out mini-512 --name mini-512
    python benchmarks/views.py --data manifest.csv --split val --limit 40 \
        uniultra-mini=focus uniultra-mini=whole mini-512=whole

Each model is given with the view that it gets: `focus` is what `uniultra segment` does, `whole` the image as
it is, fitted into the input. Both are asked the same boxes ±10 %. The time is the median from pixels to
mask on one thread; several objects of an image share a call's. `--out` keeps the means as JSON.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from uniultra.data.manifest import read_manifest
from uniultra.data.splits import report_split, selection_split
from uniultra.errors import UniUltraError
from uniultra.evaluation.protocol import evaluate, first_rows
from uniultra.evaluation.settings import EvaluationSettings
from uniultra.evaluation.simulated_user import PromptableSegmenter
from uniultra.evaluation.summary import ALL_ORGANS, summarise
from uniultra.io.output import check_free, write_json
from uniultra.postprocess import without_specks
from uniultra.segmenter import Segmenter
from uniultra.types import Frame, Mask, Prompt

VIEWS = ("focus", "whole")


class WholeImage:
    """A segmenter that looks once, at the whole image."""

    def __init__(self, segmenter: Segmenter) -> None:
        self.segmenter = segmenter
        self.name = f"{segmenter.name}, whole image"

    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> list[Mask]:
        """One mask per prompt, the image encoded anew at each call."""
        found = self.segmenter.decode(self.segmenter.encode(frame), prompts)
        return [
            without_specks(mask, prompt, self.segmenter.facts.passes.min_part)
            for mask, prompt in zip(found, prompts, strict=True)
        ]


def main() -> None:
    """Prints the table."""
    options = _options()
    manifest = read_manifest(options.data)
    split: Any = (
        selection_split(manifest) if options.split == "val" else report_split(manifest, options.split)
    )
    split = first_rows(split, options.limit) if options.limit else split
    if options.out:
        check_free([options.out], options.force)
    rows = [_row(name, view, split) for name, view in (_requested(text) for text in options.models)]
    organs = list(rows[0]["dice"])
    print("| model | view | input, px | " + " | ".join(organs) + " | skill | ms |")
    print("| --- | --- |" + " ---: |" * (3 + len(organs)))
    for row in rows:
        dice = " | ".join(f"{row['dice'][organ]:.3f}" for organ in organs)
        print(
            f"| {row['model']} | {row['view']} | {row['input_size']} | {dice} | {row['skill']:.3f} | "
            f"{row['ms']:.0f} |"
        )
    if options.out:
        write_json(
            options.out,
            {
                "manifest_sha256": manifest.sha256,
                "split": options.split,
                "limit": options.limit,
                "rows": rows,
            },
            options.force,
        )


def _row(name: str, view: str, split: Any) -> dict[str, Any]:
    segmenter = Segmenter.load(name, threads=1)
    requested: PromptableSegmenter = segmenter if view == "focus" else WholeImage(segmenter)
    scored = evaluate(requested, split, EvaluationSettings(("box10",), 1))
    summary = summarise(scored.records)["box10"]
    return {
        "model": Path(name).name,
        "view": view,
        "input_size": segmenter.facts.input_size,
        "dice": {organ: cell.dice for organ, cell in summary.items()},
        "skill": summary[ALL_ORGANS].skill,
        "ms": 1e3 * float(np.median([record.seconds for record in scored.records])),
        "objects": summary[ALL_ORGANS].objects,
    }


def _requested(text: str) -> tuple[str, str]:
    name, _, view = text.rpartition("=")
    if not name or view not in VIEWS:
        raise UniUltraError(f"'{text}' is no model with its view; give MODEL={' or MODEL='.join(VIEWS)}")
    return name, view


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", metavar="MODEL=VIEW")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="val", choices=("val", "test", "external"))
    parser.add_argument("--limit", type=int, default=0, help="the first N images of each data set; 0 for all")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--force", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except UniUltraError as error:
        print(f"views: {error}", file=sys.stderr)
        sys.exit(2)
