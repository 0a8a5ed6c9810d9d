"""What a derived object takes over from the image that it is made from: references, and nothing of the patient unless asked."""

from __future__ import annotations

import importlib.util
import io
from dataclasses import dataclass

from pydicom.dataset import Dataset

from uniultra.errors import FileError, OutputError
from uniultra.io.dicom.header import WANTED, read_header
from uniultra.io.dicom.pixels import open_image
from uniultra.io.dicom.values import code, text, uid, value
from uniultra.io.output import write_bytes
from uniultra.io.paths import PathLike

KEPT = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDate", "StudyTime")
"""Written into derived objects with `keep_patient`, so that an archive files them under the patient; else they are empty."""
_LONGEST_NAME = 3 * 64 + 2
"""Three writings of a person's name (PS3.5 6.2, PN)."""
_REFERENCES = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")


@dataclass(frozen=True)
class Maker:
    """Who made a derived object: the model's name and version, and this package's version."""

    model: str
    model_version: str
    software_version: str
    manufacturer: str = "UniUltra"


def read_source(path: PathLike, keep_patient: bool = False) -> Dataset:
    """The chosen attributes of an image, as highdicom takes them.

    Raises:
        FileError: not a readable DICOM image, or one without the UIDs that a reference needs.
    """
    header = read_header(path, (*WANTED, *KEPT) if keep_patient else WANTED)
    image = open_image(header)
    source = Dataset()
    for keyword in _REFERENCES:
        found = uid(header.dataset, keyword)
        if found is None:
            raise FileError(f"{header.name}: {keyword} is missing, so nothing can refer to this image; export it again")
        setattr(source, keyword, found)
    for keyword in KEPT:
        setattr(source, keyword, (text(header.dataset, keyword, _LONGEST_NAME) if keep_patient else None) or "")
    source.ReferringPhysicianName = ""
    source.Modality = code(header.dataset, "Modality") or "US"
    source.Rows, source.Columns = image.frame_hw
    source.NumberOfFrames = image.frames
    character_set = value(header.dataset, "SpecificCharacterSet")
    if keep_patient and character_set is not None:
        source.SpecificCharacterSet = character_set
    return source


def need_highdicom(path: PathLike) -> None:
    """Raises OutputError where highdicom is not installed."""
    if importlib.util.find_spec("highdicom") is None:
        raise OutputError(f"{path}: writing DICOM needs highdicom; install with: pip install 'uniultra[dicom]'")


def write_dataset(path: PathLike, dataset: Dataset, force: bool = False) -> None:
    """Writes a data set as a DICOM file, whole or not at all. Raises OutputError."""
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    write_bytes(path, buffer.getvalue(), force)
