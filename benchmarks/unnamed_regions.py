"""A data set whose masks are regions that no label names: does a model follow clicks on what is new?

    python benchmarks/unnamed_regions.py --data manifest.csv --split val --limit 20 --out unnamed
    uniultra evaluate --data unnamed/manifest.csv --split val --kinds box,click1,click3,click5 --model MODEL

Two regions of each of the first `limit` images of each set are drawn by `data.unnamed.draw_region`, seeded by
the image's id. The masks are written beside the manifest, whose rows lead to the images where they lie. What
a model scores here is compared with another model's, on the same regions; it says nothing of anatomy.
"""

from __future__ import annotations

import argparse
import csv
import os
from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from uniultra.data.loading import read_row
from uniultra.data.manifest import Row, objects_in, read_manifest
from uniultra.data.manifest_text import COLUMNS
from uniultra.data.unnamed import draw_region
from uniultra.hashes import stable_seed

REGIONS = 2


def main() -> None:
    """Writes the masks and manifest.csv."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="val")
    parser.add_argument("--limit", type=int, default=20, help="Images a data set.")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    (options.out / "masks").mkdir(parents=True, exist_ok=True)
    (options.out / "images").unlink(missing_ok=True)
    (options.out / "images").symlink_to(options.data.parent.absolute(), target_is_directory=True)
    seen: Counter[str] = Counter()
    with (options.out / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        sheet = csv.DictWriter(file, COLUMNS)
        sheet.writeheader()
        for row in read_manifest(options.data):
            if row.split == options.split and seen[row.dataset] < options.limit:
                seen[row.dataset] += 1
                sheet.writerow(_written(row, options.out, options.data.parent))


def _written(row: Row, out: Path, data: Path) -> dict[str, object]:
    """The manifest's row of an image, whose mask was written."""
    frame, ids = read_row(row)
    known = [*objects_in(ids, row.dataset), np.ones(ids.shape, bool)][0]
    rng = np.random.default_rng(stable_seed(row.id, 0, "unnamed", 0))
    drawn = np.zeros(ids.shape, np.uint8)
    for number in range(1, REGIONS + 1):
        drawn[draw_region(frame.pixels_hw, known, rng) & (drawn == 0)] = number
    name = f"masks/{row.dataset}-{row.id}.png".replace(" ", "_")
    cv2.imwrite(str(out / name), drawn)
    return {
        "id": row.id,
        "dataset": f"unnamed_{row.dataset}",
        "organ": f"unnamed in {row.organ}",
        "split": row.split,
        "image": f"images/{os.path.relpath(row.image, data)}",
        "mask": name,
        "pixel_mm": row.pixel_mm or "",
        "group": row.group,
        "licence": row.licence,
    }


if __name__ == "__main__":
    main()
