"""Masks that exist already, with the scale of their pixels, each measured on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from uniultra.errors import PromptError
from uniultra.geometry import scale_of
from uniultra.io.cines import open_cine
from uniultra.io.images import kind_of, read_frame
from uniultra.io.label_maps import READERS
from uniultra.io.label_tiff import holds_pages, read_label_pages
from uniultra.io.masks import MISSING, check_ids, read_ids
from uniultra.io.paths import shown
from uniultra.io.priors import instance_of
from uniultra.measure.measured import Measured, measure_mask
from uniultra.measure.volume import View
from uniultra.outputs.earlier import Key, Written, of_frame, saved_beside
from uniultra.pixel_scale import UNKNOWN, Calibration, Scale
from uniultra.scale_reasons import ONE_SCALE, is_unset
from uniultra.types import Frame

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
        more: further ids of the same frame, as `ids_hw`, where structures overlap.
        written: pixels of structures by their ids, as the JSON beside the mask has them.
        unsure: the structures that were tracked on this frame without being sure, as it says, too.
        time_s: of its frame, by the image; None where that isn't known.
    """

    place: MaskPlace
    ids_hw: np.ndarray
    calibration: Calibration
    saved: Mapping[int, Scale]
    labels: Mapping[int, str] = field(default_factory=dict)
    more: tuple[np.ndarray, ...] = ()
    written: Mapping[int, int] = field(default_factory=dict)
    unsure: frozenset[int] = frozenset()
    time_s: float | None = None

    def mask_of(self, identity: int) -> np.ndarray:
        """The pixels of a structure, bool (H, W)."""
        mask = self.ids_hw == identity
        for ids in self.more:
            mask |= ids == identity
        return mask

    def scale_of(self, identity: int) -> Scale:
        return self.saved.get(identity) or scale_of(self.calibration, self.mask_of(identity))

    def notes_of(self, identity: int) -> tuple[str, ...]:
        """That the mask shows less of a structure than was found, as where another lies over it; and that the
        tracker wasn't sure of it.
        """
        there, found = int(np.count_nonzero(self.mask_of(identity))), self.written.get(identity, 0)
        text = (
            f"structure {identity} has {there} pixels in this mask, but {found} in the JSON beside it: where "
            "structures overlap, a mask image holds one of them; take the numbers of the JSON, or measure a "
            "DICOM SEG, which holds all of each"
        )
        doubt = f"structure {identity} was tracked here without being sure (status unsure): check the mask"
        return (text,) * (there < found) + (doubt,) * (identity in self.unsure)

    def measured(self, identity: int) -> Measured:
        found = measure_mask(self.mask_of(identity), self.scale_of(identity))
        if found.shape is None:
            return found
        notes = (*found.shape.notes, *self.notes_of(identity))
        return replace(found, shape=replace(found.shape, notes=notes))

    def ids(self, structure: int | None = None) -> list[int]:
        """The ids on it, or `structure` alone. On a frame of a cine it may be missing, which gives [].

        Raises:
            PromptError: a mask of one frame is empty, or doesn't hold `structure`.
        """
        there = [int(value) for value in np.unique([self.ids_hw, *self.more]) if value > 0]
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

    def plane(self, structure: int | None = None) -> View:
        """One plane of a ventricle, whatever its scale. Raises PromptError where it isn't the only id."""
        identity = self.only_id(structure)
        return View(self.mask_of(identity), self.scale_of(identity))

    def view(self, structure: int | None = None) -> View:
        """One plane of a ventricle, in millimetres. Raises PromptError where its scale is unknown."""
        view = self.plane(structure)
        if view.scale.spacing_mm_yx is None:
            raise PromptError(f"{self.place}: {no_volume(view.scale)}")
        return view


