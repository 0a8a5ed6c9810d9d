"""COCO instances (cocodataset.org, "Data format"): one JSON with `images` and `annotations`, and the images
below its folder.

A segmentation is a list of polygons, or run lengths over columns, plain or compressed. One object an
annotation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from uniultra.data.importers.sample import Finding, Problem, Sample
from uniultra.errors import DataError, FileError, PromptError
from uniultra.io.coco import mask_of
from uniultra.io.masks import MAX_IDS
from uniultra.io.polygons import filled
from uniultra.io.texts import composed, read_json


def find(root: Path) -> Iterator[Finding]:
    path = _json_of(root)
    try:
        data = read_json(path)
        images, annotations = data["images"], data["annotations"]
        segments = defaultdict(list)
        for annotation in annotations:
            segments[annotation["image_id"]].append(annotation["segmentation"])
        named = [(one["id"], str(one["file_name"])) for one in images]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"'{path}' is not COCO instances ({type(error).__name__}: {error}); it needs images and "
            "annotations"
        ) from error
    for number, name in named:
        yield _sample(path, name, segments[number])


def _json_of(root: Path) -> Path:
    files = [root] if root.is_file() else sorted(root.glob("*.json"))
    if len(files) != 1:
        raise DataError(
            f"'{root}' holds {len(files)} JSON files; give the COCO file itself, its images in its folder "
            "or in images/"
        )
    return files[0]


def _sample(path: Path, name: str, segments: list[Any]) -> Finding:
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
        partial(_ids, segments=segments, where=where),
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


def _ids(hw: tuple[int, int], segments: Sequence[Any], where: str) -> np.ndarray:
    if len(segments) > MAX_IDS:
        raise FileError(f"{where}: {len(segments)} objects; legal are 0 to {MAX_IDS}; divide them")
    ids_hw = np.zeros(hw, np.uint8)
    for number, segment in enumerate(segments, start=1):
        try:
            inside = _runs(segment, hw) if isinstance(segment, dict) else _filled(segment, hw)
        except (PromptError, ValueError, KeyError, TypeError, IndexError, OverflowError) as error:
            raise FileError(
                f"{where}: segmentation {number} is not polygons or run lengths ({error}); export it again"
            ) from error
        ids_hw[inside & (ids_hw == 0)] = number
    return ids_hw


def _filled(polygons: Sequence[Sequence[float]], hw: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(hw, np.bool_)
    for corners in polygons:
        mask |= filled(corners, hw)
    return mask


def _runs(segment: dict[str, Any], hw: tuple[int, int]) -> np.ndarray:
    if tuple(segment["size"]) != tuple(hw):
        raise ValueError(f"its size is {segment['size']}, the image is {list(hw)}")
    counts = segment["counts"]
    return mask_of(counts if isinstance(counts, str) else [int(count) for count in counts], hw)
