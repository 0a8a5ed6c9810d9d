"""What a person wants to know of a DICOM file: a few facts, none of them about the patient unless
requested.
"""

from __future__ import annotations

from typing import Any

from uniultra.io.dicom.attributes import code, text
from uniultra.io.dicom.header import ATTRIBUTES, PATIENT, Header, header_of
from uniultra.io.dicom.pixels import open_image
from uniultra.io.dicom.regions import calibration_of
from uniultra.io.dicom.timing import frame_times

_ABOUT = (
    ("manufacturer", "Manufacturer"),
    ("model", "ManufacturerModelName"),
    ("image_type", "ImageType"),
    ("burned_in_annotation", "BurnedInAnnotation"),
    ("lossy", "LossyImageCompression"),
)


def describe(header: Header, phi: bool = False) -> dict[str, Any]:
    """Facts of a DICOM image or cine; nothing is decoded. With `phi`, the patient's fields are read too.

    Raises:
        FileError: as `open_dicom` does.
    """
    if phi:
        header = header_of(header.store, header.name, (*ATTRIBUTES, *PATIENT))
    image = open_image(header)
    times, notes = frame_times(header, image.frames)
    calibration = calibration_of(header, image.frame_hw)
    about = {name: text(header.dataset, keyword) for name, keyword in _ABOUT}
    facts = {
        "kind": "DICOM",
        "modality": code(header.dataset, "Modality"),
        "object": header.sop_class,
        "syntax": header.syntax.name,
        "photometric": image.photometric,
        "bits": image.packing.bits,
        "times_s": times,
        "calibration": calibration,
        "notes": (*notes, *calibration.notes),
        **about,
    }
    return facts | (
        {"patient": {keyword: text(header.dataset, keyword) for keyword in PATIENT}} if phi else {}
    )
