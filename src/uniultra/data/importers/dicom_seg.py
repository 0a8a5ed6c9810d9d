"""DICOM images with their masks as DICOM SEG, in files of any names at any depth: which segmentation is of
which image, it says itself.

Each frame of a cine that a segmentation has is a sample of its own. Ids follow the segments' labels where
there are several, as `coco` has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from uniultra.data.conversion import own_mm
from uniultra.data.importers.coco import Numbering, numbering
from uniultra.data.importers.images import layered
from uniultra.data.importers.sample import Finding, Problem, Sample
from uniultra.data.structure_names import legal_names
from uniultra.errors import DataError, FileError, PromptError
from uniultra.io.images import read_frame
from uniultra.io.paths import shown

_SUFFIXES = (".dcm", ".dicom", "")
"""Of files that are looked into."""
_PREAMBLE = 128
_CAPTURE = ".sc.dcm"
"""Overlays that `segment` wrote, which are no images to learn from."""


@dataclass(frozen=True)
class _Image:
    path: Path
    count: int


@dataclass(frozen=True)
class _Masked:
    """One frame of an image with its masks, a bit a pixel, by the segments' numbers."""

    seg: Path
    image: _Image
    frame: int
    hw: tuple[int, int]
    labels: dict[int, str]
    packed: dict[int, np.ndarray]


def find(root: Path) -> Iterator[Finding]:
    """Raises DataError where there is no segmentation."""
    problems, images, segs = _sorted(root)
    if not segs:
        raise DataError(
            f"'{root}' holds no DICOM SEG; give a folder of DICOM images and their segmentations, in files "
            "called .dcm or without a suffix"
        )
    yield from problems
    found: list[_Masked] = []
    masked: dict[Path, Path] = {}
    for path in segs:
        try:
            for one in _frames(path, images):
                other = masked.setdefault(one.image.path, path)
                if other != path:
                    why = (
                        f"a second segmentation of '{one.image.path.name}', beside '{other.name}'; remove one"
                    )
                    yield Problem(str(path), why)
                    break
                found.append(one)
        except (FileError, PromptError) as error:
            yield Problem(str(path), str(error).removeprefix(f"{shown(path)}: "))
            masked |= dict.fromkeys(_named(path, images), path)
    numbers = _numbers(found)
    for own in _by_image(found):
        yield from _samples(own, root, numbers)
    for image in images.values():
        if image.path not in masked:
            yield Problem(
                str(image.path), "no segmentation here is of this image; add it, or remove the image"
            )


def _sorted(root: Path) -> tuple[list[Problem], dict[str, _Image], list[Path]]:
    """Problems, images by their SOPInstanceUID, and segmentations."""
    from uniultra.io.dicom.attributes import uid
    from uniultra.io.dicom.header import read_header
    from uniultra.io.dicom.seg_reader import SEGMENTATIONS

    problems: list[Problem] = []
    images: dict[str, _Image] = {}
    segs: list[Path] = []
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root).parts
        if any(part.startswith(".") for part in inside) or not _is_dicom(path):
            continue
        try:
            header = read_header(path)
            kind, instance = (uid(header.dataset, name) for name in ("SOPClassUID", "SOPInstanceUID"))
            if kind in SEGMENTATIONS:
                segs.append(path)
            elif header.pixels is not None and instance is not None:
                if instance in images:
                    why = f"has the SOPInstanceUID of '{images[instance].path.name}'; remove one"
                    problems.append(Problem(str(path), why))
                else:
                    images[instance] = _Image(path, header.frames)
        except FileError as error:
            problems.append(Problem(str(path), str(error).removeprefix(f"{shown(path)}: ")))
    return problems, images, segs


def _is_dicom(path: Path) -> bool:
    if path.suffix.lower() not in _SUFFIXES or path.name.endswith(_CAPTURE) or not path.is_file():
        return False
    if path.suffix:
        return True
    with open(path, "rb") as file:
        return file.read(_PREAMBLE + 4)[_PREAMBLE:] == b"DICM"


