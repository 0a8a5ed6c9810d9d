"""Which files were written here: a folder of images may hold the results of earlier commands, too."""

from __future__ import annotations

import json
import re
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
SCHEMAS = ("uniultra.segment/1", "uniultra.segment-frames/1")
"""Of the JSON of `segment` and `track`."""
NIFTI = ".nii.gz"
MASKS = (".mask.png", ".masks.tif")
_HEAD_BYTES = 2048
_KIND = re.compile(
    rb"\x02\0\x02\0UI..1\.2\.840\.10008\.5\.1\.4\.1\.1\.(66\.[47]|88\.[0-9]+|7(?:\.4)?)\0?\x02\0", re.DOTALL
)
"""MediaStorageSOPClassUID of a segmentation, a report, or a Secondary Capture (PS3.4 B.5)."""
_OVERLAY, _MAKER = b"DERIVED\\SECONDARY\\OVERLAY", b"UniUltra"
"""ImageType and Manufacturer of our Secondary Captures."""
ALONE = "holds results of uniultra alone; give the folder of the images, or name a result to take it"


def is_result(file: Path) -> bool:
    """Whether a file was written by `segment`, `track` or `batch`: by its name, NIfTI by what lies beside it,
    and DICOM, which an archive gives back under another name, by its kind.
    """
    if not file.name.endswith(NIFTI):
        return file.name.endswith(ENDINGS) or is_derived(_head_of(file))
    stem = file.name.removesuffix(NIFTI)
    image = _image_of(file.with_name(f"{stem}.json"))
    if image is not None:
        return image != file.name
    return any(file.with_name(stem + ending).is_file() for ending in MASKS)


def is_derived(head: bytes) -> bool:
    """Whether a file that begins so is a DICOM SEG or SR, of any producer, or a Secondary Capture of ours:
    of a study that is fetched whole, none of them is an image to segment.
    """
    found = _KIND.search(head) if head[128:132] == b"DICM" else None
    if found is None:
        return False
    return not found[1].startswith(b"7") or (_OVERLAY in head and _MAKER in head)


def _head_of(file: Path) -> bytes:
    """The first bytes of what may be DICOM by its name; none of any other file, or one that can't be read."""
    if file.suffix.lower() not in (".dcm", ".dicom") and file.suffix.lstrip(".").strip("0123456789"):
        return b""
    try:
        with open(file, "rb") as opened:
            return opened.read(_HEAD_BYTES)
    except OSError:
        return b""


def saved_report(path: Path) -> dict[str, Any]:
    """What a JSON file of an object holds; {} for any other file, or none."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return {}
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return report if isinstance(report, dict) else {}


def report_beside(mask: Path) -> dict[str, Any]:
    """What the JSON holds that belongs to a mask by its name, NAME.json for NAME.mask.png; {} where there is
    none.
    """
    for ending in (*MASKS, ".seg.dcm"):
        beside = mask.with_name(mask.name.removesuffix(ending) + ".json")
        if mask.name.endswith(ending) and beside.is_file():
            return saved_report(beside)
    return {}


def _image_of(report: Path) -> str | None:
    """The name of the image that a JSON of ours is about; None for any other file, or none."""
    said = saved_report(report)
    return str(said["image"]) if str(said.get("schema")).startswith("uniultra.") and "image" in said else None
