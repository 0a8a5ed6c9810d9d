"""The best Dice that a model's mask grid allows in a focused view: the true mask, averaged down to the grid
and put back.

    python benchmarks/view_ceiling.py --data manifest.csv --split val --input-sizes 256,512 --stretches 1,2,3

Logits have a quarter of the input's side, so a band thinner than a cell can't come out right however good the
model is. Prints a table by organ: mean and lowest tenth over objects. No model is involved.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np

from uniultra.data.loading import read_row
from uniultra.data.manifest import objects_in, read_manifest
from uniultra.evaluation.metrics import dice
from uniultra.geometry import ModelMap, region_around
from uniultra.model_facts import Passes
from uniultra.types import mask_box


def main() -> None:
    """Prints the table."""
    options = _options()
    settings = [
        (int(size), float(stretch))
        for size in options.input_sizes.split(",")
        for stretch in options.stretches.split(",")
    ]
    found: dict[str, list[list[float]]] = defaultdict(list)
    seen: dict[str, int] = defaultdict(int)
    for row in read_manifest(options.data):
        if row.split != options.split or seen[row.dataset] >= options.limit:
            continue
        seen[row.dataset] += 1
        _, ids = read_row(row)
        found[row.organ] += [
            [ceiling(mask, size, stretch) for size, stretch in settings]
            for mask in objects_in(ids, row.dataset)
        ]
    print(
        "| organ | objects | "
        + " | ".join(f"{size} px, stretch {stretch:g}" for size, stretch in settings)
        + " |"
    )
    print("| --- |" + " ---: |" * (1 + len(settings)))
    for organ, values in sorted(found.items()):
        means, low = np.mean(values, axis=0), np.quantile(values, 0.1, axis=0)
        cells = [f"{mean:.3f} ({tenth:.3f})" for mean, tenth in zip(means, low, strict=True)]
        print(f"| {organ} | {len(values)} | " + " | ".join(cells) + " |")


def ceiling(mask_hw: np.ndarray, input_size: int, stretch: float) -> float:
    """Dice of a mask with itself after the way through the grid of a view focused on its exact box."""
    box = mask_box(mask_hw)
    assert box is not None
    view = ModelMap(region_around(box, Passes().crop_scale, stretch), input_size)
    seen = view.sample((mask_hw * 255).astype(np.uint8)).astype(np.float32) / 255.0
    grid = cv2.resize(seen, (input_size // 4, input_size // 4), interpolation=cv2.INTER_AREA)
    back = view.paste_logits(grid - 0.5, (mask_hw.shape[0], mask_hw.shape[1])) > 0
    return dice(back, mask_hw)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="val")
    parser.add_argument("--input-sizes", default="256,512")
    parser.add_argument("--stretches", default="1,2,3")
    parser.add_argument("--limit", type=int, default=30, help="images of each data set")
    return parser.parse_args()


if __name__ == "__main__":
    main()