def no_volume(scale: Scale) -> str:
    """Why there is no volume where a scale has no millimetres, and what helps."""
    helps = "give --image or --spacing" if is_unset(scale.reason) else ONE_SCALE
    return f"a volume needs millimetres, but {scale.reason}; {helps}"


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
    kind, known, written = kind_of(path).name, None, saved_beside(path)
    rescaled = image is not None or rescale is not None
    if kind == "TIFF" and holds_pages(path):
        if frame is not None:
            raise PromptError(f"{path}: names its frames itself; leave out --frame {frame}")
        calibration, times = None, _times(image)
        for page, ids in read_label_pages(path):
            check_ids(ids, f"{shown(path)} frame {page}", MISSING)
            if calibration is None:
                calibration = _calibration(path, ids, (image, page), rescale, None)
            mask = SavedMask(MaskPlace(path, page, True), ids, calibration, *_beside(written, page, rescaled))
            yield replace(mask, time_s=times[page]) if page < len(times) else mask
        return
    if kind == "DICOM":
        yield from _of_seg(path, image, frame, rescale)
        return
    if kind in READERS:
        ids, known = READERS[kind](path)
    else:
        ids = read_ids(path)
    check_ids(ids, shown(path), MISSING)
    if kind not in READERS and np.unique(ids).tolist() in ([0, 255], [255]):
        ids = (ids > 0).astype(np.uint8)
    calibration = _calibration(path, ids, (image, frame), rescale, known)
    yield SavedMask(MaskPlace(path, frame), ids, calibration, *_beside(written, frame, rescaled))


def _of_seg(
    path: Path, image: Path | None, frame: int | None, rescale: Rescale | None
) -> Iterator[SavedMask]:
    """Its masks frame by frame."""
    from uniultra.io.dicom.seg_reader import masks_of, read_seg

    seg = read_seg(path)
    saved, rescaled = saved_beside(path), image is not None or rescale is not None
    instance, count = (None, None) if image is None else instance_of(image)
    of_cine = (count or 1) > 1 or max((place.frame or 0 for place, _ in seg.frames), default=0) > 0
    blank = np.zeros(seg.frame_hw, np.uint8)
    spacing = seg.spacing_mm_yx
    known = None if spacing is None else UNKNOWN.with_fallback("PixelSpacing", spacing)
    found, times = False, _times(image if of_cine else None)
    for at, masks in masks_of(seg, instance, count):
        if frame is not None and at != frame:
            continue
        found = True
        place = MaskPlace(path, at if of_cine else None, of_cine and frame is None)
        calibration = _calibration(path, blank, (image, at if of_cine else None), rescale, known)
        beside = _beside(saved, at if of_cine else None, rescaled)
        first, *more = _layers(masks)
        mask = SavedMask(place, first, calibration, beside[0], seg.labels, tuple(more), unsure=beside[-1])
        yield replace(mask, time_s=times[at]) if at < len(times) else mask
    if not found:
        where = "" if frame is None else f" on frame {frame}"
        raise PromptError(f"{path}: the segmentation has no mask{where}; segment it first")


def _times(image: Path | None) -> tuple[float, ...]:
    """Of an image's frames; () where nothing says. Raises FileError."""
    return () if image is None else open_cine(image).times_s or ()


def _beside(
    written: Mapping[Key, Written], frame: int | None, rescaled: bool
) -> tuple[dict[int, Scale], dict[int, str], tuple[()], dict[int, int], frozenset[int]]:
    """What the JSON beside a mask says of a frame, as the last fields of `SavedMask`."""
    own = of_frame(written, frame)
    scales = {} if rescaled else {identity: one.scale for identity, one in own.items()}
    pixels = {identity: one.area_px for identity, one in own.items()}
    return scales, {}, (), pixels, frozenset(identity for identity, one in own.items() if one.unsure)


def _layers(masks: Mapping[int, np.ndarray]) -> Iterator[np.ndarray]:
    """Segments as ids, uint8 (H, W): together where none overlap, else each on its own."""
    together = np.sum([mask.astype(np.uint8) for mask in masks.values()], axis=0, dtype=np.uint16)
    ids = [np.where(mask, segment, 0).astype(np.uint8) for segment, mask in masks.items()]
    if together.max(initial=0) > 1:
        yield from ids
    else:
        yield np.max(ids, axis=0)


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
        raise PromptError(
            f"{path}: the mask has {width} x {height} pixels, but {image} has {frame.width} x "
            f"{frame.height}; give the image that it belongs to"
        )
    calibration = frame.calibration if known is None else frame.calibration.followed_by(known)
    return calibration if rescale is None else rescale(calibration)
