"""DICOM SEG and label map SEG in, of any producer: masks by segment and by frame of the image.

BINARY and FRACTIONAL segmentations (PS3.3 A.51) have a frame for each segment and place, label maps (A.90)
one for each place, whose values are segment numbers. Functional groups may stand in any order, shared or per
frame, and frames that would be empty may be left out. What a frame is of, DerivationImageSequence says; where
it is missing, only a segmentation of an image of one frame can be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels.utils import iter_pixels

from uniultra.errors import FileError, PromptError
from uniultra.io.dicom.attributes import code, integer, items, reals, text, uid
from uniultra.io.dicom.groups import BY_FRAME, SHARED
from uniultra.io.dicom.header import UNDEFINED, Header, read_header
from uniultra.io.dicom.pixel_checks import check_decoder, whole_number
from uniultra.io.paths import PathLike
from uniultra.io.silence import quiet

SEGMENTATIONS = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
"""Segmentation Storage and Label Map Segmentation Storage."""
ATTRIBUTES = (
    *(
        "SOPClassUID",
        "SOPInstanceUID",
        "SpecificCharacterSet",
        "Modality",
        "Rows",
        "Columns",
        "NumberOfFrames",
    ),
    *("BitsAllocated", "BitsStored", "SamplesPerPixel", "SegmentationType", "MaximumFractionalValue"),
    *("SegmentSequence", SHARED, BY_FRAME, "ReferencedSeriesSequence", "PixelSpacing"),
)
MOST_SEGMENTS, MOST_FRAMES, MOST_SIDE = 255, 100_000, 16_384


@dataclass(frozen=True)
class Place:
    """What a frame of a segmentation is of: an instance, and its frame from 0; None where that isn't said."""

    instance: str | None = None
    frame: int | None = None


@dataclass(frozen=True)
class SegFile:
    """A segmentation whose header is read.

    Attributes:
        labels: SegmentLabel by segment number, 1 to 255.
        kind: BINARY, FRACTIONAL or LABELMAP.
        frame_hw: of all its frames.
        frames: of each stored frame, where it belongs and its segment (0 in a label map).
        spacing_mm_yx: by its PixelMeasuresSequence, where it has one.
    """

    header: Header = field(repr=False)
    labels: dict[int, str]
    kind: str
    frame_hw: tuple[int, int]
    frames: tuple[tuple[Place, int], ...]
    spacing_mm_yx: tuple[float, float] | None

    @property
    def name(self) -> str:
        return self.header.name

    @property
    def instances(self) -> list[str]:
        """The images that it refers to, each once."""
        return list(dict.fromkeys(p.instance for p, _ in self.frames if p.instance is not None))


@quiet("pydicom")  # its warnings quote values
def read_seg(path: PathLike) -> SegFile:
    """A segmentation's header. Raises FileError: not a segmentation, damaged, or out of range."""
    header = read_header(path, ATTRIBUTES)
    data, name = header.dataset, header.name
    if uid(data, "SOPClassUID") not in SEGMENTATIONS:
        raise FileError(f"{name}: a DICOM object of kind {header.sop_class}, not a segmentation; give a SEG")
    if header.pixels is None or header.pixels.keyword != "PixelData":
        raise FileError(f"{name}: a segmentation without pixel data; export it again")
    height, width = whole_number(header, "Rows"), whole_number(header, "Columns")
    count = header.frames
    if not (0 < height <= MOST_SIDE and 0 < width <= MOST_SIDE and 0 < count <= MOST_FRAMES):
        raise FileError(
            f"{name}: {width} x {height} pixels and {count} frames; legal are 1 to {MOST_SIDE} a side "
            f"and up to {MOST_FRAMES} frames"
        )
    kind = _kind(header)
    shared = (items(data, SHARED) or [Dataset()])[0]
    own = items(data, BY_FRAME, 256_000_000) or [Dataset()] * count
    if len(own) != count:
        raise FileError(f"{name}: {len(own)} functional groups for {count} frames; export it again")
    references = [  # of the whole
        found
        for series in items(data, "ReferencedSeriesSequence")
        for item in items(series, "ReferencedInstanceSequence")
        if (found := uid(item, "ReferencedSOPInstanceUID")) is not None
    ]
    frames = tuple(_frame(group, shared, kind, references) for group in own)
    labels = _labels(header, kind)
    lost = next((number for _, number in frames if kind != "LABELMAP" and number not in labels), None)
    if lost is not None:
        raise FileError(
            f"{name}: a frame is of segment {lost}, but its segments are {', '.join(map(str, labels))}; "
            "export it again"
        )
    measures = _group(own[0], shared, "PixelMeasuresSequence")
    spacing = reals(measures, "PixelSpacing") if measures is not None else None
    known = (
        (spacing[0], spacing[1]) if spacing is not None and len(spacing) == 2 and min(spacing) > 0 else None
    )
    return SegFile(header, labels, kind, (height, width), frames, known)


