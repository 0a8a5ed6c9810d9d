"""LabelMe's JSON (github.com/wkentaro/labelme): one a picture, with polygons and the picture's name, at any
depth.

A polygon is an object; those of one label and `group_id` are parts of one. Ids follow the labels where there
are several, as `coco` has it. A picture that is embedded (`imageData`) has to lie beside its JSON, too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from uniultra.data.importers.coco import Numbering, numbering, there
from uniultra.data.importers.images import layered
from uniultra.data.importers.sample import Finding, Problem, Sample, missing_mask, pictures
from uniultra.data.structure_names import legal_names
from uniultra.errors import DataError, FileError, PromptError
from uniultra.io.masks import MAX_IDS
from uniultra.io.paths import shown
from uniultra.io.polygons import filled
from uniultra.io.texts import read_json

POLYGON = "polygon"


@dataclass(frozen=True)
class _Object:
    """A label, and the polygons [[x, y], ...] that are its parts, by their places in the file, from 1."""

    label: str
    parts: dict[int, Any]


@dataclass(frozen=True)
class _File:
    path: Path
    image: Path
    size: tuple[Any, Any]
    objects: tuple[_Object, ...]


def find(root: Path) -> Iterator[Finding]:
    """Raises DataError where there is no JSON."""
    paths = _below(root, ".json")
    if not paths:
        raise DataError(f"'{root}' holds no JSON of LabelMe; give the folder of its JSON files and pictures")
    read = [_file(path, root) for path in paths]
    yield from (one for one in read if isinstance(one, Problem))
    first: dict[Path, _File] = {}
    for file in (one for one in read if isinstance(one, _File)):
        other = first.setdefault(file.image, file).path
        if other is not file.path:
            also = f"is of {shown(file.image.name)}, as {shown(other.name)} is"
            yield Problem(str(file.path), f"{also}; put all shapes into one JSON, or remove one")
    files = list(first.values())
    labels = list(dict.fromkeys(one.label for file in files for one in file.objects))
    legal = legal_names(enumerate(labels, start=1))
    called = {label: legal[place] for place, label in enumerate(labels, start=1) if place in legal}
    numbers = numbering(called, [[one.label for one in file.objects] for file in files])
    for file in files:
        yield _sample(file, root, numbers)
    seen, listed = set(first), {Path(one.where).stem for one in read if isinstance(one, Problem)}
    folders = {file.image.parent for file in files}
    for image in chain.from_iterable(pictures(folder) for folder in sorted(folders)):
        if image not in seen and image.stem not in listed:
            yield missing_mask(image, image.with_suffix(".json").name)


def _below(root: Path, suffix: str) -> list[Path]:
    found = (path for path in root.rglob("*") if path.name.lower().endswith(suffix) and path.is_file())
    return sorted(
        path for path in found if not any(part.startswith(".") for part in path.relative_to(root).parts)
    )


def _file(path: Path, root: Path) -> _File | Problem:
    """What a JSON says; a problem where it isn't LabelMe's, or has another shape than polygons."""
    try:
        data = read_json(path)
        shapes, name = data["shapes"], str(data["imagePath"]).replace("\\", "/")
        objects = _objects(shapes)
        size = (data.get("imageWidth"), data.get("imageHeight"))
    except FileError as error:
        return Problem(str(path), str(error))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        what = (
            f"not LabelMe's JSON ({type(error).__name__}: {shown(str(error))}); it has shapes and imagePath"
        )
        return Problem(str(path), f"{what}; remove it, or save it again")
    lies = Path(os.path.normpath(path.parent / name))
    if not lies.is_relative_to(os.path.normpath(root)):
        return Problem(
            str(path), f"imagePath '{shown(name)}' is not below the folder given; write it relative"
        )
    image = there(lies)
    if image is None:
        return Problem(str(path), f"imagePath '{shown(name)}': no such file; add it, or remove the JSON")
    return _File(path, image, size, objects)


def _objects(shapes: Any) -> tuple[_Object, ...]:
    """Raises FileError for a shape that isn't a polygon."""
    found: dict[Any, _Object] = {}
    for place, shape in enumerate(shapes, start=1):
        label, kind = str(shape["label"]), shape.get("shape_type") or POLYGON
        if kind != POLYGON:
            raise FileError(
                f"shape {place} ('{shown(label)}') is of type {shown(str(kind))}; only polygons can be "
                "imported: draw it as one, or remove it"
            )
        group = shape.get("group_id")
        key = place if group is None else (label, group)
        found.setdefault(key, _Object(label, {})).parts[place] = shape["points"]
    return tuple(found.values())


def _sample(file: _File, root: Path, numbers: Numbering) -> Sample:
    name = Path(os.path.relpath(file.image, root)).with_suffix("").as_posix().replace("/", "_")
    ids = numbers.of([one.label for one in file.objects])
    read = partial(_ids, file=file, numbers=ids)
    return Sample(name, file.image, read, (file.path,), names=numbers.names)


def _ids(hw: tuple[int, int], file: _File, numbers: list[int]) -> np.ndarray:
    where, (height, width) = shown(file.path), hw
    if len(numbers) > MAX_IDS:
        raise FileError(f"{where}: {len(numbers)} objects; legal are 0 to {MAX_IDS}; divide them")
    if any(one not in (None, real) for one, real in zip(file.size, (width, height), strict=True)):
        raise FileError(
            f"{where}: imageWidth and imageHeight are {' x '.join(shown(str(one)) for one in file.size)}, "
            f"the picture has {width} x {height} pixels, so polygons don't fit; give the annotated one"
        )
    masks = [_mask(one, hw, where) for one in file.objects]
    ids_hw = layered(hw, masks)
    seen = np.bincount(ids_hw.ravel(), minlength=len(masks) + 1)
    for place, (one, mask) in enumerate(zip(file.objects, masks, strict=True), start=1):
        if not seen[place]:
            why = "is hidden by others" if mask.any() else "holds no pixel of the picture"
            raise FileError(f"{where}: shape {min(one.parts)} ('{shown(one.label)}') {why}; remove it")
    return np.array([0, *numbers], np.uint8)[ids_hw]


def _mask(one: _Object, hw: tuple[int, int], where: str) -> np.ndarray:
    mask = np.zeros(hw, np.bool_)
    for place, points in one.parts.items():
        try:
            corners = [float(value) for x, y in points for value in (x, y)]
            mask |= filled(corners, hw)
        except (PromptError, ValueError, TypeError, OverflowError) as error:
            raise FileError(f"{where}: the points of shape {place} are no polygon ({error})") from error
    return mask
