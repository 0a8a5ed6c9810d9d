"""Earlier results: among inputs ignored where a folder or a pattern brings them, and taken where they are
named; and what the JSON beside a mask says of it, so that a mask that was written here keeps its scale.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uniultra.errors import FileError
from uniultra.io.images import find_images
from uniultra.io.paths import shown
from uniultra.pixel_scale import Scale

MOST_BYTES = 200 * 10**6
"""A longer file is not read."""
_ENDINGS = (".mask.png", ".masks.tif", ".seg.dcm")
_SCHEMAS = ("uniultra.segment/1", "uniultra.segment-frames/1")
Key = tuple[int | None, int]
"""Frame (None for an image of one frame) and id."""


@dataclass(frozen=True)
class Written:
    """What a JSON of `segment` or `track` says of a structure: its scale, and how many pixels it has."""

    scale: Scale
    area_px: int


def saved_beside(mask: Path) -> dict[Key, Written]:
    """The structures in the JSON that belongs to a mask by its name: NAME.json for NAME.mask.png; {} where
    there is none.
    """
    for ending in _ENDINGS:
        beside = mask.with_name(mask.name.removesuffix(ending) + ".json")
        if mask.name.endswith(ending) and beside.is_file():
            return saved_structures(beside)
    return {}


def of_frame(saved: Mapping[Key, Written], frame: int | None) -> dict[int, Written]:
    """One frame's structures by id; those of the only frame there is for None."""
    frames = {number for number, _ in saved}
    if frame is None and len(frames) == 1:
        [frame] = frames
    return {identity: found for (number, identity), found in saved.items() if number == frame}


def saved_report(path: Path) -> dict[str, Any]:
    """What a JSON file of an object holds; {} for any other file, or none."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return {}
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return report if isinstance(report, dict) else {}


def saved_structures(path: Path) -> dict[Key, Written]:
    """The structures of a JSON that `segment` or `track` wrote; {} for any other file."""
    report = saved_report(path)
    if report.get("schema") not in _SCHEMAS:
        return {}
    frames = report.get("frames", [report])
    try:
        return {
            (frame["frame"], item["id"]): Written(_scale(item["measures"]["scale"]), int(item["area_px"]))
            for frame in frames
            for item in frame["objects"]
        }
    except (KeyError, TypeError, ValueError):
        return {}


def _scale(said: dict[str, Any]) -> Scale:
    notes = tuple(str(note) for note in said["notes"])
    if said["spacing_mm_yx"] is None:
        return Scale(None, "", str(said["reason"]), notes)
    down, right = (float(side) for side in said["spacing_mm_yx"])
    if not (math.isfinite(down) and math.isfinite(right) and down > 0 and right > 0):
        raise ValueError("no size of a pixel")
    return Scale((down, right), str(said["source"]), "", notes)


ENDINGS = (
    ".mask.png",
    ".overlay.png",
    ".grid.png",
    ".masks.tif",
    ".overlay.mp4",
    ".track.plot.png",
    ".seg.dcm",
    ".sr.dcm",
    ".sc.dcm",
    ".seg.nrrd",
)
_NIFTI = ".nii.gz"
_MASKS = (".mask.png", ".masks.tif")
_ALONE = "holds results of uniultra alone; give the folder of the images, or name a result to segment it"


def images_of(places: Sequence[str]) -> list[Path]:
    """The images that files, folders and patterns stand for, each once; without earlier results where they
    aren't named.

    Raises:
        FileError: a place that stands for nothing, or for earlier results alone.
    """
    found: list[Path] = []
    for place in places or [""]:
        files = find_images([place] if places else [])
        images = [file for file in files if str(file) == place or not is_result(file)]
        if not images:
            raise FileError(f"{shown(place)}: {_ALONE}")
        found += images
    return list(dict.fromkeys(found))


def archive_images(inputs: Mapping[str, str], place: str) -> dict[str, str]:
    """The names and paths of an archive without earlier results. Raises FileError where nothing else is
    there.
    """
    names = inputs.keys()
    images = {name: path for name, path in inputs.items() if not _is_archived_result(name, path, names)}
    if not images:
        raise FileError(f"{shown(place)}: {_ALONE}")
    return images


def is_result(file: Path) -> bool:
    """Whether a file was written by `segment` or `batch`: by its name, and NIfTI by what lies beside it."""
    if not file.name.endswith(_NIFTI):
        return file.name.endswith(ENDINGS)
    stem = file.name.removesuffix(_NIFTI)
    image = _image_of(file.with_name(f"{stem}.json"))
    if image is not None:
        return image != file.name
    return any(file.with_name(stem + ending).is_file() for ending in _MASKS)


def _is_archived_result(name: str, path: str, names: Iterable[str]) -> bool:
    if "://" not in path:
        return is_result(Path(path))
    if not name.endswith(_NIFTI):
        return name.endswith(ENDINGS)
    return any(name.removesuffix(_NIFTI) + ending in names for ending in _MASKS)


def _image_of(report: Path) -> str | None:
    """The name of the image that a JSON of ours is about; None for any other file, or none."""
    said = saved_report(report)
    return str(said["image"]) if str(said.get("schema")).startswith("uniultra.") and "image" in said else None
