"""DICOM Secondary Capture of an overlay, for stations that show no SEG: a colour still (PS3.3 A.8.1), or a
multi-frame true colour one of a cine (A.8.5).

The masks are part of the picture, so it says that there are annotations in it, that it is derived, and from
what; a line at the top says that it is AI-generated. A still is uncompressed, or JPEG baseline at quality 95;
a cine always is JPEG, a frame at a time, so that it stays of a size that archives take.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit

from uniultra.io.dicom.captured import CapturedFrames
from uniultra.io.dicom.notices import NOTICE, notice_for
from uniultra.io.dicom.source import (
    PROCESSED,
    SEGMENTED,
    Maker,
    derived_head,
    filled,
    item_of,
    reference_to,
)
from uniultra.io.overlay import font_of
from uniultra.io.silence import quiet
from uniultra.text import count_of

STILL, CINE = "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.7.4"
"""Secondary Capture Image Storage; Multi-frame True Color Secondary Capture Image Storage."""
QUALITY = 95


def encoded(rgb: np.ndarray) -> bytes:
    """A picture, uint8 (H, W, 3), as JPEG baseline, its chroma halved across (4:2:2)."""
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=QUALITY, subsampling="4:2:2")
    return buffer.getvalue()


def marked(rgb: np.ndarray, notice: str = NOTICE) -> np.ndarray:
    """The same picture with a notice in a line above it: no pixel of the frame is covered."""
    height, width = rgb.shape[:2]
    size = max(min(width // 26, 24), 8)
    band = 2 * size
    whole = Image.new("RGB", (width, height + band + (height + band) % 2))
    whole.paste(Image.fromarray(rgb), (0, band))
    font = font_of(size)
    ImageDraw.Draw(whole).text((size // 2, band // 2), notice, (255, 210, 80), font, anchor="lm")
    return np.array(whole)


def capture(
    source: Dataset,
    picture: np.ndarray,
    about: tuple[Sequence[str], int],
    maker: Maker,
    notice: str | None = None,
) -> Dataset:
    """The overlay of one frame, uint8 RGB (H, W, 3), uncompressed.

    Args:
        about: what structures are called, and which frame of the source it is, from 0.

    Raises:
        OutputError: a label isn't legal.
    """
    notice = notice or _usual(about[0])
    rgb = marked(picture, notice)
    data = _base(source, about[0], (about[1],), maker, notice)
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    _describe_pixels(data, rgb.shape[:2], "RGB")
    raw = rgb.tobytes()
    data.PixelData = raw + b"\0" * (len(raw) % 2)
    data["PixelData"].VR = "OB"
    return data


def cine_capture(
    source: Dataset,
    captured: CapturedFrames,
    about: tuple[Sequence[str], tuple[int, int]],
    maker: Maker,
    notice: str | None = None,
) -> Dataset:
    """The overlays of several frames.

    Args:
        captured: the pictures, as `encoded` makes them.
        about: what structures are called; the pictures' (height, width).
        notice: what is said of the whole; None: what `notice_for` says of structures of the maker.

    Raises:
        OutputError: a label isn't legal, or there is no room for the pictures.
    """
    labels, size_hw = about
    data = _base(source, labels, captured.numbers, maker, notice or _usual(labels), CINE)
    data.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    # YBR_FULL_422 is the one of JPEG that true colour captures may have (A.8.5.4)
    _describe_pixels(data, size_hw, "YBR_FULL_422")
    plain = size_hw[0] * size_hw[1] * 3 * len(captured.numbers)
    ratio = round(plain / max(captured.size, 1), 2)
    earlier = [str(one) for one in _values(data, "LossyImageCompressionRatio")]
    methods = [str(one) for one in _values(data, "LossyImageCompressionMethod")]
    if len(earlier) != len(methods):  # the values of both belong together (C.7.6.1.1.5)
        earlier, methods = [], []
    filled(
        data,
        NumberOfFrames=len(captured.numbers),
        FrameIncrementPointer=0x00182002,  # FrameLabelVector (PS3.3 C.8.6.3)
        FrameLabelVector=[f"frame {number}" for number in captured.numbers],
        LossyImageCompression="01",
        LossyImageCompressionRatio=[*earlier, f"{ratio:.8g}"],
        LossyImageCompressionMethod=[*methods, "ISO_10918_1"],
        PixelData=captured.pixel_data(),
    )
    data["PixelData"].VR = "OB"
    data["PixelData"].is_undefined_length = True
    return data


def _usual(labels: Sequence[str]) -> str:
    """The notice on structures that the maker's model found."""
    return notice_for([None] * len(labels))


def _values(data: Dataset, keyword: str) -> list[object]:
    found = data.get(keyword)
    if found is None or found == "":
        return []
    return [found] if isinstance(found, str | int | float) else list(found)


@quiet("pydicom")  # its warnings quote values
def _base(
    source: Dataset,
    labels: Sequence[str],
    frames: Sequence[int],
    maker: Maker,
    notice: str,
    kind: str = STILL,
) -> Dataset:
    """All but the pixels."""
    data = derived_head(source, kind, 902, labels, notice)
    drawn = f"Outlines of {count_of(len(labels), 'structure')}" if labels else "Calipers"
    return filled(
        data,
        Modality="US",
        Laterality="",
        ConversionType="WSD",  # workstation (PS3.3 C.8.6.1)
        DateOfSecondaryCapture=data.ContentDate,
        TimeOfSecondaryCapture=data.ContentTime,
        ImageType=["DERIVED", "SECONDARY", "OVERLAY"],
        Manufacturer=maker.manufacturer,
        SecondaryCaptureDeviceManufacturer=maker.manufacturer,
        SecondaryCaptureDeviceManufacturerModelName=maker.model,
        SecondaryCaptureDeviceSoftwareVersions=[maker.software_version, maker.model_version],
        BurnedInAnnotation="YES",
        RecognizableVisualFeatures="NO",
        DerivationDescription=f"{drawn} drawn on the image. {notice}",
        DerivationCodeSequence=[item_of(SEGMENTED)],
        ImageComments=notice,
        SourceImageSequence=[reference_to(source, frames, PROCESSED)],
    )


def _describe_pixels(data: Dataset, size_hw: tuple[int, ...], photometric: str) -> None:
    filled(
        data,
        Rows=size_hw[0],
        Columns=size_hw[1],
        SamplesPerPixel=3,
        PlanarConfiguration=0,
        PhotometricInterpretation=photometric,
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        PixelRepresentation=0,
    )
