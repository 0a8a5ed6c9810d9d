"""DICOM SEG (PS3.3 A.51), binary or fractional, of a still image or of frames of a cine.

Each frame names its segment, its place in time and the one frame of the source that it was derived from.
highdicom writes no multi-frame segmentation of a source without a Frame of Reference, which is what nearly
every ultrasound cine is (its issue 284), and reads 22 MB of tables for any other
(`findings/highdicom_tables.sh`); so the modules are set out here, and a test holds them against highdicom's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, SegmentationStorage, generate_uid

from uniultra.io.dicom.attributes import LONGEST
from uniultra.io.dicom.notices import notice_for
from uniultra.io.dicom.source import (
    PROCESSED,
    SEGMENTED,
    Maker,
    Model,
    derived_head,
    filled,
    item_of,
    legal_label,
    legal_model,
    reference_to,
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
_TO_XYZ = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
)
_D65 = np.array([0.950456, 1.0, 1.088754])
"""Linear sRGB to CIE XYZ (ITU-R BT.709), and its white point."""
_INTELLIGENCE = Coded("123110", "Artificial Intelligence", "DCM")


@dataclass(frozen=True)
class Segment:
    """One structure: its label, by frame of the source (from 0) a bool mask (H, W), or probabilities 0 to
    1 as float32, the colour that viewers are recommended, 0 to 255, if any, the models that made it, where
    that isn't the file's maker alone: none of one that a person drew, and whether nobody pointed at it.
    """

    label: str
    frames: Mapping[int, np.ndarray] = field(repr=False)
    colour_rgb: tuple[int, int, int] | None = None
    models: tuple[Model, ...] | None = None
    automatic: bool = False


def write_seg(
    path: PathLike, source: Dataset, segments: Sequence[Segment], maker: Maker, force: bool = False
) -> Dataset:
    """Writes a segmentation and returns it. Probabilities make it FRACTIONAL, masks BINARY.

    All segments name the same frames of the source. UIDs are new ones.

    Raises:
        OutputError: a label isn't legal, or the file can't be written.
    """
    dataset = segmentation(source, segments, maker)
    write_dataset(path, dataset, force)
    return dataset


@quiet("pydicom")  # its warnings quote values
def segmentation(source: Dataset, segments: Sequence[Segment], maker: Maker) -> Dataset:
    """The data set that `write_seg` writes. Raises OutputError: a label isn't legal."""
    numbers = sorted(segments[0].frames)
    assert numbers and all(sorted(segment.frames) == numbers for segment in segments), (
        "segments of different frames"
    )
    assert numbers[0] >= 0 and numbers[-1] < source.NumberOfFrames, (
        f"frames {numbers} of {source.NumberOfFrames}"
    )
    fractional = segments[0].frames[numbers[0]].dtype != np.bool_
    notice = notice_for([segment.models for segment in segments])
    labels = [segment.label for segment in segments]
    made = derived_head(source, SegmentationStorage, 900, labels, notice)
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    _refer(made, source)
    _set_out(made, source, segments, numbers)
    bits = 8 if fractional else 1
    return filled(
        made,
        Modality="SEG",
        ImageType=["DERIVED", "PRIMARY"],
        Manufacturer=maker.manufacturer,
        ManufacturerModelName=maker.model,
        DeviceSerialNumber="none",
        SoftwareVersions=maker.software_version,
        ContentLabel="UNIULTRA",
        ContentDescription=notice,
        ContentCreatorName="",
        PresentationLUTShape="IDENTITY",
        SegmentationType="FRACTIONAL" if fractional else "BINARY",
        SegmentationFractionalType="PROBABILITY" if fractional else None,
        MaximumFractionalValue=FRACTIONS if fractional else None,
        SegmentSequence=[_description(i, segment, maker) for i, segment in enumerate(segments, 1)],
        SegmentsOverlap=_overlap(segments, numbers, fractional),
        Rows=source.Rows,
        Columns=source.Columns,
        NumberOfFrames=len(segments) * len(numbers),
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        PixelRepresentation=0,
        BitsAllocated=bits,
        BitsStored=bits,
        HighBit=bits - 1,
        PixelData=_pixel_data(segments, numbers, fractional),
    )


def _refer(made: Dataset, source: Dataset) -> None:
    """The source as what the whole was made from, in its own study or in another (PS3.3 C.12.1.1)."""
    reference = reference_to(source)
    made.SourceImageSequence = [reference]
    series = filled(
        Dataset(), ReferencedInstanceSequence=[reference], SeriesInstanceUID=source.SeriesInstanceUID
    )
    study = filled(Dataset(), StudyInstanceUID=source.StudyInstanceUID, ReferencedSeriesSequence=[series])
    if study_of(source) == source.StudyInstanceUID:
        made.ReferencedSeriesSequence = [series]
    else:
        made.StudiesContainingOtherReferencedInstancesSequence = [study]


def _overlap(segments: Sequence[Segment], numbers: Sequence[int], fractional: bool) -> str:
    """SegmentsOverlap of all frames; what it means between several fractional segments, DICOM doesn't say
    (C.8.20.2).
    """
    if len(segments) == 1:
        return "NO"
    if fractional:
        return "UNDEFINED"
    covers = (sum(one.frames[number].astype(np.uint16) for one in segments) for number in numbers)
    return "YES" if any(np.max(cover) > 1 for cover in covers) else "NO"