def masks_of(
    seg: SegFile, instance: str | None = None, count: int | None = None
) -> Iterator[tuple[int, dict[int, np.ndarray]]]:
    """Frames of an image in ascending order, from 0, each with bool masks (H, W) by segment number; segments
    that aren't on it are left out, and so are frames without any.

    Args:
        instance: SOPInstanceUID of the image; None for the only one that the segmentation refers to.
        count: how many frames the image has; None where that isn't known.

    Raises:
        PromptError: it is of other images, of several of which none is named, or of frames that the image
            doesn't have. FileError: damaged pixels.
    """
    by_frame: dict[int, list[int]] = {}
    for index, number in _frames_of(seg, instance, count):
        by_frame.setdefault(number, []).append(index)
    for number in sorted(by_frame):
        found: dict[int, np.ndarray] = {}
        for index in by_frame[number]:
            for segment, mask in _masks(seg, index):
                found[segment] = mask | found[segment] if segment in found else mask
        found = {segment: mask for segment, mask in sorted(found.items()) if mask.any()}
        if found:
            yield number, found


def _frames_of(seg: SegFile, instance: str | None, count: int | None) -> Iterator[tuple[int, int]]:
    """The index of each stored frame of an image, with the image's frame."""
    referred = seg.instances
    if instance is None and len(referred) > 1:
        raise PromptError(f"{seg.name}: it is of {len(referred)} images; name one with --image")
    if instance is not None and referred and instance not in referred:
        raise PromptError(
            f"{seg.name}: the segmentation belongs to another image ({referred[0]}, not {instance}); "
            "give its own"
        )
    meant = instance if instance is not None else next(iter(referred), None)
    chosen = [(i, p) for i, (p, _) in enumerate(seg.frames) if p.instance in (None, meant)]
    unplaced = [i for i, place in chosen if place.frame is None]
    if unplaced and (count or 1) > 1:
        raise PromptError(
            f"{seg.name}: it doesn't say which of the image's {count} frames its frame {unplaced[0]} is of; "
            "export it with ReferencedFrameNumber"
        )
    for index, place in chosen:
        number = place.frame or 0
        if count is not None and not 0 <= number < count:
            raise PromptError(
                f"{seg.name}: it is of frame {number}, but the image has 0 to {count - 1}; give its own"
            )
        yield index, number


def _kind(header: Header) -> str:
    kind = code(header.dataset, "SegmentationType") or ""
    bits = integer(header.dataset, "BitsAllocated")
    legal = {"BINARY": (1, 8), "FRACTIONAL": (8,), "LABELMAP": (8, 16)}
    if kind not in legal or bits not in legal[kind] or integer(header.dataset, "SamplesPerPixel") != 1:
        said = ", ".join(f"{name} of {' or '.join(map(str, found))} bits" for name, found in legal.items())
        raise FileError(f"{header.name}: a segmentation of type '{kind}' and {bits} bits; legal are {said}")
    return kind


def _labels(header: Header, kind: str) -> dict[int, str]:
    found: dict[int, str] = {}
    for item in items(header.dataset, "SegmentSequence"):
        number = integer(item, "SegmentNumber")
        if number is None or (number == 0 and kind == "LABELMAP"):  # 0: background, which may be described
            continue
        if not 1 <= number <= MOST_SEGMENTS:
            raise FileError(f"{header.name}: segment number {number}; 1 to {MOST_SEGMENTS} can be read")
        found[number] = (text(item, "SegmentLabel") or "").replace("\\", " ")
    if not found:
        raise FileError(f"{header.name}: a segmentation without segments; export it again")
    return dict(sorted(found.items()))


