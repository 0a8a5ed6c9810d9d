"""What a derived object takes over from the image that it is made from: references, and nothing of the
patient unless asked.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    JPEG2000,
    UID,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSNearLossless,
    UltrasoundImageStorage,
    generate_uid,
)

from uniultra.atomic import whole
from uniultra.errors import FileError, OutputError, UniUltraError
from uniultra.io.dicom.attributes import code, reals, text, uid
from uniultra.io.dicom.groups import is_stack
from uniultra.io.dicom.header import ATTRIBUTES, LOSSY, Header, header_of, read_header
from uniultra.io.dicom.identity import KEPT, kept_identity
from uniultra.io.dicom.notices import described
from uniultra.io.dicom.pixels import Image, open_image
from uniultra.io.paths import PathLike, shown
from uniultra.io.silence import quiet
from uniultra.structures import Coded

UTF_8 = "ISO_IR 192"
"""The character set of derived objects: every other one can be written in it."""
SEGMENTED = Coded("113076", "Segmentation", "DCM")
PROCESSED = Coded("121322", "Source image for image processing operation", "DCM")
"""How an image was derived, and what its source is to it (PS3.16 CID 7203 and 7202)."""
_LONGEST_LABEL = 64
_REFERENCES = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_LOSSY_SYNTAXES = {
    JPEGBaseline8Bit: "ISO_10918_1",
    JPEGExtended12Bit: "ISO_10918_1",
    JPEGLSNearLossless: "ISO_14495_1",
}
"""What is always lossy, and how the method is called (PS3.3 C.7.6.1.1.5.1)."""


Model = tuple[str, str]
"""Name and version of a model that made a mask."""


@dataclass(frozen=True)
class Maker:
    """Who made a derived object: the model's name and version, and this package's version."""

    model: str
    model_version: str
    software_version: str
    manufacturer: str = "UniUltra"


class SourceImage(Dataset):
    """The chosen attributes of an image, and what isn't an attribute of it.

    Attributes:
        derived_study: StudyInstanceUID of what is derived from it.
        planes: whether its frames are planes in space, not moments.
        notes: what of its identity isn't kept, a sentence each.
    """

    derived_study: str
    planes: bool
    notes: tuple[str, ...]


def read_source(path: PathLike, keep_patient: bool = False) -> SourceImage:
    """The chosen attributes of an image.

    Derived objects lie in its study only where they carry its PatientID: a study of two patients confuses
    archives so much that some don't serve it any more. Otherwise all that is derived from one study shares
    another.

    Raises:
        FileError: not a readable DICOM image, or one without the UIDs that a reference needs.
    """
    return source_of(read_header(path), keep_patient)


@quiet("pydicom")  # its warnings quote values
def source_of(header: Header, keep_patient: bool = False) -> SourceImage:
    """The same of a file whose header is read. Raises FileError as `read_source` does."""
    if keep_patient:
        header = header_of(header.store, header.name, (*ATTRIBUTES, *KEPT))
    image = open_image(header)
    source = SourceImage()
    for keyword in _REFERENCES:
        found = uid(header.dataset, keyword)
        if found is None:
            raise FileError(
                f"{header.name}: {keyword} is missing, so nothing can refer to this image; export it again"
            )
        setattr(source, keyword, found)
    identity, left = (
        kept_identity(header.dataset) if keep_patient else (dict.fromkeys(KEPT, ""), ("PatientID",))
    )
    filled(
        source,
        **identity,
        ReferringPhysicianName="",
        SpecificCharacterSet=UTF_8,
        Modality=code(header.dataset, "Modality") or "US",
        Rows=image.frame_hw[0],
        Columns=image.frame_hw[1],
        NumberOfFrames=image.frames,
    )
    source.update(_lossy(header, image))
    own = generate_uid(entropy_srcs=["derived by uniultra from", source.StudyInstanceUID])
    source.derived_study = str(own) if "PatientID" in left else source.StudyInstanceUID
    source.planes = is_stack(header.dataset)
    source.notes = tuple(_left_out(header.name, keyword) for keyword in left) if keep_patient else ()
    return source


def _left_out(name: str, keyword: str) -> str:
    return f"{name}: its {keyword} is not a legal value and is left empty in what is derived from it"


def _lossy(header: Header, image: Image) -> Dataset:
    """LossyImageCompression with ratio and method, for good where an image was lossy once (PS3.3
    C.7.6.1.1.5); else empty.
    """
    method = _LOSSY_SYNTAXES.get(header.syntax)
    if header.syntax == JPEG2000 and image.photometric == "YBR_ICT":
        method = "ISO_15444_1"
    if code(header.dataset, LOSSY[0]) != "01" and method is None:
        return Dataset()
    ratios = reals(header.dataset, LOSSY[1])
    if ratios is None and method is not None and image.index is not None:
        height, width = image.frame_hw
        plain = height * width * image.samples * image.frames * (2 if image.packing.bits > 8 else 1)
        ratios = [round(plain / max(sum(image.index.lengths), 1), 2)]
    said = text(header.dataset, LOSSY[2]) or method
    return filled(
        Dataset(),
        LossyImageCompression="01",
        LossyImageCompressionRatio=ratios and [f"{ratio:.8g}" for ratio in ratios],
        LossyImageCompressionMethod=said and said.split("\\"),
    )


def derived_head(
    source: Dataset, kind: str, series_number: int, labels: Sequence[str], notice: str
) -> Dataset:
    """What all images made of a source begin with, of a SOP class: UIDs, which are new, the source's patient
    and study as far as they are kept, the time, how lossy the source is, and what they are of with a notice.

    Raises:
        OutputError: a label isn't legal.
    """
    own = generate_uid()
    day, time = f"{datetime.now():%Y%m%d %H%M%S}".split()
    data = filled(
        Dataset(),
        file_meta=filled(
            FileMetaDataset(), MediaStorageSOPClassUID=UID(kind), MediaStorageSOPInstanceUID=own
        ),
        SOPClassUID=UID(kind),
        SOPInstanceUID=own,
        **{keyword: getattr(source, keyword, "") for keyword in KEPT},
        SpecificCharacterSet=UTF_8,
        ReferringPhysicianName="",
        PatientOrientation="",
        StudyInstanceUID=study_of(source),
        SeriesInstanceUID=generate_uid(),
        SeriesNumber=series_number,
        InstanceNumber=1,
        SeriesDescription=described([legal_label(label) for label in labels], notice),
        InstanceCreationDate=day,
        InstanceCreationTime=time,
        ContentDate=day,
        ContentTime=time,
        LossyImageCompression="00",
    )
    for keyword in LOSSY:  # PS3.3 C.8.20.2.2
        if keyword in source:
            data[keyword] = deepcopy(source[keyword])
    return data


def filled(data: Dataset, **attributes: Any) -> Dataset:
    """A data set, with more attributes, by their keywords; those that are None are left out."""
    for keyword, value in attributes.items():
        if value is not None:
            setattr(data, keyword, value)
    return data


def item_of(code: Coded) -> Dataset:
    """An item of a code sequence."""
    return filled(
        Dataset(), CodeValue=code.value, CodingSchemeDesignator=code.scheme, CodeMeaning=code.meaning
    )


def reference_to(source: Dataset, frames: Sequence[int] = (), purpose: Coded | None = None) -> Dataset:
    """An item that refers to the source, or to some of its frames, from 0, where it has several."""
    several = frames and source.NumberOfFrames > 1
    return filled(
        Dataset(),
        ReferencedSOPClassUID=source.SOPClassUID,
        ReferencedSOPInstanceUID=source.SOPInstanceUID,
        ReferencedFrameNumber=[number + 1 for number in frames] if several else None,
        PurposeOfReferenceCodeSequence=purpose and [item_of(purpose)],
    )


def need_highdicom(path: PathLike) -> None:
    """Raises OutputError where highdicom is not installed."""
    if importlib.util.find_spec("highdicom") is None:
        raise OutputError(
            f"{shown(path)}: writing a DICOM SR needs highdicom; install with: pip install 'uniultra[dicom]'"
        )


@contextmanager
def by_highdicom() -> Iterator[None]:
    """highdicom without its chatter, which quotes values, and with all that it raises as an OutputError."""
    with quiet("highdicom", "pydicom"):
        try:
            yield
        except (UniUltraError, MemoryError, AssertionError):
            raise
        except Exception as error:  # of headers that it doesn't like
            raise OutputError(
                f"the SR can't be written ({type(error).__name__} in highdicom); leave out "
                "--keep-patient, or the SR"
            ) from error


def as_still(source: Dataset) -> Dataset:
    """The source as a still image of today, which highdicom accepts of every source."""
    still = deepcopy(source)
    still.SOPClassUID = UltrasoundImageStorage
    if "NumberOfFrames" in still:
        del still.NumberOfFrames
    return still


def refer(made: Dataset, source: Dataset) -> None:
    """Every reference of what was made of `as_still` becomes one to the source itself."""
    for element in made.iterall():
        if element.keyword == "ReferencedSOPClassUID":
            element.value = source.SOPClassUID


def study_of(source: Dataset) -> str:
    """The study in which what is derived from a source lies."""
    return getattr(source, "derived_study", source.StudyInstanceUID)


def legal_label(label: str) -> str:
    """A label of up to 64 characters, as attributes of VR LO hold it (PS3.5 6.2).

    Raises:
        OutputError: an empty one, or one with a backslash or control characters, which would be read as
            something else.
    """
    if not label.strip() or "\\" in label or any(ord(sign) < 32 or ord(sign) == 127 for sign in label):
        raise OutputError(
            f"label {label!r} can't be written to DICOM; give 1 to 64 characters without a backslash and "
            "control characters"
        )
    return label[:_LONGEST_LABEL]


def legal_model(model: Model) -> Model:
    """A model's name and version, as a project may say them, as attributes of VR LO hold them."""

    def legal(said: str, other: str) -> str:
        kept = "".join(sign for sign in said if sign.isprintable() and sign != "\\").strip()
        return kept[:_LONGEST_LABEL] or other

    return legal(model[0], "unnamed model"), legal(model[1], "unknown")


def write_dataset(path: PathLike, dataset: Dataset, force: bool = False) -> None:
    """Writes a data set as a DICOM file, whole or not at all, part by part. Raises OutputError."""
    with whole(path, force) as part, quiet("pydicom"), open(part, "xb") as file:
        dataset.save_as(file, enforce_file_format=True)
