"""Which files were written here: a folder of images may hold the results of earlier commands, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MOST_BYTES = 200 * 10**6
"""A longer JSON is not read."""
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
NIFTI = ".nii.gz"
MASKS = (".mask.png", ".masks.tif")
ALONE = "holds results of uniultra alone; give the folder of the images, or name a result to take it"


def is_result(file: Path) -> bool:
    """Whether a file was written by `segment`, `track` or `batch`: by its name, and NIfTI by what lies beside
    it.
    """
    if not file.name.endswith(NIFTI):
        return file.name.endswith(ENDINGS)
    stem = file.name.removesuffix(NIFTI)
    image = _image_of(file.with_name(f"{stem}.json"))
    if image is not None:
        return image != file.name
    return any(file.with_name(stem + ending).is_file() for ending in MASKS)


def saved_report(path: Path) -> dict[str, Any]:
    """What a JSON file of an object holds; {} for any other file, or none."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return {}
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return report if isinstance(report, dict) else {}


def _image_of(report: Path) -> str | None:
    """The name of the image that a JSON of ours is about; None for any other file, or none."""
    said = saved_report(report)
    return str(said["image"]) if str(said.get("schema")).startswith("uniultra.") and "image" in said else None