def _group(own: Dataset, shared: Dataset, keyword: str) -> Dataset | None:
    """A functional group of a frame: its own, else the shared one."""
    return next(iter(items(own, keyword) or items(shared, keyword)), None)


def _frame(own: Dataset, shared: Dataset, kind: str, references: list[str]) -> tuple[Place, int]:
    about = _group(own, shared, "SegmentIdentificationSequence")
    number = 0
    if about is not None and kind != "LABELMAP":
        number = integer(about, "ReferencedSegmentNumber") or 0
    place = Place(references[0] if len(references) == 1 else None)
    for derivation in items(own, "DerivationImageSequence") or items(shared, "DerivationImageSequence"):
        for source in items(derivation, "SourceImageSequence"):
            instance = uid(source, "ReferencedSOPInstanceUID")
            frame = integer(source, "ReferencedFrameNumber")
            if instance is not None:
                return Place(instance, None if frame is None else frame - 1), number
    return place, number


def _masks(seg: SegFile, index: int) -> Iterator[tuple[int, np.ndarray]]:
    """The masks of one stored frame by their segments."""
    values = _stored(seg, index)
    if seg.kind == "LABELMAP":
        for value in np.unique(values):
            if value == 0:
                continue
            if int(value) not in seg.labels:
                raise FileError(
                    f"{seg.name}: pixels of segment {value}, but its segments are "
                    f"{', '.join(map(str, seg.labels))}"
                )
            yield int(value), values == value
        return
    if seg.kind == "FRACTIONAL":
        most = integer(seg.header.dataset, "MaximumFractionalValue") or 255
        yield seg.frames[index][1], 2 * values.astype(np.int32) >= most
    else:
        yield seg.frames[index][1], values > 0


def _stored(seg: SegFile, index: int) -> np.ndarray:
    """The values of one stored frame, (H, W): uint8 or uint16."""
    pixels, (height, width) = seg.header.pixels, seg.frame_hw
    assert pixels is not None
    bits = integer(seg.header.dataset, "BitsAllocated") or 8
    if pixels.length == UNDEFINED:
        return _decoded(seg, index)
    first = index * _bits_apart(height * width, bits, len(seg.frames), pixels.length)
    start, end = first // 8, -(-(first + height * width * bits) // 8)
    with seg.header.store.opened() as file:
        file.seek(pixels.offset + start)
        data = file.read(end - start) if end <= pixels.length else b""
    if len(data) < end - start:
        raise FileError(f"{seg.name}: its pixel data ends before frame {index}; copy or export it again")
    if bits == 1:
        plain = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[first % 8 :]
        return plain[: height * width].reshape(height, width)
    order = "<" if seg.header.little_endian else ">"
    return np.frombuffer(data, f"{order}u{bits // 8}").reshape(height, width)


def _bits_apart(pixels: int, bits: int, frames: int, length: int) -> int:
    """How many bits lie between the beginnings of two stored frames.

    Frames of single bits follow each other without a gap (PS3.5 8.1.1). Cornerstone3D's exporter, OHIF's,
    lets each begin with a new byte (findings/cornerstone_seg_frames.sh). `length` is the pixel data's in
    bytes; where it fits both, the standard's layout is read.
    """
    dense, on_bytes = -(-pixels * bits * frames // 8), frames * -(-pixels * bits // 8)
    even = dense + dense % 2
    return 8 * (on_bytes // frames) if even < on_bytes <= length <= on_bytes + 1 else pixels * bits


def _decoded(seg: SegFile, index: int) -> np.ndarray:
    """The same of compressed pixels."""
    check_decoder(seg.header)
    try:
        with quiet("pydicom"), seg.header.store.opened() as file:
            [values] = iter_pixels(file, indices=[index])  # type: ignore[arg-type]
    except Exception as error:  # hostile bytes make decoders raise almost anything
        raise FileError(
            f"{seg.name}: frame {index} can't be decoded ({type(error).__name__}); export it uncompressed"
        ) from error
    found = np.asarray(values)
    if found.shape != seg.frame_hw or found.dtype.kind != "u":
        raise FileError(f"{seg.name}: frame {index} is of another size than the file says; export it again")
    return found
