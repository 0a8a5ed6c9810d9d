"""The header of a DICOM file: only the attributes that are requested, and where the pixels lie. No pixel is
read here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydicom.dataset import Dataset
from pydicom.filereader import read_partial
from pydicom.tag import Tag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

from uniultra.errors import FileError
from uniultra.io.dicom.attributes import integer, uid
from uniultra.io.dicom.deflated import InflatedStore, plain_store
from uniultra.io.dicom.groups import raise_groups
from uniultra.io.dicom.store import Metered, Store, open_store
from uniultra.io.paths import PathLike, shown
from uniultra.io.silence import quiet

IDENTITY = (
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "SpecificCharacterSet",
)
PIXELS = (
    *(
        "Rows",
        "Columns",
        "NumberOfFrames",
        "SamplesPerPixel",
        "PhotometricInterpretation",
        "PlanarConfiguration",
    ),
    *(
        "BitsAllocated",
        "BitsStored",
        "HighBit",
        "PixelRepresentation",
        "ExtendedOffsetTable",
        "ExtendedOffsetTableLengths",
    ),
    *("PixelPaddingValue", "PixelPaddingRangeLimit"),
)
TONES = (
    *(
        "WindowCenter",
        "WindowWidth",
        "VOILUTFunction",
        "VOILUTSequence",
        "RescaleSlope",
        "RescaleIntercept",
        "ModalityLUTSequence",
    ),
    *(
        f"{colour}PaletteColorLookupTable{part}"
        for colour in ("Red", "Green", "Blue")
        for part in ("Descriptor", "Data")
    ),
    *(f"Segmented{colour}PaletteColorLookupTableData" for colour in ("Red", "Green", "Blue")),
)
TIMING = ("FrameTime", "FrameTimeVector", "CineRate", "RecommendedDisplayFrameRate", "FrameIncrementPointer")
SCALE = ("SequenceOfUltrasoundRegions", "PixelSpacing", "NominalScannedPixelSpacing", "PixelAspectRatio")
GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "DimensionOrganizationType")
"""Of these, only what `groups` names is looked at."""
LOSSY = ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod")
ABOUT = ("Modality", "ImageType", "Manufacturer", "ManufacturerModelName", "BurnedInAnnotation", *LOSSY)
ATTRIBUTES = (*IDENTITY, *PIXELS, *TONES, *TIMING, *SCALE, *GROUPS, *ABOUT)
"""All that is ever read, by keyword: no patient, no date, no place, no person."""
PATIENT = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID"),
    *(
        "StudyDate",
        "StudyTime",
        "ReferringPhysicianName",
        "InstitutionName",
        "StudyDescription",
        "SeriesDescription",
    ),
)
"""Read only when requested by name: `uniultra info --phi`, `uniultra segment --keep-patient`."""

UNDEFINED = 0xFFFFFFFF
_PIXEL_TAGS = {0x7FE00008: "FloatPixelData", 0x7FE00009: "DoubleFloatPixelData", 0x7FE00010: "PixelData"}


@dataclass(frozen=True)
class PixelElement:
    """Where the pixel data lies: `offset` of its first value byte, `length` in bytes (UNDEFINED where
    encapsulated).
    """

    keyword: str
    vr: str
    offset: int
    length: int


@dataclass(frozen=True)
class Header:
    """What `read_header` found. `syntax` is the transfer syntax as stored; `pixels` is None for objects
    without an image.
    """

    name: str
    dataset: Dataset = field(repr=False)
    store: Store = field(repr=False)
    syntax: UID
    pixels: PixelElement | None

    @property
    def sop_class(self) -> str:
        found = uid(self.dataset, "SOPClassUID")
        with quiet("pydicom"):  # its warnings quote values
            return UID(found).name if found else "unknown"

    @property
    def little_endian(self) -> bool:
        """The byte order of the data set."""
        return bool(self.dataset.original_encoding[1])

    @property
    def frames(self) -> int:
        """NumberOfFrames, 1 where absent; as claimed, not as checked."""
        return integer(self.dataset, "NumberOfFrames") or 1


def read_header(path: PathLike, keywords: Sequence[str] = ATTRIBUTES) -> Header:
    """The attributes `keywords` of a DICOM file, with or without preamble; the file is held open as long as
    the result.

    Raises:
        FileError: no such readable file, not DICOM, damaged, or larger than any real header. No message holds
            a value of the header.
    """
    return header_of(open_store(path), shown(path), keywords)


def header_of(file: Store, name: str, keywords: Sequence[str] = ATTRIBUTES) -> Header:
    """The same of a file that is open, as that of another header is. Raises FileError as `read_header`
    does.
    """
    with quiet("pydicom"):
        try:
            store = plain_store(file, name)
            inflated = isinstance(store, InflatedStore)
            dataset, element = _parse(store, name, keywords)
            raise_groups(dataset)
            stored = (
                DeflatedExplicitVRLittleEndian if inflated else dataset.file_meta.get("TransferSyntaxUID")
            )
            syntax = UID(
                "".join(sign for sign in str(stored or _guessed(dataset)) if sign in "0123456789.")[:64]
            )
        except FileError:
            raise
        except Exception as error:  # hostile bytes make pydicom raise almost anything
            raise FileError(
                f"{name}: the DICOM header is damaged ({type(error).__name__}); copy or export it again"
            ) from error
    if not len(dataset) and element is None:
        raise FileError(
            f"{name}: not DICOM, or an empty one: none of the attributes of an image is in it; check the file"
        )
    return Header(name, dataset, store, syntax, element)


def _parse(store: Store, name: str, keywords: Sequence[str]) -> tuple[Dataset, PixelElement | None]:
    found: list[tuple[int, str | None, int]] = []

    def at_pixels(tag: int, vr: str | None, length: int) -> bool:
        if int(tag) in _PIXEL_TAGS:
            found.append((int(tag), vr, length))
        return bool(found)

    with store.opened() as file:
        metered = Metered(file, name)
        tags = [Tag(keyword) for keyword in keywords]
        dataset = read_partial(metered, at_pixels, force=True, specific_tags=tags)  # type: ignore[arg-type]
        if not found:
            return dataset, None
        tag, vr, length = found[-1]
        offset = file.tell() + (12 if vr in EXPLICIT_VR_LENGTH_32 else 8)
    return dataset, PixelElement(_PIXEL_TAGS[tag], vr or "OW", offset, length)


def _guessed(dataset: Dataset) -> str:
    implicit, little = dataset.original_encoding
    if implicit:
        return "1.2.840.10008.1.2"
    return "1.2.840.10008.1.2.1" if little else "1.2.840.10008.1.2.2"