def _description(number: int, segment: Segment, maker: Maker) -> Dataset:
    """A segment (PS3.3 C.8.20.4), with a side as a modifier of its type (table C.8.20-4). Masks on several
    frames may have several models; one item names them, as highdicom reads no segmentation with more.
    """
    own = [(maker.model, maker.model_version)] if segment.models is None else segment.models
    models = [legal_model(model) for model in own]
    algorithm = filled(
        Dataset(),
        AlgorithmFamilyCodeSequence=[item_of(_INTELLIGENCE)],
        AlgorithmName=fitting([name for name, _ in models]),
        AlgorithmVersion=fitting([version for _, version in models]),
        AlgorithmSource=maker.manufacturer,
    )
    label = legal_label(segment.label)
    found, computed = structure(label), "AUTOMATIC" if segment.automatic else "SEMIAUTOMATIC"
    side = found.side and [item_of(found.side)]
    kind = filled(item_of(found.kind), SegmentedPropertyTypeModifierCodeSequence=side)
    return filled(
        Dataset(),
        SegmentNumber=number,
        SegmentLabel=label,
        SegmentedPropertyCategoryCodeSequence=[item_of(found.category)],
        SegmentedPropertyTypeCodeSequence=[kind],
        SegmentAlgorithmType=computed if models else "MANUAL",
        SegmentAlgorithmName=algorithm.get("AlgorithmName"),
        SegmentationAlgorithmIdentificationSequence=[algorithm] if models else None,
        TrackingID=label,
        TrackingUID=generate_uid(),
        RecommendedDisplayCIELabValue=segment.colour_rgb and cielab(segment.colour_rgb),
        AnatomicRegionSequence=found.region and [item_of(found.region)],
    )


def fitting(said: Sequence[str]) -> str | None:
    """All of it in one value where it fits, else the first; None of nothing."""
    if not said:
        return None
    whole = ", ".join(said)
    return whole if len(whole) <= LONGEST else said[0]


def cielab(colour_rgb: tuple[int, int, int]) -> list[int]:
    """A colour of sRGB as DICOM encodes CIELab (PS3.3 C.10.7.1.1), for the white point D65, as viewers take
    it. (OpenCV's is off by up to a fifth of a unit of lightness.)
    """
    part = np.array(colour_rgb) / 255
    linear = np.where(part > 0.04045, ((part + 0.055) / 1.055) ** 2.4, part / 12.92)
    share = _TO_XYZ @ linear / _D65
    x, y, z = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + 16 / 116).tolist()
    parts = (116 * y - 16) / 100, (500 * (x - y) + 128) / 255, (200 * (y - z) + 128) / 255
    return [round(65535 * part) for part in parts]


def _set_out(made: Dataset, source: Dataset, segments: Sequence[Segment], numbers: Sequence[int]) -> None:
    """Functional groups and dimensions: segment by segment, frames in their order; a still has no other
    dimension.
    """
    several = source.NumberOfFrames > 1
    planes = getattr(source, "planes", False)
    derivation, purpose = [item_of(SEGMENTED)], [item_of(PROCESSED)]  # of all frames alike
    groups = []
    for segment in range(1, len(segments) + 1):
        for position, number in enumerate(numbers, start=1):
            content = filled(
                Dataset(),
                DimensionIndexValues=[segment, position] if several else segment,
                StackID="1" if several and planes else None,
                InStackPositionNumber=position if several and planes else None,
                TemporalPositionIndex=position if several and not planes else None,
            )
            reference = filled(
                reference_to(source, (number,)),
                PurposeOfReferenceCodeSequence=purpose,
                SpatialLocationsPreserved="YES",
            )
            image = filled(Dataset(), SourceImageSequence=[reference], DerivationCodeSequence=derivation)
            group = filled(
                Dataset(),
                FrameContentSequence=[content],
                DerivationImageSequence=[image],
                SegmentIdentificationSequence=[filled(Dataset(), ReferencedSegmentNumber=segment)],
            )
            groups.append(group)
    organisation = filled(Dataset(), DimensionOrganizationUID=generate_uid())
    place = (_PLANE, "In-Stack Position Number") if planes else (_TIME, "Temporal Position Index")
    dimensions = [(_SEGMENT, _IN_IDENTIFICATION, "Segment Number"), (place[0], _IN_CONTENT, place[1])]
    filled(
        made,
        SharedFunctionalGroupsSequence=[Dataset()],
        PerFrameFunctionalGroupsSequence=groups,
        DimensionOrganizationSequence=[organisation],
        DimensionIndexSequence=[
            filled(
                Dataset(),
                DimensionOrganizationUID=organisation.DimensionOrganizationUID,
                DimensionIndexPointer=pointer,
                FunctionalGroupPointer=within,
                DimensionDescriptionLabel=label,
            )
            for pointer, within, label in (dimensions if several else dimensions[:1])
        ],
    )


def _pixel_data(segments: Sequence[Segment], numbers: Sequence[int], fractional: bool) -> bytes:
    """PixelData, plane by plane, of even length; binary planes follow each other bit by bit, not beginning on
    bytes (PS3.5 8.1.1).
    """
    data, rest = bytearray(), np.zeros(0, np.bool_)
    for segment in segments:
        for number in numbers:
            plane_hw = segment.frames[number]
            if fractional:
                data += np.rint(np.clip(plane_hw, 0, 1) * FRACTIONS).astype(np.uint8).tobytes()
                continue
            bits = np.concatenate([rest, plane_hw.ravel()])
            full = bits.size // 8 * 8
            data += np.packbits(bits[:full], bitorder="little").tobytes()
            rest = bits[full:]
    data += np.packbits(rest, bitorder="little").tobytes()
    return bytes(data + b"\0" * (len(data) % 2))
