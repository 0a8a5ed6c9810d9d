"""Earlier results: among inputs ignored where a folder or a pattern brings them, and taken where they are
named; and what the JSON beside a mask says of it, so that a mask that was written here keeps its scale.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uniultra.errors import FileError
from uniultra.io.own_results import (
    ALONE,
    ENDINGS,
    MASKS,
    NIFTI,
    SCHEMAS,
    is_result,
    report_beside,
    saved_report,
)
from uniultra.io.paths import shown
from uniultra.pixel_scale import Scale

Key = tuple[int | None, int]
"""Frame (None for an image of one frame) and id."""


@dataclass(frozen=True)
class Written:
    """What a JSON of `segment` or `track` says of a structure: its scale, how many pixels it has, and whether
    it was tracked there without being sure.
    """

    scale: Scale
    area_px: int
    unsure: bool = False


def saved_beside(mask: Path) -> dict[Key, Written]:
    """The structures in the JSON that belongs to a mask by its name: NAME.json for NAME.mask.png; {} where
    there is none.
    """
    return _structures(report_beside(mask))


def of_frame(saved: Mapping[Key, Written], frame: int | None) -> dict[int, Written]:
    """One frame's structures by id; those of the only frame there is for None."""
    frames = {number for number, _ in saved}
    if frame is None and len(frames) == 1:
        [frame] = frames
    return {identity: found for (number, identity), found in saved.items() if number == frame}


def saved_structures(path: Path) -> dict[Key, Written]:
    """The structures of a JSON that `segment` or `track` wrote; {} for any other file."""
    return _structures(saved_report(path))


def _structures(report: Mapping[str, Any]) -> dict[Key, Written]:
    if report.get("schema") not in SCHEMAS:
        return {}
    frames = report.get("frames", [report])
    try:
        return {
            (frame["frame"], item["id"]): Written(
                _scale(item["measures"]["scale"]), int(item["area_px"]), item.get("status") == "unsure"
            )
            for frame in frames
            for item in frame["objects"]
        }
    except (KeyError, TypeError, ValueError, OverflowError):
        return {}


def _scale(said: dict[str, Any]) -> Scale:
    notes = tuple(str(note) for note in said["notes"])
    if said["spacing_mm_yx"] is None:
        aspect = float(said.get("pixel_aspect", 1.0))
        if not (math.isfinite(aspect) and aspect > 0):
            raise ValueError("no pixel aspect")
        return Scale(None, "", str(said["reason"]), notes, aspect)
    down, right = (float(side) for side in said["spacing_mm_yx"])
    if not (math.isfinite(down) and math.isfinite(right) and down > 0 and right > 0):
        raise ValueError("no size of a pixel")
    return Scale((down, right), str(said["source"]), "", notes)


def archive_images(inputs: Mapping[str, str], place: str) -> dict[str, str]:
    """The names and paths of an archive without earlier results. Raises FileError where nothing else is
    there.
    """
    names = inputs.keys()
    images = {name: path for name, path in inputs.items() if not _is_archived_result(name, path, names)}
    if not images:
        raise FileError(f"{shown(place)}: {ALONE}")
    return images


def _is_archived_result(name: str, path: str, names: Iterable[str]) -> bool:
    if "://" not in path:
        return is_result(Path(path))
    if not name.endswith(NIFTI):
        return name.endswith(ENDINGS)
    return any(name.removesuffix(NIFTI) + ending in names for ending in MASKS)
