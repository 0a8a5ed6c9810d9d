"""Colours that a code stream states itself: they go before the header's, which real files get wrong."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import UID, JPEG2000Lossless, JPEGBaseline8Bit, JPEGExtended12Bit

from dicoms import dataset, encapsulated, jpeg, jpeg_2000, picture, save
from uniultra.io.dicom.codestream import coded_as
from uniultra.io.images import read_frame

ADOBE_YCC = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x01"
"""Adobe's segment with transform 1, YCbCr (ITU-T T.872 6.5.3)."""


def bare(data: bytes, instead: bytes = b"") -> bytes:
    """A JPEG without its JFIF segment, with another in its place."""
    length = 2 + int.from_bytes(data[4:6], "big")
    assert data[2:4] == b"\xff\xe0"
    return data[:2] + instead + data[2 + length :]


def grey(path: Path, photometric: str, syntax: UID, stream: bytes, rgb: np.ndarray) -> np.ndarray:
    return read_frame(
        save(encapsulated(dataset(rgb[None], photometric), syntax, [stream]), path)
    ).pixels_hw.astype(int)


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL", "YBR_FULL_422"])
@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEGExtended12Bit])
@pytest.mark.parametrize(
    "kind", ["bare 4:2:0", "bare 4:2:2", "JFIF 4:4:4", "JFIF 4:2:0", "Adobe 4:4:4", "Adobe 4:2:0"]
)
def test_ycbcr_is_read_as_such_whatever_the_header_says(
    tmp_path: Path, photometric: str, syntax: UID, kind: str
) -> None:
    rgb = picture(1, 3)[0]
    mark, sampling = kind.split()
    stream = jpeg(rgb, subsampling=sampling)
    if mark != "JFIF":
        stream = bare(stream, ADOBE_YCC if mark == "Adobe" else b"")
    expected = np.array(Image.fromarray(rgb).convert("L")).astype(int)
    assert coded_as(stream)[4] == "YBR"  # type: ignore[index]
    assert np.abs(grey(tmp_path / "a.dcm", photometric, syntax, stream, rgb) - expected).mean() < 2


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL", "YBR_FULL_422"])
def test_rgb_is_read_as_such_whatever_the_header_says(tmp_path: Path, photometric: str) -> None:
    rgb = picture(1, 3)[0]
    stream = jpeg(rgb, keep_rgb=True)
    expected = np.array(Image.fromarray(rgb).convert("L")).astype(int)
    assert np.abs(grey(tmp_path / "a.dcm", photometric, JPEGBaseline8Bit, stream, rgb) - expected).mean() < 2


def test_a_stream_that_does_not_say_is_what_the_header_says(tmp_path: Path) -> None:
    planes = picture(1, 3)[0]
    buffer = io.BytesIO()
    Image.merge("YCbCr", [Image.fromarray(plane) for plane in np.moveaxis(planes, -1, 0)]).save(
        buffer, "JPEG", quality=97, subsampling=0
    )
    stream = bare(buffer.getvalue())
    assert coded_as(stream)[4] == ""  # type: ignore[index]
    luma = np.array(Image.fromarray(planes).convert("L")).astype(int)
    assert np.abs(grey(tmp_path / "a.dcm", "RGB", JPEGBaseline8Bit, stream, planes) - luma).mean() < 2
    assert (
        np.abs(grey(tmp_path / "b.dcm", "YBR_FULL", JPEGBaseline8Bit, stream, planes) - planes[..., 0]).mean()
        < 2
    )


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL", "YBR_RCT"])
def test_jpeg_2000_with_its_own_transform_decodes_to_rgb(tmp_path: Path, photometric: str) -> None:
    rgb = picture(1, 3)[0]
    expected = np.array(Image.fromarray(rgb).convert("L")).astype(int)
    found = grey(tmp_path / "a.dcm", photometric, JPEG2000Lossless, jpeg_2000(rgb), rgb)
    np.testing.assert_array_equal(found, expected)
