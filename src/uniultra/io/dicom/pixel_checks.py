"""What can be refused of a DICOM file's pixels by its header alone."""

from __future__ import annotations

from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from uniultra.errors import FileError
from uniultra.io.dicom.attributes import code, integer
from uniultra.io.dicom.grayscale import MONOCHROME, PALETTE
from uniultra.io.dicom.header import Header
from uniultra.io.silence import quiet

COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT")


def check_is_image(header: Header) -> None:
    what = (
        f"{header.name}: a DICOM object of kind {header.sop_class} (modality "
        f"{code(header.dataset, 'Modality') or 'unknown'})"
    )
    if header.pixels is None:
        raise FileError(f"{what} without pixel data; give an image or a cine")
    if header.pixels.keyword != "PixelData" or integer(header.dataset, "BitsAllocated") == 1:
        raise FileError(f"{what}, not a picture of 8 or 16 bits; give an image or a cine")


def whole_number(header: Header, keyword: str) -> int:
    number = integer(header.dataset, keyword)
    if number is None:
        raise FileError(f"{header.name}: {keyword} is missing or not a number; export it again")
    return number


def check_colour(name: str, samples: int, photometric: str) -> None:
    legal: tuple[str, ...] = {1: (*MONOCHROME, PALETTE), 3: COLOURS}.get(samples, ())
    if photometric not in legal:
        raise FileError(
            f"{name}: {samples} samples per pixel as '{photometric}'; legal are 1 with "
            f"{', '.join((*MONOCHROME, PALETTE))}; 3 with {', '.join(COLOURS)}; export it again"
        )


def check_decoder(header: Header) -> None:
    try:
        with quiet("pydicom"):
            decoder = get_decoder(header.syntax)
    except NotImplementedError as error:
        raise FileError(
            f"{header.name}: stored as {header.syntax.name} ({str(header.syntax)[:64]}), which can't be "
            "read; export it as JPEG, JPEG 2000, RLE or uncompressed"
        ) from error
    if not decoder.is_available:
        fix = "install with: pip install 'uniultra[dicom]'"
        if not any("gdcm" in line or "pillow" in line for line in decoder.missing_dependencies):
            fix = "no decoder of uniultra[dicom] reads it: export it as JPEG 2000 or uncompressed"
        raise FileError(
            f"{header.name}: {syntax_name(header.syntax)} needs a decoder that is not installed; {fix}"
        )


def syntax_name(syntax: UID) -> str:
    """The short name of a transfer syntax: "JPEG Baseline", "RLE Lossless"."""
    return syntax.name.split(" (")[0].split(",")[0]