def _frames(path: Path, images: dict[str, _Image]) -> Iterator[_Masked]:
    """The frames that a segmentation has masks on. Raises FileError, PromptError."""
    from uniultra.io.dicom.seg_reader import masks_of, read_seg

    seg = read_seg(path)
    if not seg.instances:
        raise FileError("it doesn't say which image it is of; export it with references")
    lost = [instance for instance in seg.instances if instance not in images]
    if lost:
        raise FileError(
            f"it is of an image that isn't here ({lost[0]}); add that, or remove the segmentation"
        )
    for instance in seg.instances:
        image = images[instance]
        there = False
        for number, masks in masks_of(seg, instance, image.count):
            there = True
            packed = {segment: np.packbits(mask) for segment, mask in masks.items()}
            yield _Masked(path, image, number, seg.frame_hw, seg.labels, packed)
        if not there:
            yield _Masked(path, image, 0, seg.frame_hw, seg.labels, {})


def _named(path: Path, images: dict[str, _Image]) -> list[Path]:
    """The images here that a segmentation is of, whose own problem is said already."""
    from uniultra.io.dicom.seg_reader import read_seg

    try:
        return [images[instance].path for instance in read_seg(path).instances if instance in images]
    except FileError:
        return []


def _numbers(found: list[_Masked]) -> Numbering:
    labels = list(dict.fromkeys(one.labels[segment] for one in found for segment in one.packed))
    legal = legal_names(enumerate(labels, start=1))
    called = {label: legal[place] for place, label in enumerate(labels, start=1) if place in legal}
    return numbering(called, [[one.labels[segment] for segment in one.packed] for one in found])


def _by_image(found: list[_Masked]) -> list[list[_Masked]]:
    by_path: dict[Path, list[_Masked]] = {}
    for one in found:
        by_path.setdefault(one.image.path, []).append(one)
    return list(by_path.values())


def _samples(own: list[_Masked], root: Path, numbers: Numbering) -> Iterator[Finding]:
    """An image's sample; of a cine one a frame, with the scale that holds where all of its masks lie."""
    image = own[0].image
    name = image.path.relative_to(root)
    called = "_".join((*name.parts[:-1], name.stem if name.suffix.lower() in _SUFFIXES[:2] else name.name))
    for one in own:
        kinds = [one.labels[segment] for segment in one.packed]
        ids = partial(_ids, one=one, numbers=numbers.of(kinds))
        sample = Sample(called, image.path, ids, (one.seg,), names=numbers.names)
        if image.count == 1:
            yield sample
            continue
        try:
            yield replace(
                sample,
                id=f"{called}_frame{one.frame}",
                subject=called,
                clip=called,
                frame=one.frame,
                pixels=partial(_pixels, number=one.frame),
                pixel_mm=_mm(image.path, own),
            )
        except FileError as error:
            yield Problem(str(image.path), str(error).removeprefix(f"{shown(image.path)}: "))
            return


def _mm(path: Path, own: list[_Masked]) -> float | None:
    frame = read_frame(path, own[0].frame)
    hw = frame.height, frame.width
    if hw != own[0].hw:
        return None
    every = np.zeros(hw, np.bool_)
    for one in own:
        for packed in one.packed.values():
            every |= _unpacked(packed, hw)
    return own_mm(frame, every.astype(np.uint8))


def _pixels(path: Path, number: int) -> np.ndarray:
    return read_frame(path, number).pixels_hw


def _unpacked(packed: np.ndarray, hw: tuple[int, int]) -> np.ndarray:
    return np.unpackbits(packed, count=hw[0] * hw[1]).reshape(hw).astype(np.bool_)


def _ids(hw: tuple[int, int], one: _Masked, numbers: list[int]) -> np.ndarray:
    where = shown(one.seg)
    if tuple(hw) != one.hw:
        raise FileError(
            f"{where}: the segmentation is {one.hw[1]} x {one.hw[0]} pixels but its image is {hw[1]} x "
            f"{hw[0]}; give its own"
        )
    ids_hw = layered(hw, (_unpacked(packed, one.hw) for packed in one.packed.values()))
    seen = np.bincount(ids_hw.ravel(), minlength=len(numbers) + 1)
    for place, segment in enumerate(one.packed, start=1):
        if not seen[place]:
            raise FileError(
                f"{where}: segment {segment} is hidden by others on frame {one.frame}; remove one"
            )
    return np.array([0, *numbers], np.uint8)[ids_hw]
