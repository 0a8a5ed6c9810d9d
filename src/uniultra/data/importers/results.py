"""What `segment`, `track` and `batch` wrote, with the images that it is of: masks that a person has looked at
and corrected become a data set.

`X.mask.png` names its image in `X.json`, a batch's in its own name (`b.png.mask.png` is of `b.png`), and what
its structures are in the batch's results.csv.
The images lie below a folder of their own, or among the results. Of a cine (`X.frames.masks.tif`,
`X.track.masks.tif`, a batch's `X.frame7.mask.png`) each frame is a sample, but for those on which a tracked
structure is unsure. Ids follow the structures' names where they have any, as `coco` has it.
"""

from __future__ import annotations

import csv
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from uniultra.data.importers.coco import Numbering, numbering
from uniultra.data.importers.images import labels, same_size
from uniultra.data.importers.sample import Finding, Problem, Sample, grey
from uniultra.data.structure_names import legal_names
from uniultra.errors import DataError, FileError
from uniultra.io.images import read_frame
from uniultra.io.label_tiff import read_label_pages
from uniultra.io.masks import read_ids
from uniultra.io.own_results import MASKS, report_beside
from uniultra.io.paths import shown
from uniultra.io.tables import plain_text

PNG, TIFF = MASKS
UNSURE, RESULTS = "unsure", "results.csv"
_FRAME = re.compile(r"\.frame([0-9]{1,7})$")


@dataclass(frozen=True)
class _Masked:
    """One frame of an image (None for an image of one) with its mask, compressed, and its ids' names."""

    mask: Path
    image: Path
    frame: int | None
    hw: tuple[int, int]
    ids: tuple[int, ...]
    names: Mapping[int, str]
    packed: bytes


def find(root: Path, images: Path | None = None) -> Iterator[Finding]:
    """Masks at any depth in `root`, of images at any depth in `images`, by default in `root` too. Raises
    DataError where there is no mask, or no such folder.
    """
    places = images or root
    if not places.is_dir():
        raise DataError(f"'{places}' is no folder; give that of the images with --images")
    masks = _below(root, MASKS)
    if not masks:
        raise DataError(
            f"'{root}' holds no X{PNG} nor X{TIFF}; give the folder that segment, track or batch wrote"
        )
    named: dict[str, list[Path]] = {}
    for path in _below(places, ()):
        named.setdefault(path.name, []).append(path)
    found: list[_Masked] = []
    listed = _listed(root)
    for mask in masks:
        try:
            found += _frames(mask, root, (places, named), listed.get(mask, []))
        except FileError as error:
            yield Problem(str(mask), str(error).removeprefix(f"{shown(mask)}: "))
    numbers = _numbers(found)
    for one in found:
        yield _sample(one, places, numbers)


def _below(root: Path, endings: tuple[str, ...]) -> list[Path]:
    """The files with one of the endings, or all that are no masks of ours."""
    return sorted(
        path
        for path in (root.rglob("*") if root.is_dir() else ())
        if path.name.endswith(endings or MASKS) == bool(endings)
        and not any(part.startswith(".") for part in path.relative_to(root).parts)
        and path.is_file()
    )


def _listed(root: Path) -> dict[Path, list[dict[str, Any]]]:
    """What tables of a batch below a folder say of the structures of each mask."""
    found: dict[Path, list[dict[str, Any]]] = {}
    for table in sorted(root.rglob(RESULTS)):
        try:
            with open(table, encoding="utf-8-sig", newline="") as file:
                for row in csv.DictReader(file):
                    about = {
                        "id": int(row["object"]),
                        "name": plain_text(row["name"]),
                        "status": row.get("status"),
                    }
                    found.setdefault(table.parent / plain_text(row["mask"]), []).append(about)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, csv.Error):
            continue  # anybody's table may be called so
    return found


