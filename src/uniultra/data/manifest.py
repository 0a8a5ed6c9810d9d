"""The manifest: one CSV row per image, with its mask, organ, group and split. Every path is relative to the
manifest's folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from uniultra.data.manifest_text import CLIP_COLUMNS as CLIP_COLUMNS
from uniultra.data.manifest_text import COLUMNS as COLUMNS
from uniultra.data.manifest_text import SPLITS as SPLITS
from uniultra.data.manifest_text import Line, frame_of, path_fault, pixel_mm_of, read_sheet
from uniultra.data.pieces import SMALLEST_OBJECT as SMALLEST_OBJECT
from uniultra.data.pieces import pieces_of
from uniultra.data.problems import Problem, refuse
from uniultra.data.structure_names import Names, names_beside

COMPONENT_DATASETS = frozenset({"muscle_apo", "usgra"})
"""Sets whose masks give several structures of a kind one id: there, each connected component of an id is an
object.
"""


@dataclass(frozen=True)
class Row:
    """One image of a manifest.

    `image` and `mask` lie below `root`, the manifest's folder; `pixel_mm`, `width` and `height` are None
    where unknown; `number` is the line of the CSV, from 1; `clip` and `frame` are of a frame of a cine, else
    "" and None; `structures` are the names of the mask's ids, see `structure_names`.
    """

    id: str
    dataset: str
    organ: str
    split: str
    image: Path
    mask: Path
    pixel_mm: float | None
    group: str
    licence: str
    number: int = 0
    root: Path = Path()
    width: int | None = None
    height: int | None = None
    clip: str = ""
    frame: int | None = None
    structures: Names = field(default_factory=dict, repr=False, hash=False)

    def problem(self, column: str, what: str) -> Problem:
        return Problem(f"row {self.number}, {column}", what)

    @property
    def cluster(self) -> str:
        """What is resampled together and never divided between splits."""
        return f"{self.dataset}/{self.group}"

    def structure_of(self, value: int) -> str:
        """What the objects with this id in the mask are called; "" where nobody says it."""
        return self.structures.get(value, self.structures.get(None, ""))

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
    """Reads and checks a manifest's text; opens no image.

    Raises:
        DataError: no such file, a `structures.csv` beside it that is wrong, or with all that is wrong, by row
            and column: columns missing or unknown, an unknown split, a path that is absolute, leaves the
            folder or is written as Windows does, an id twice, a group or image in two splits.
    """
    manifest, problems = open_manifest(path)
    refuse(f"manifest '{path}'", problems)
    return manifest


def open_manifest(path: str | Path) -> tuple[Manifest, tuple[Problem, ...]]:
    """The rows as far as their text can be used, and all that is wrong with it. Raises DataError: no such
    file, or not CSV in UTF-8.
    """
    sheet = read_sheet(Path(path))
    usable = [
        line
        for line in sheet.lines
        if path_fault(line.values["image"]) is None and path_fault(line.values["mask"]) is None
    ]
    names = names_beside(sheet.path)
    rows = tuple(_row(sheet.path.parent, line, names) for line in usable)
    return Manifest(path=sheet.path, sha256=sheet.sha256, rows=rows), sheet.problems


def _row(root: Path, line: Line, names: Mapping[str, Names]) -> Row:
    values = line.values
    return Row(
        id=values["id"],
        dataset=values["dataset"],
        organ=values["organ"],
        split=values["split"],
        image=root / values["image"],
        mask=root / values["mask"],
        pixel_mm=pixel_mm_of(values["pixel_mm"]),
        group=values["group"],
        licence=values["licence"],
        number=line.number,
        root=root,
        width=_pixels(values["width"]),
        height=_pixels(values["height"]),
        clip=values.get("clip", ""),
        frame=frame_of(values.get("frame", "")),
        structures=names.get(values["dataset"], {}),
    )


def _pixels(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def objects_in(ids_hw: np.ndarray, dataset: str) -> list[np.ndarray]:
    """The objects of an id mask (H, W) uint8 as bool masks, in the order of their ids; specks are left out.

    One object an id, or one a connected component of an id for the sets in COMPONENT_DATASETS.
    """
    masks = [ids_hw == value for value in np.unique(ids_hw) if value > 0]
    if dataset in COMPONENT_DATASETS:
        masks = [part for mask in masks for part in pieces_of(mask)]
    return [mask for mask in masks if np.count_nonzero(mask) >= SMALLEST_OBJECT]
