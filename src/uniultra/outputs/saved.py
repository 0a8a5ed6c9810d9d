"""What the JSON beside a mask says of it, so that a mask that was written here keeps its scale when it is
measured again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from uniultra.pixel_scale import Scale

MOST_BYTES = 200 * 10**6
"""A longer file is not read."""
_ENDINGS = (".mask.png", ".masks.tif", ".seg.dcm")
_SCHEMAS = ("uniultra.segment/1", "uniultra.segment-frames/1")
Key = tuple[int | None, int]
"""Frame (None for an image of one frame) and id."""


def saved_beside(mask: Path) -> dict[Key, Scale]:
    """The scales in the JSON that belongs to a mask by its name: NAME.json for NAME.mask.png; {} where there
    is none.
    """
    for ending in _ENDINGS:
        beside = mask.with_name(mask.name.removesuffix(ending) + ".json")
        if mask.name.endswith(ending) and beside.is_file():
            return saved_scales(beside)
    return {}


def of_frame(saved: Mapping[Key, Scale], frame: int | None) -> dict[int, Scale]:
    """The scales of one frame's structures by id; those of the only frame there is for None."""
    frames = {number for number, _ in saved}
    if frame is None and len(frames) == 1:
        [frame] = frames
    return {identity: scale for (number, identity), scale in saved.items() if number == frame}


def saved_report(path: Path) -> dict[str, Any]:
    """What a JSON file of an object holds; {} for any other file, or none."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return {}
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return report if isinstance(report, dict) else {}


def saved_scales(path: Path) -> dict[Key, Scale]:
    """The scale of each structure in a JSON that `segment` wrote; {} for any other file."""
    report = saved_report(path)
    if report.get("schema") not in _SCHEMAS:
        return {}
    frames = report.get("frames", [report])
    try:
        return {
            (frame["frame"], item["id"]): _scale(item["measures"]["scale"])
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