def _frames(
    mask: Path, root: Path, images: tuple[Path, dict[str, list[Path]]], listed: list[dict[str, Any]]
) -> Iterator[_Masked]:
    """`listed` is what a batch's table says of its structures. Raises FileError: no image, a mask that can't
    be read, or one without a structure.
    """
    report = report_beside(mask)
    stem = mask.name.removesuffix(PNG).removesuffix(TIFF)
    frame = _FRAME.search(stem)
    name = str(report.get("image") or _FRAME.sub("", stem))
    image = _image(mask.parent.relative_to(root) / name, *images)
    parts = report.get("frames", [report])
    said = {one.get("frame"): one.get("objects", []) for one in parts if isinstance(one, dict)}
    empty = True
    for number, ids_hw in _pages(mask, frame):
        objects = said.get(number, []) or listed
        ids = tuple(int(value) for value in np.unique(ids_hw) if value)
        if not ids:
            continue
        if any(one.get("status") == UNSURE for one in objects):
            empty = empty and not listed  # one of many files of a batch's track: the others are taken
            continue
        empty = False
        names = {one["id"]: str(one.get("name") or "") for one in objects if isinstance(one.get("id"), int)}
        packed = zlib.compress(np.ascontiguousarray(ids_hw).tobytes(), 1)
        yield _Masked(mask, image, number, ids_hw.shape, ids, names, packed)
    if empty:
        raise FileError(
            f"{shown(mask)}: it holds no structure, or none that is sure; segment it again, or remove it"
        )


def _pages(mask: Path, frame: re.Match[str] | None) -> Iterator[tuple[int | None, np.ndarray]]:
    """Frame numbers and ids."""
    if mask.name.endswith(TIFF):
        yield from read_label_pages(mask)
        return
    number = report_beside(mask).get("frame")
    if frame is not None:
        number = int(frame[1])
    yield number if isinstance(number, int) else None, labels(read_ids(mask).shape, mask)


def _image(name: Path, places: Path, named: dict[str, list[Path]]) -> Path:
    """The file of a name, where the mask lies among the results, else the only one of that name."""
    if (places / name).is_file():
        return places / name
    found = named.get(name.name, [])
    if len(found) == 1:
        return found[0]
    if found:
        raise FileError(
            f"{len(found)} images are called '{shown(name.name)}', such as '{shown(found[0])}'; import their "
            "folders one by one"
        )
    raise FileError(
        f"its image '{shown(name.name)}' isn't below '{shown(places)}'; give its folder: --images"
    )


def _numbers(found: list[_Masked]) -> Numbering:
    """Ids by name, where every structure has one."""
    kinds = [[one.names.get(identity, "") for identity in one.ids] for one in found]
    known = list(dict.fromkeys(kind for own in kinds for kind in own))
    legal = legal_names(enumerate(known, start=1)) if all(known) else {}
    called = {kind: legal[place] for place, kind in enumerate(known, start=1) if place in legal}
    return numbering(called, kinds)


def _sample(one: _Masked, places: Path, numbers: Numbering) -> Sample:
    relative = one.image.relative_to(places)
    called = "_".join((*relative.parts[:-1], relative.stem))
    ids = partial(_ids, one=one, numbers=numbers.of([one.names.get(identity, "") for identity in one.ids]))
    about: dict[str, Any] = {"names": numbers.names}
    if one.frame is None:
        return Sample(called, one.image, ids, (one.mask,), pixels=grey, **about)
    about |= {"subject": called, "clip": called, "frame": one.frame}
    pixels = partial(_pixels, number=one.frame)
    return Sample(f"{called}_frame{one.frame}", one.image, ids, (one.mask,), pixels=pixels, **about)


def _pixels(path: Path, number: int) -> np.ndarray:
    return read_frame(path, number).pixels_hw


def _ids(hw: tuple[int, int], one: _Masked, numbers: list[int]) -> np.ndarray:
    stored = np.frombuffer(zlib.decompress(one.packed), np.uint8).reshape(one.hw)
    table = np.zeros(256, np.uint8)
    table[list(one.ids)] = numbers
    return same_size(table[stored], hw, one.mask)
