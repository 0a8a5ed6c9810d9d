"""Masks that exist already, with the scale of their pixels: measured one by one, or together to a volume and
an ejection fraction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from uniultra.errors import PromptError
from uniultra.geometry import scale_of
from uniultra.io.images import kind_of, read_frame
from uniultra.io.label_maps import READERS
from uniultra.io.label_tiff import holds_pages, read_label_pages
from uniultra.io.masks import MISSING, check_ids, read_ids
from uniultra.io.paths import shown
from uniultra.io.priors import instance_of
from uniultra.measure.measured import Measured, measure_mask, number
from uniultra.measure.volume import View, Volume, apart_notes, ejection_fraction, ellipsoid, simpson
from uniultra.outputs.earlier import of_frame, saved_beside
from uniultra.pixel_scale import UNKNOWN, Calibration, Scale
from uniultra.types import Frame

VOLUMES = {"ellipsoid": (2,), "simpson": (1, 2), "ef": (1, 2, 4)}
"""Methods, and how many masks each takes; 1 for `ef` is a label of a cine."""
Rescale = Callable[[Calibration], Calibration]


@dataclass(frozen=True)
class MaskPlace:
    """Where a mask is from: its file, the frame it belongs to (None where that isn't known), whether it is
    one of a cine's.
    """

    path: Path
    frame: int | None
    of_cine: bool = False

    def __str__(self) -> str:
        return f"{self.path} frame {self.frame}" if self.of_cine else str(self.path)


@dataclass(frozen=True)
class SavedMask:
    """Ids of one frame, and how large its pixels are.

    Attributes:
        place: where it is from.
        ids_hw: uint8 (H, W), 0 background.
        calibration: of its image.
        saved: scales of structures by their ids, where they were written beside the mask.
        labels: what structures are called, by their ids.
    """

    place: MaskPlace
    ids_hw: np.ndarray
    calibration: Calibration
    saved: Mapping[int, Scale]
    labels: Mapping[int, str] = field(default_factory=dict)

    def scale_of(self, identity: int) -> Scale:
        return self.saved.get(identity) or scale_of(self.calibration, self.ids_hw == identity)

    def measured(self, identity: int) -> Measured:
        return measure_mask(self.ids_hw == identity, self.scale_of(identity))

    def ids(self, structure: int | None = None) -> list[int]:
        """The ids on it, or `structure` alone. On a frame of a cine it may be missing, which gives [].

        Raises:
            PromptError: a mask of one frame is empty, or doesn't hold `structure`.
        """
        there = [int(value) for value in np.unique(self.ids_hw) if value > 0]
        if self.place.of_cine:
            return there if structure is None else [structure] * (structure in there)
        if structure is not None and structure not in there:
            raise PromptError(
                f"{self.place}: no structure {structure}; there are {', '.join(map(str, there)) or 'none'}"
            )
        if not there:
            raise PromptError(
                f"{self.place}: the mask is empty; at least 1 pixel must be above 0; segment it first"
            )
        return there if structure is None else [structure]

    def only_id(self, structure: int | None = None) -> int:
        """The one id that a volume is of. Raises PromptError where there are several and none is named."""
        found = self.ids(structure)
        if len(found) != 1:
            raise PromptError(
                f"{self.place}: structures {', '.join(map(str, found))}; a volume needs one: choose it "
                "with --id"
            )
        return found[0]

    def view(self, structure: int | None = None) -> View:
        """One plane of a ventricle. Raises PromptError where its scale is unknown."""
        identity = self.only_id(structure)
        scale = self.scale_of(identity)
        if scale.spacing_mm_yx is None:
            raise PromptError(
                f"{self.place}: a volume needs millimetres, but {scale.reason}; give --image or --spacing"
            )
        return View(self.ids_hw == identity, scale)


def open_masks(
    path: Path, image: Path | None = None, frame: int | None = None, rescale: Rescale | None = None
) -> Iterator[SavedMask]:
    """The mask of a file, or one mask per frame of a cine's label, one at a time.

    Args:
        path: a PNG of ids, labels in NIfTI, NRRD or MetaImage, NAME.frames.masks.tif, or a DICOM SEG.
        image: what it is a mask of, for its calibration; where neither this nor `rescale` is given, the
            scales in the JSON beside the mask count.
        frame: of the image, from 0.
        rescale: what is known better than the image's calibration.

    Raises:
        FileError: a file can't be read. PromptError: the mask has another size than its image, or names its
            frames itself.
    """
    kind, known = kind_of(path).name, None
    saved = {} if image is not None or rescale is not None else saved_beside(path)
    if kind == "TIFF" and holds_pages(path):
        if frame is not None:
            raise PromptError(f"{path}: names its frames itself; leave out --frame {frame}")
        calibration = None
        for page, ids in read_label_pages(path):
            check_ids(ids, f"{shown(path)} frame {page}", MISSING)
            if calibration is None:
                calibration = _calibration(path, ids, (image, page), rescale, None)
            yield SavedMask(MaskPlace(path, page, True), ids, calibration, of_frame(saved, page))
        return
    if kind == "DICOM":
        yield from _of_seg(path, image, frame, rescale)
        return
    if kind in READERS:
        ids, known = READERS[kind](path)
        check_ids(ids, shown(path), MISSING)
    else:
        ids = _read_ids(path)
    calibration = _calibration(path, ids, (image, frame), rescale, known)
    yield SavedMask(
        MaskPlace(path, frame), ids, calibration, {} if frame is not None else of_frame(saved, None)
    )


def _of_seg(
    path: Path, image: Path | None, frame: int | None, rescale: Rescale | None
) -> Iterator[SavedMask]:
    """Its masks frame by frame; on a frame where segments overlap, each on its own."""
    from uniultra.io.dicom.seg_reader import masks_of, read_seg

    seg = read_seg(path)
    saved = {} if image is not None or rescale is not None else saved_beside(path)
    instance, count = (None, None) if image is None else instance_of(image)
    of_cine = (count or 1) > 1 or max((place.frame or 0 for place, _ in seg.frames), default=0) > 0
    blank = np.zeros(seg.frame_hw, np.uint8)
    spacing = seg.spacing_mm_yx
    known = None if spacing is None else UNKNOWN.with_fallback("PixelSpacing", spacing)
    found = False
    for at, masks in masks_of(seg, instance, count):
        if frame is not None and at != frame:
            continue
        found = True
        place = MaskPlace(path, at if of_cine else None, of_cine and frame is None)
        calibration = _calibration(path, blank, (image, at if of_cine else None), rescale, known)
        scales = of_frame(saved, at if of_cine else None)
        for ids in _layers(masks):
            yield SavedMask(place, ids, calibration, scales, seg.labels)
    if not found:
        where = "" if frame is None else f" on frame {frame}"
        raise PromptError(f"{path}: the segmentation has no mask{where}; segment it first")


def _layers(masks: Mapping[int, np.ndarray]) -> Iterator[np.ndarray]:
    """Segments as ids, uint8 (H, W): together where none overlap, else each on its own."""
    together = np.sum([mask.astype(np.uint8) for mask in masks.values()], axis=0, dtype=np.uint16)
    ids = [np.where(mask, segment, 0).astype(np.uint8) for segment, mask in masks.items()]
    if together.max(initial=0) > 1:
        yield from ids
    else:
        yield np.max(ids, axis=0)


def _read_ids(path: Path) -> np.ndarray:
    ids = read_ids(path)
    check_ids(ids, shown(path), MISSING)
    return (ids > 0).astype(np.uint8) if np.unique(ids).tolist() in ([0, 255], [255]) else ids


def _calibration(
    path: Path,
    ids_hw: np.ndarray,
    of: tuple[Path | None, int | None],
    rescale: Rescale | None,
    known: Calibration | None,
) -> Calibration:
    """That of the image and frame a mask is of, completed by the spacing that its own file has."""
    image, number = of
    frame = Frame(np.zeros_like(ids_hw), source=str(path)) if image is None else read_frame(image, number)
    if (frame.height, frame.width) != ids_hw.shape:
        height, width = ids_hw.shape
        sizes = f"{width} x {height} pixels, but {image} has {frame.width} x {frame.height}"
        raise PromptError(f"{path}: the mask has {sizes}; give the image that it belongs to")
    calibration = frame.calibration if known is None else frame.calibration.followed_by(known)
    return calibration if rescale is None else rescale(calibration)


def check_volume(method: str, masks: int) -> None:
    """Raises PromptError where there is no such method, or it takes another number of masks."""
    if method not in VOLUMES:
        raise PromptError(f"--volume '{method}' is unknown; give {', '.join(VOLUMES)}")
    if masks not in VOLUMES[method]:
        legal = " or ".join(map(str, VOLUMES[method]))
        raise PromptError(
            f"--volume {method} takes {legal} masks, not {masks}; see docs/dicom.md for their order"
        )


def volume_json(
    method: str, paths: int, masks: Iterable[SavedMask], structure: int | None = None
) -> dict[str, Any]:
    """Volumes, and for `ef` the ejection fraction, with their uncertainty and notes.

    Args:
        method: one of VOLUMES.
        paths: how many files the masks are of: for `ef`, 1 is a label of a cine, whose largest and smallest
            volumes are taken.
        masks: for `simpson` apical 4- and 2-chamber views; for `ef` diastole and systole of each view in
            turn.

    Raises:
        PromptError: `check_volume`'s; a mask without scale, or with several structures and none named.
    """
    check_volume(method, paths)
    if method == "ef" and paths == 1:
        return _of_a_cine(masks, structure)
    single = []
    for mask in masks:
        if mask.place.of_cine:
            raise PromptError(
                f"{mask.place.path}: a label of a cine; --volume {method} takes masks of one frame"
            )
        single.append(mask)
    if method == "ellipsoid":
        first, second = (mask.measured(mask.only_id(structure)) for mask in single)
        return {"volume": _json_of(ellipsoid(first, second))}
    views = [mask.view(structure) for mask in single]
    if method == "simpson":
        return {"volume": _json_of(simpson(tuple(views)))}
    diastole, systole = simpson(tuple(views[::2])), simpson(tuple(views[1::2]))
    return {
        "end_diastolic": _json_of(diastole),
        "end_systolic": _json_of(systole),
        "ejection_fraction": number(ejection_fraction(diastole, systole)),
    }


def _of_a_cine(masks: Iterable[SavedMask], structure: int | None) -> dict[str, Any]:
    """Ejection fraction from the label of a cine: the frames of the largest and of the smallest volume."""
    volumes: dict[int | None, Volume] = {}
    empty, path = 0, Path()
    for mask in masks:
        path = mask.place.path
        if not mask.place.of_cine:
            raise PromptError(
                f"{path}: one mask; --volume ef takes 2 or 4, or a label of a cine (segment --frames)"
            )
        if mask.ids(structure):
            volumes[mask.place.frame] = simpson((mask.view(structure),))
        else:
            empty += 1
    if len(volumes) < 2:
        raise PromptError(
            f"{path}: frames with the structure: {len(volumes)}; --volume ef needs 2 or more; segment more"
        )
    largest, smallest = (pick(volumes, key=lambda frame: volumes[frame].volume.value) for pick in (max, min))
    notes = [
        f"largest and smallest of {len(volumes)} frames: a single bad mask decides the result, so check both"
    ]
    notes += [f"left out, as the structure isn't on them: {empty} of {empty + len(volumes)} frames"] * (
        empty > 0
    )
    notes += apart_notes(largest or 0, smallest or 0)
    fraction = number(ejection_fraction(volumes[largest], volumes[smallest]))
    return {
        "end_diastolic": {"frame": largest, **_json_of(volumes[largest])},
        "end_systolic": {"frame": smallest, **_json_of(volumes[smallest])},
        "ejection_fraction": fraction | {"notes": notes},
    }


def _json_of(volume: Volume) -> dict[str, Any]:
    return number(volume.volume) | {"method": volume.method, "notes": list(volume.notes)}
