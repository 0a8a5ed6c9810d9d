"""The manifest: one CSV row an image, with its mask, organ, group and split. Every path is relative to the manifest's folder."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from uniultra.errors import DataError

COLUMNS = (
    "id", "dataset", "organ", "split", "image", "mask", "width", "height",
    "pixel_mm", "subject", "group", "class", "objects", "licence",
)  # fmt: skip
SPLITS = ("train", "val", "test", "external")
COMPONENT_DATASETS = frozenset({"muscle_apo"})
"""Sets whose masks mark all structures with one id: there, each connected component is an object."""
SMALLEST_OBJECT = 30
"""Specks below this many pixels are slips of an annotator's pen, not objects."""


@dataclass(frozen=True)
class Row:
    """One image of a manifest; `image` and `mask` are absolute, `pixel_mm` is None where unknown."""

    id: str
    dataset: str
    organ: str
    split: str
    image: Path
    mask: Path
    pixel_mm: float | None
    group: str
    licence: str

    @property
    def cluster(self) -> str:
        """What is resampled together and never divided between splits."""
        return f"{self.dataset}/{self.group}"

    @property
    def spacing_mm_yx(self) -> tuple[float, float] | None:
        return None if self.pixel_mm is None else (self.pixel_mm, self.pixel_mm)


@dataclass(frozen=True)
class Manifest:
    """All rows of one CSV, and the SHA-256 of the file, which run folders record."""

    path: Path
    sha256: str
    rows: tuple[Row, ...]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)


def read_manifest(path: str | Path) -> Manifest:
    """Reads and checks a manifest.

    Raises:
        DataError: no such file, columns missing, an unknown split, a path that is absolute or leaves the folder,
            or one group in two splits.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"manifest '{path}' is not a file; give the CSV that `manifest.csv` columns describe")
    raw = path.read_bytes()
    try:
        lines = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"manifest '{path}' is not UTF-8 CSV: {error}; save it as UTF-8") from error
    if not lines:
        raise DataError(f"manifest '{path}' has no rows; it needs a header ({','.join(COLUMNS)}) and one row an image")
    missing = [column for column in COLUMNS if column not in lines[0]]
    if missing:
        raise DataError(f"manifest '{path}' lacks the column(s) {', '.join(missing)}; it needs {','.join(COLUMNS)}")
    rows = tuple(_row(path.parent, line, number) for number, line in enumerate(lines, start=2))
    _check_groups(rows)
    return Manifest(path=path, sha256=hashlib.sha256(raw).hexdigest(), rows=rows)


def _row(root: Path, line: dict[str, str], number: int) -> Row:
    if None in line or None in line.values():
        raise DataError(f"manifest row {number}: it has not as many fields as the header; check its commas and quotes")
    if line["split"] not in SPLITS:
        raise DataError(f"manifest row {number}: split '{line['split']}' is unknown; use one of {', '.join(SPLITS)}")
    for column in ("image", "mask"):
        relative = Path(line[column])
        if relative.is_absolute() or ".." in relative.parts or "\\" in line[column] or not line[column]:
            raise DataError(f"manifest row {number}: {column} '{line[column]}' must be a path below the manifest's folder, with /")
    return Row(
        id=line["id"],
        dataset=line["dataset"],
        organ=line["organ"],
        split=line["split"],
        image=root / line["image"],
        mask=root / line["mask"],
        pixel_mm=_pixel_mm(line["pixel_mm"], number),
        group=line["group"],
        licence=line["licence"],
    )


def _pixel_mm(text: str, number: int) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.001 <= value <= 10:
        raise DataError(f"manifest row {number}: pixel_mm '{text}' must be a number from 0.001 to 10, or empty where unknown")
    return value


def _check_groups(rows: tuple[Row, ...]) -> None:
    splits: dict[str, str] = {}
    for row in rows:
        first = splits.setdefault(row.cluster, row.split)
        if first != row.split:
            raise DataError(f"group '{row.cluster}' is in both '{first}' and '{row.split}'; put all images of a group into one split")


def objects_in(ids_hw: np.ndarray, dataset: str) -> list[np.ndarray]:
    """The objects of an id mask (H, W) uint8 as bool masks, in the order of their ids; specks are left out.

    One object an id, or one a connected component for the sets in COMPONENT_DATASETS.
    """
    if dataset in COMPONENT_DATASETS:
        _, ids_hw = cv2.connectedComponents((ids_hw > 0).astype(np.uint8), connectivity=8)
    masks = (ids_hw == value for value in np.unique(ids_hw) if value > 0)
    return [mask for mask in masks if np.count_nonzero(mask) >= SMALLEST_OBJECT]
