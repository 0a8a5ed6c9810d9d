"""A tiny manifest for tests: speckled frames with dark ellipses of known place, every split, no file from
outside.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from phantoms import ellipse, speckled
from uniultra.data.manifest import COLUMNS, Manifest, read_manifest

FRAME_HW = (60, 80)
GOOD = {**dict.fromkeys(COLUMNS, ""), "id": "a", "dataset": "d", "organ": "breast", "split": "val",
"image": "i/a.png", "mask": "m/a.png",
        "group": "0"}  # fmt: skip
"""A row without fault."""


@dataclass(frozen=True)
class Phantom:
    """One image of a manifest: `objects` ellipses side by side (0 to 3), of one organ, in one group."""

    id: str
    split: str = "val"
    organ: str = "breast"
    group: str = "0"
    objects: int = 1
    dataset: str = "phantoms"


def true_ids(objects: int) -> np.ndarray:
    """The id mask (60, 80) uint8: ellipse k has its centre at (15 + 25 k, 28 + 3 k) and half-axes 9 and
    14.
    """
    ids_hw = np.zeros(FRAME_HW, np.uint8)
    for k in range(objects):
        ids_hw[ellipse(FRAME_HW, (15 + 25 * k, 28 + 3 * k), (9, 14))] = k + 1
    return ids_hw


def phantom_pixels(objects: int, seed: int = 0) -> np.ndarray:
    """The image (60, 80) uint8: speckle, dark in the ellipses."""
    return speckled(true_ids(objects) > 0, seed).pixels_hw


def write_manifest(folder: Path, phantoms: Sequence[Phantom]) -> Path:
    """Writes images, masks and the CSV; returns the CSV's path."""
    lines = []
    for number, phantom in enumerate(phantoms):
        image, mask = f"images/{phantom.id}.png", f"masks/{phantom.id}.png"
        for name, pixels in (
            (image, phantom_pixels(phantom.objects, number)),
            (mask, true_ids(phantom.objects)),
        ):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / name)
        lines.append({
            **dict.fromkeys(COLUMNS, ""), "id": phantom.id, "dataset": phantom.dataset,
            "organ": phantom.organ,
            "split": phantom.split, "image": image, "mask": mask, "group": phantom.group, "pixel_mm": "0.2",
        })  # fmt: skip
    path = folder / "manifest.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(lines)
    return path


def phantom_manifest(folder: Path, phantoms: Sequence[Phantom]) -> Manifest:
    """`write_manifest`, read back."""
    return read_manifest(write_manifest(folder, phantoms))


def write_rows(folder: Path, *lines: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> Path:
    path = folder / "manifest.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(lines)
    return path
