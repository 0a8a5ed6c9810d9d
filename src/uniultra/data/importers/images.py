"""Masks as the public sets store them, made into id masks: uint8 (H, W), 0 background, 1..N objects; and sets
that are two folders of files with the same names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from uniultra.data.importers.sample import Finding, Problem, by_stem, pictures, with_mask
from uniultra.errors import FileError
from uniultra.io.images import decode, kind_of
from uniultra.io.masks import LOSSY_INSIDE, MAX_IDS, check_ids, read_ids
from uniultra.io.paths import shown
from uniultra.io.pillow_reader import flatten, grey
from uniultra.io.texts import composed


def objects(hw: tuple[int, int], paths: Sequence[Path]) -> np.ndarray:
    """One object a black and white file, as `layered`."""
    return layered(hw, (same_size(inside_of(path), hw, path) for path in paths))


def layered(hw: tuple[int, int], masks: Iterable[np.ndarray]) -> np.ndarray:
    """Objects, bool (H, W) each, numbered in order. Where they overlap, the one with fewer pixels is on top,
    so that a structure within another isn't lost; of equal ones the first.
    """
    ids_hw = np.zeros(hw, np.uint8)
    pixels = np.full(MAX_IDS + 1, np.iinfo(np.int64).max)  # of 0, the background: more than any object has
    for number, inside in enumerate(masks, start=1):
        pixels[number] = np.count_nonzero(inside)
        below = ids_hw[inside]
        ids_hw[inside] = np.where(pixels[below] > pixels[number], np.uint8(number), below)
    return ids_hw


def inside_of(path: Path) -> np.ndarray:
    """bool (H, W) of a mask of two values. In a JPEG, which smears edges, a pixel is inside from grey 128 on.

    Raises:
        FileError: unreadable, coloured, or of more than two values.
    """
    if kind_of(path).name == "JPEG":
        return decode(path, partial(grey, name=shown(path))) >= LOSSY_INSIDE
    values_hw = read_ids(path)
    values = np.unique(values_hw)
    if np.count_nonzero(values) > 1:
        raise FileError(
            f"{shown(path)}: {len(values)} grey values (soft edges?); a mask has 0 and one other; cut it at "
            "128 and save it as PNG"
        )
    return values_hw > 0


def coloured(hw: tuple[int, int], path: Path) -> np.ndarray:
    """One object: whatever is not black, in any colour."""
    return same_size(decode(path, _any_colour), hw, path).astype(np.uint8)


def labels(hw: tuple[int, int], path: Path, values: Sequence[int] | None = None) -> np.ndarray:
    """Ids as stored; or `values`, renumbered 1, 2, ... in their order, where any other value than 0 is
    refused.

    Without `values`, 0 and 255 alone mean one object, and grey levels are refused; see `check_ids`.
    """
    ids_hw = same_size(read_ids(path), hw, path)
    found = [int(value) for value in np.unique(ids_hw) if value]
    if values is not None:
        unknown = sorted(set(found) - set(values))
        if unknown:
            raise FileError(
                f"{shown(path)}: holds the value {unknown[0]}; legal are 0 and "
                f"{', '.join(map(str, values))}; renumber it"
            )
        table = np.zeros(256, np.uint8)
        table[list(values)] = np.arange(1, len(values) + 1)
        return table[ids_hw]
    check_ids(ids_hw, shown(path))
    return (ids_hw > 0).astype(np.uint8) if found == [MAX_IDS] else ids_hw


def filled_outline(hw: tuple[int, int], path: Path) -> np.ndarray:
    """One object: what a drawn outline encloses, the line itself included."""
    line = same_size(inside_of(path), hw, path).astype(np.uint8)
    contours, _ = cv2.findContours(line, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(np.zeros(hw, np.uint8), contours, -1, 1, cv2.FILLED)


def polygons(hw: tuple[int, int], outlines: Sequence[np.ndarray]) -> np.ndarray:
    """One object an outline (N, 2) of x, y, as `layered`."""
    corners = (np.rint(points).astype(np.int32) for points in outlines)
    return layered(hw, (cv2.fillPoly(np.zeros(hw, np.uint8), [one], 1) > 0 for one in corners))


def same_size(mask: np.ndarray, hw: tuple[int, int], path: Path) -> np.ndarray:
    if mask.shape != tuple(hw):
        raise FileError(
            f"{shown(path)}: the mask is {mask.shape[1]} x {mask.shape[0]} pixels but its image is "
            f"{hw[1]} x {hw[0]}; save both at one size"
        )
    return mask


def _any_colour(image: Image.Image) -> np.ndarray:
    return np.count_nonzero(np.asarray(flatten(image).convert("RGB")), axis=2) > 0


def paired(images: Path, masks: Path, prefix: str = "", split: str = "") -> Iterator[Finding]:
    """Each image with the black and white mask of the same stem; unpaired files of either side are
    problems.
    """
    by_name = by_stem(masks)
    for image in pictures(images):
        mask = by_name.pop(composed(image.stem), None)
        name, expected = f"{prefix}{image.stem}", f"{masks.name}/{image.stem}"
        yield with_mask(name, image, mask, expected, lambda hw, path: objects(hw, (path,)), split=split)
    for mask in by_name.values():
        yield Problem(str(mask), f"no image of this name in '{images.name}'; add it, or remove the mask")
