"""DICOM SEG (PS3.3 A.51), binary or fractional, of a still image or of frames of a cine, by highdicom.

highdicom writes no multi-frame segmentation of a source without a Frame of Reference, which is what nearly
every ultrasound cine is (its issue 284). So it writes the modules and one frame, and the frames of a cine are
then set out here: each names its segment, its place in time and the one frame of the source that it was
derived from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from uniultra.io.dicom.header import LOSSY
from uniultra.io.dicom.source import (
    NOTICE,
    UTF_8,
    Maker,
    as_still,
    by_highdicom,
    described,
    legal_label,
    need_highdicom,
    refer,
    study_of,
    write_dataset,
)
from uniultra.io.paths import PathLike
from uniultra.io.silence import quiet
from uniultra.structures import Coded, structure

FRACTIONS = 255
"""MaximumFractionalValue: a probability of 1."""
_SEGMENT, _TIME, _PLANE = 0x0062000B, 0x00209128, 0x00209057
"""ReferencedSegmentNumber, TemporalPositionIndex, InStackPositionNumber: what the frames are numbered by."""
_IN_IDENTIFICATION, _IN_CONTENT = 0x0062000A, 0x00209111


@dataclass(frozen=True)
class Segment:
    """One structure: its label, and by frame of the source (from 0) a bool mask (H, W), or probabilities 0 to
    1 as float32.
    """

    label: str
    frames: Mapping[int, np.ndarray] = field(repr=False)


def write_seg(
    path: PathLike, source: Dataset, segments: Sequence[Segment], maker: Maker, force: bool = False
) -> Dataset:
    """Writes a segmentation and returns it. Probabilities make it FRACTIONAL, masks BINARY.

    All segments name the same frames of the source. UIDs are new ones.

    Raises:
        OutputError: highdicom isn't installed or refuses the source, a label isn't legal, or the file can't
            be written.
    """
    need_highdicom(path)
    dataset = segmentation(source, segments, maker)
    write_dataset(path, dataset, force)
    return dataset


@quiet("pydicom")  # its warnings quote values
def segmentation(source: Dataset, segments: Sequence[Segment], maker: Maker) -> Dataset:
    """The data set that `write_seg` writes."""
    import highdicom as hd

    numbers = sorted(segments[0].frames)
    assert numbers and all(sorted(segment.frames) == numbers for segment in segments), (
        "segments of different frames"
    )
    assert numbers[0] >= 0 and numbers[-1] < source.NumberOfFrames, (
        f"frames {numbers} of {source.NumberOfFrames}"
    )
    fractional = segments[0].frames[numbers[0]].dtype != np.bool_
    first = np.stack([segment.frames[numbers[0]] for segment in segments], axis=-1)
    descriptions = [
        _description(hd, i, legal_label(segment.label), maker) for i, segment in enumerate(segments, 1)
    ]
    with by_highdicom("SEG"):
        made = hd.seg.Segmentation(
            source_images=[as_still(source)],
            pixel_array=(first.astype(np.float32) if fractional else first)[None],
            segmentation_type="FRACTIONAL" if fractional else "BINARY",
            segment_descriptions=descriptions,
            series_instance_uid=hd.UID(),
            series_number=900,
            sop_instance_uid=hd.UID(),
            instance_number=1,
            manufacturer=maker.manufacturer,
            manufacturer_model_name=maker.model,
            software_versions=maker.software_version,
            device_serial_number="none",
            max_fractional_value=FRACTIONS,
            omit_empty_frames=False,
            content_label="UNIULTRA",
            content_description=NOTICE,
        )
    made.SeriesDescription = described([segment.label for segment in segments])
    refer(made, source)
    if source.NumberOfFrames > 1:
        _set_out(made, segments, numbers, _Frames(fractional, getattr(source, "planes", False)))
    _complete(made, source)
    made.SegmentsOverlap = _overlap(segments, numbers, fractional)
    return made


def _complete(made: Dataset, source: Dataset) -> None:
    """What highdicom leaves out: attributes that may be empty but not missing, lossy compression, and a study
    of its own.
    """
    made.SpecificCharacterSet = UTF_8
    made.PatientOrientation = made.PatientOrientation if "PatientOrientation" in made else None
    made.ContentCreatorName = made.ContentCreatorName if "ContentCreatorName" in made else None
    for keyword in LOSSY:
        if keyword in source:  # PS3.3 C.8.20.2.2
            made[keyword] = deepcopy(source[keyword])
    study = study_of(source)
    if study != source.StudyInstanceUID:
        elsewhere = Dataset()
        elsewhere.StudyInstanceUID = source.StudyInstanceUID
        elsewhere.ReferencedSeriesSequence = made.ReferencedSeriesSequence
        del made.ReferencedSeriesSequence
        made.StudiesContainingOtherReferencedInstancesSequence = [elsewhere]
        made.StudyInstanceUID = study


def _overlap(segments: Sequence[Segment], numbers: Sequence[int], fractional: bool) -> str:
    """SegmentsOverlap of all frames; what it means between several fractional segments, DICOM doesn't say
    (C.8.20.2).
    """
    if len(segments) == 1:
        return "NO"
    if fractional:
        return "UNDEFINED"
    for number in numbers:
        seen = np.zeros_like(segments[0].frames[number])
        for segment in segments:
            plane = segment.frames[number]
            if (seen & plane).any():
                return "YES"
            seen = seen | plane
    return "NO"


def _description(hd: Any, number: int, label: str, maker: Maker) -> Any:
    from pydicom.sr.codedict import codes

    algorithm = hd.AlgorithmIdentificationSequence(
        name=maker.model,
        version=maker.model_version,
        family=codes.DCM.ArtificialIntelligence,
        source=maker.manufacturer,
    )
    found = structure(label)
    made = hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=label,
        segmented_property_category=concept(found.category),
        segmented_property_type=concept(found.kind),
        algorithm_type="SEMIAUTOMATIC",
        algorithm_identification=algorithm,
        tracking_uid=hd.UID(),
        tracking_id=label,
        anatomic_regions=None if found.region is None else [concept(found.region)],
    )
    if found.side is not None:  # PS3.3 table C.8.20-4; highdicom takes no modifier of the type
        [kind] = made.SegmentedPropertyTypeCodeSequence
        kind.SegmentedPropertyTypeModifierCodeSequence = [hd.sr.CodedConcept.from_code(concept(found.side))]
    return made


def concept(code: Coded) -> Code:
    """A code as pydicom and highdicom take it."""
    return Code(code.value, code.scheme, code.meaning)


@dataclass(frozen=True)
class _Frames:
    """What the frames of a segmentation are: probabilities, or bits; planes in space, or moments."""

    fractional: bool
    planes: bool

    @property
    def dimension(self) -> tuple[int, str]:
        """The attribute that numbers them, and its name."""
        return (_PLANE, "In-Stack Position Number") if self.planes else (_TIME, "Temporal Position Index")


def _set_out(made: Dataset, segments: Sequence[Segment], numbers: Sequence[int], frames: _Frames) -> None:
    """Turns a segmentation of one frame into one of several: segment by segment, frames in their order."""
    template = made.PerFrameFunctionalGroupsSequence[0]
    items, pixels = [], _Pixels(frames.fractional)
    for segment_number, segment in enumerate(segments, start=1):
        for position, number in enumerate(numbers, start=1):
            items.append(_group(template, (segment_number, position), number, frames.planes))
            pixels.add(segment.frames[number])
    made.PerFrameFunctionalGroupsSequence = items
    made.NumberOfFrames = len(items)
    for keyword in _keywords(items[0]):  # no functional group stands in both places (PS3.3 C.7.6.16.1.1)
        if keyword in made.SharedFunctionalGroupsSequence[0]:
            del made.SharedFunctionalGroupsSequence[0][keyword]
    made.DimensionIndexSequence = _dimensions(made, frames)
    made.PixelData = pixels.whole()


class _Pixels:
    """PixelData, plane by plane; binary planes follow each other bit by bit, not beginning on bytes (PS3.5
    8.1.1).
    """

    def __init__(self, fractional: bool) -> None:
        self._fractional, self._data, self._rest = fractional, bytearray(), np.zeros(0, np.bool_)

    def add(self, plane_hw: np.ndarray) -> None:
        if self._fractional:
            self._data += np.rint(np.clip(plane_hw, 0, 1) * FRACTIONS).astype(np.uint8).tobytes()
            return
        bits = np.concatenate([self._rest, plane_hw.ravel()])
        full = bits.size // 8 * 8
        self._data += np.packbits(bits[:full], bitorder="little").tobytes()
        self._rest = bits[full:]

    def whole(self) -> bytes:
        """The value of PixelData, of even length; nothing may be added afterwards."""
        self._data += np.packbits(self._rest, bitorder="little").tobytes()
        self._data += b"\0" * (len(self._data) % 2)
        return bytes(self._data)


def _keywords(group: Dataset) -> list[str]:
    return [element.keyword for element in group]


def _group(template: Dataset, index: tuple[int, int], number: int, planes: bool) -> Dataset:
    """The groups of one frame: `index` is its segment and its place among the frames, both from 1; `number`
    that of its source.
    """
    group = deepcopy(template)
    content = Dataset()
    content.DimensionIndexValues = list(index)
    if planes:
        content.StackID, content.InStackPositionNumber = "1", index[1]
    else:
        content.TemporalPositionIndex = index[1]
    group.FrameContentSequence = [content]
    identification = Dataset()
    identification.ReferencedSegmentNumber = index[0]
    group.SegmentIdentificationSequence = [identification]
    group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber = number + 1
    return group


def _dimensions(made: Dataset, frames: _Frames) -> list[Dataset]:
    organisation = made.DimensionOrganizationSequence[0].DimensionOrganizationUID
    dimensions = []
    place, name = frames.dimension
    for pointer, within, label in (
        (_SEGMENT, _IN_IDENTIFICATION, "Segment Number"),
        (place, _IN_CONTENT, name),
    ):
        dimension = Dataset()
        dimension.DimensionOrganizationUID = organisation
        dimension.DimensionIndexPointer, dimension.FunctionalGroupPointer = pointer, within
        dimension.DimensionDescriptionLabel = label
        dimensions.append(dimension)
    return dimensions
