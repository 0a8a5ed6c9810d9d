"""COCO instances (cocodataset.org, "Data format"): one JSON with `images` and `annotations`, and the images
below its folder.

A segmentation is a list of polygons, or run lengths over columns, plain or compressed. One object an
annotation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from uniultra.data.importers.images import layered
from uniultra.data.importers.sample import Finding, Problem, Sample
from uniultra.errors import DataError, FileError, PromptError
from uniultra.io.coco import mask_of
from uniultra.io.masks import MAX_IDS
from uniultra.io.paths import shown
from uniultra.io.polygons import filled
from uniultra.io.texts import composed, read_json


def find(root: Path) -> Iterator[Finding]:
    path = _json_of(root)
    try:
        data = read_json(path)
        images, annotations = data["images"], data["annotations"]
        segments: dict[Any, list[Any]] = {one["id"]: [] for one in images}
        lost = []
        for place, annotation in enumerate(annotations, start=1):
            own = segments.get(annotation["image_id"])
            if own is None:
                lost.append((place, annotation["image_id"]))
            else:
                own.append(annotation.get("segmentation"))
        named = [(one["id"], str(one["file_name"]), (one.get("width"), one.get("height"))) for one in images]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"'{path}' is not COCO instances ({type(error).__name__}: {error}); it needs images and "
            "annotations"
        ) from error
    for place, number in lost:
        yield Problem(
            f"{path} annotation {place}",
            f"its image_id {shown(str(number))} is of no entry of images; add that, or remove the annotation",
        )
    for number, name, size in named:
        yield _sample(path, name, size, segments[number])


def _json_of(root: Path) -> Path:
    files = [root] if root.is_file() else sorted(root.glob("*.json"))
    if len(files) != 1:
        raise DataError(
            f"'{root}' holds {len(files)} JSON files; give the COCO file itself, its images in its folder "
            "or in images/"
        )
    return files[0]


def _sample(path: Path, name: str, size: tuple[Any, Any], segments: list[Any]) -> Finding:
    where = f"{path} file_name '{name}'"
    if "\\" in name or (len(name) > 1 and name[1] == ":"):
        return Problem(where, "a Windows path; write it with / and relative to the JSON")
    if Path(name).is_absolute() or ".." in Path(name).parts:
        return Problem(where, "not below the JSON's folder; write it relative to that")
    image = _there(path.parent / name) or _there(path.parent / "images" / name)
    if image is None:
        return Problem(where, "no such file; add it, or remove its row")
    return Sample(
        Path(name).with_suffix("").as_posix().replace("/", "_"),
        image,
        partial(_ids, size=size, segments=segments, where=where),
        (path,),
    )


def _there(image: Path) -> Path | None:
    """The file of this name, in whichever Unicode form the folder has it."""
    if image.is_file():
        return image
    name = composed(image.name)
    if name.isascii() or not image.parent.is_dir():
        return None
    return next(
        (one for one in sorted(image.parent.iterdir()) if composed(one.name) == name and one.is_file()), None
    )


def _ids(hw: tuple[int, int], size: tuple[Any, Any], segments: Sequence[Any], where: str) -> np.ndarray:
    if len(segments) > MAX_IDS:
        raise FileError(f"{where}: {len(segments)} objects; legal are 0 to {MAX_IDS}; divide them")
    height, width = hw
    if segments and any(one not in (None, real) for one, real in zip(size, (width, height), strict=True)):
        raise FileError(
            f"{where}: width and height are {shown(str(size[0]))} x {shown(str(size[1]))}, the image has "
            f"{width} x {height} pixels, so outlines don't fit; give the images that were annotated"
        )
    ids_hw = layered(hw, (_mask(one, number, hw, where) for number, one in enumerate(segments, start=1)))
    there = np.bincount(ids_hw.ravel(), minlength=len(segments) + 1)
    for number in np.flatnonzero(there[1:] == 0).tolist():
        if _mask(segments[number], number + 1, hw, where).any():
            raise FileError(f"{where}: segmentation {number + 1} is hidden by others; remove one of them")
    return ids_hw


def _mask(segment: Any, number: int, hw: tuple[int, int], where: str) -> np.ndarray:
    if not segment:
        raise FileError(
            f"{where}: annotation {number} of it has no segmentation; a box alone is no mask: draw it, or "
            "remove the annotation"
        )
    try:
        return _runs(segment, hw) if isinstance(segment, dict) else _filled(segment, hw)
    except (PromptError, ValueError, KeyError, TypeError, IndexError, OverflowError) as error:
        raise FileError(
            f"{where}: segmentation {number} is not polygons or run lengths ({error}); export it again"
        ) from error


def _filled(polygons: Sequence[Sequence[float]], hw: tuple[int, int]) -> np.ndarray:
    """The union of the polygons, as COCO has it. One within another is not a part but a hole that was
    written as one (by sahi 0.12.8, for one), and is refused.
    """
    if len(polygons) == 0:
        raise ValueError("it is empty: a box or an ellipse without its outline")
    mask = np.zeros(hw, np.bool_)
    for number, corners in enumerate(polygons, start=1):
        part = filled(corners, hw)
        shared = int((mask & part).sum())
        if shared and shared in (int(mask.sum()), int(part.sum())):
            raise ValueError(f"polygon {number} and those before lie in each other: COCO fills a hole")
        mask |= part
    return mask


def _runs(segment: dict[str, Any], hw: tuple[int, int]) -> np.ndarray:
    if tuple(segment["size"]) != tuple(hw):
        raise ValueError(f"its size is {segment['size']}, the image is {list(hw)}")
    counts = segment["counts"]
    return mask_of(counts if isinstance(counts, str) else [int(count) for count in counts], hw)
