"""A lab's manifest, of phantoms."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from phantoms import ellipse, speckled
from uniultra.data.manifest import COLUMNS


def write_manifest(folder: Path, splits: list[str], organ: str = "phantom") -> Path:
    """One or two ellipses an image, each image its own cluster."""
    rows = []
    for index, split in enumerate(splits):
        mask = ellipse((90, 120), (40 + index, 40), (18, 14)).astype(np.uint8)
        if index % 2:
            mask[ellipse((90, 120), (95, 60), (12, 16))] = 2
        Image.fromarray(speckled(mask > 0, seed=index).pixels_hw).save(folder / f"{organ}{index}.png")
        Image.fromarray(mask).save(folder / f"{organ}{index}.mask.png")
        values = {"id": f"{organ}{index}", "dataset": organ, "organ": organ, "split": split}
        values |= {"image": f"{organ}{index}.png", "mask": f"{organ}{index}.mask.png", "group": index}
        rows.append({column: values.get(column, "") for column in COLUMNS})
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return folder / "manifest.csv"
