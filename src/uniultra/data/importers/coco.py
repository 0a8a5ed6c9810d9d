"""COCO instances (cocodataset.org, "Data format"): one JSON with `images` and `annotations`, and the images
below its folder.

A segmentation is a list of polygons, or run lengths over columns, plain or compressed. One object an
annotation. Ids follow the categories where there are several, so that an id has one name in all images.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from uniultra.data.importers.images import layered
from uniultra.data.importers.sample import Finding, Problem, Sample
from uniultra.data.structure_names import Names, legal_names
from uniultra.errors import DataError, FileError, PromptError
from uniultra.io.coco import mask_of
from uniultra.io.masks import MAX_IDS, MAX_SPARSE_IDS
from uniultra.io.paths import shown
from uniultra.io.polygons import filled
from uniultra.io.texts import composed, read_json


def find(root: Path) -> Iterator[Finding]:
    path = _json_of(root)
    try:
        data = read_json(path)
        images, annotations = data["images"], data["annotations"]
        segments: dict[Any, list[Any]] = {one["id"]: [] for one in images}
        kinds: dict[Any, list[Any]] = {one["id"]: [] for one in images}
        lost = []
        for place, annotation in enumerate(annotations, start=1):
            image = annotation["image_id"]
            if image not in segments:
                lost.append((place, image))
            else:
                segments[image].append(annotation.get("segmentation"))
                kinds[image].append(annotation.get("category_id"))
        numbers = numbering(_called(data.get("categories")), kinds.values())
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
    images_of = Counter(number for number, _, _ in named)
    for number, name, size in named:
        if images_of[number] > 1:
            yield Problem(
                f"{path} file_name '{name}'",
                f"its id {shown(str(number))} is of {images_of[number]} entries of images, so which "
                "annotations are its own can't be told; give each image an id of its own, "
                "and its annotations that",
            )
            continue
        own = dict(zip(numbers.of(kinds[number]), segments[number], strict=True))
        yield _sample(path, name, size, own, numbers.names)


@dataclass(frozen=True)
class Numbering:
    """Ids by category and place among those of it in an image; in the order of annotations where there is
    none. And what ids are called.
    """

    ids: Mapping[tuple[Any, int], int]
    names: Names

    def of(self, kinds: Sequence[Any]) -> list[int]:
        """The ids of an image's annotations, of these categories."""
        if not self.ids:
            return list(range(1, len(kinds) + 1))
        seen: Counter[Any] = Counter()
        numbers = []
        for kind in kinds:
            numbers.append(self.ids[kind, seen[kind]])
            seen[kind] += 1
        return numbers


def _called(categories: Any) -> dict[Any, str]:
    """Categories' names by their ids; those that can't be names, and ids of several names, are left out."""
    given = [one for one in categories or () if isinstance(one, dict) and "id" in one and "name" in one]
    legal = legal_names(enumerate((one["name"] for one in given), start=1))
    called: dict[Any, set[str]] = {one["id"]: set() for one in given}
    for one in given:
        called[one["id"]].add(str(one["name"]))
    return {
        one["id"]: legal[place]
        for place, one in enumerate(given, start=1)
        if place in legal and len(called[one["id"]]) == 1
    }


def numbering(called: Mapping[Any, str], images: Iterable[Sequence[Any]]) -> Numbering:
    """One id for each category, and more for categories that images show several times: the first of each
    category come first. Without names, with one category alone, or where there are too many objects for that
    (a mask of more than MAX_SPARSE_IDS of them has to be numbered without gaps), as the annotations come.
    """
    counts = [Counter(kinds) for kinds in images]
    most: Counter[Any] = Counter()
    for count in counts:
        most |= count
    if len(most) == 1:
        [kind] = most
        return Numbering({}, {None: called[kind]} if kind in called else {})
    crowded = any(count.total() > MAX_SPARSE_IDS for count in counts) or most.total() >= MAX_IDS
    if crowded or not most.keys() <= called.keys():
        return Numbering({}, {})
    order = {kind: place for place, kind in enumerate(called)}
    pairs = [(kind, nth) for kind, several in most.items() for nth in range(several)]
    pairs.sort(key=lambda pair: (pair[1], order[pair[0]]))
    ids = {pair: number for number, pair in enumerate(pairs, start=1)}
    return Numbering(ids, {number: called[kind] for (kind, _), number in ids.items()})


def _json_of(root: Path) -> Path:
    files = [root] if root.is_file() else sorted(root.glob("*.json"))
    if len(files) != 1:
        raise DataError(
            f"'{root}' holds {len(files)} JSON files; give the COCO file itself, its images in its folder "
            "or in images/"
        )
    return files[0]


def _sample(path: Path, name: str, size: tuple[Any, Any], segments: dict[int, Any], names: Names) -> Finding:
    where = f"{path} file_name '{name}'"
    if "\\" in name or (len(name) > 1 and name[1] == ":"):
        return Problem(where, "a Windows path; write it with / and relative to the JSON")
    if Path(name).is_absolute() or ".." in Path(name).parts:
        return Problem(where, "not below the JSON's folder; write it relative to that")
    image = there(path.parent / name) or there(path.parent / "images" / name)
    if image is None:
        return Problem(where, "no such file; add it, or remove its row")
    return Sample(
        Path(name).with_suffix("").as_posix().replace("/", "_"),
        image,
        partial(_ids, size=size, segments=segments, where=where),
        (path,),
        names=names,
    )


def there(image: Path) -> Path | None:
    """The file of this name, in whichever Unicode form the folder has it."""
    if image.is_file():
        return image
    name = composed(image.name)
    if name.isascii() or not image.parent.is_dir():
        return None
    return next(
        (one for one in sorted(image.parent.iterdir()) if composed(one.name) == name and one.is_file()), None
    )


def _ids(hw: tuple[int, int], size: tuple[Any, Any], segments: Mapping[int, Any], where: str) -> np.ndarray:
    """The id mask of an image of (height, width), of segmentations by their ids."""
    if len(segments) > MAX_IDS:
        raise FileError(f"{where}: {len(segments)} objects; legal are 0 to {MAX_IDS}; divide them")
    height, width = hw
    if segments and any(one not in (None, real) for one, real in zip(size, (width, height), strict=True)):
        raise FileError(
            f"{where}: width and height are {shown(str(size[0]))} x {shown(str(size[1]))}, the image has "
            f"{width} x {height} pixels, so outlines don't fit; give the images that were annotated"
        )
    drawn = list(enumerate(segments.values(), start=1))
    ids_hw = layered(hw, (_mask(one, place, hw, where) for place, one in drawn))
    seen = np.bincount(ids_hw.ravel(), minlength=len(segments) + 1)
    for place, one in drawn:
        if not seen[place] and _mask(one, place, hw, where).any():
            raise FileError(f"{where}: segmentation {place} is hidden by others; remove one of them")
    return np.array([0, *segments], np.uint8)[ids_hw]


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
