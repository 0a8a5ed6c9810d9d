"""One frame of a DICOM file at a time, as grey; only one is decoded, however long the cine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from pydicom.encaps import encapsulate
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGExtended12Bit,
)

from uniultra.errors import FileError
from uniultra.io.cines import MAX_FRAMES
from uniultra.io.dicom.attributes import code, integer
from uniultra.io.dicom.codestream import Coded, coded_as, quick_luma
from uniultra.io.dicom.fragments import FrameIndex, index_frames
from uniultra.io.dicom.grayscale import (
    MONOCHROME,
    PALETTE,
    Format,
    format_of,
    look_up,
    luma,
    mono_grey,
    needs_range,
    palette_grey,
    range_of,
)
from uniultra.io.dicom.header import UNDEFINED, Header
from uniultra.io.dicom.pixel_checks import (
    check_colour,
    check_decoder,
    check_is_image,
    syntax_name,
    whole_number,
)
from uniultra.io.pillow_reader import check_size
from uniultra.io.silence import muted_stderr, quiet

NATIVE = frozenset(
    {ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}
)
PREFERRED = ("pillow", "pyjpegls")
"""Decoders that are tried before the others: they take half the memory of GDCM."""
_AS_RGB = ("RGB", "YBR_RCT", "YBR_ICT")
"""What decoders give as RGB, and say so."""
_MAX_ENCODED = 512_000_000


@dataclass(frozen=True)
class Image:
    """The pixels of a file: checked, indexed, not decoded. `table` maps bits to grey; None for colour."""

    header: Header = field(repr=False)
    frames: int
    frame_hw: tuple[int, int]
    samples: int
    photometric: str
    packing: Format
    index: FrameIndex | None = field(default=None, repr=False)
    table: np.ndarray | None = field(default=None, repr=False)


def open_image(header: Header) -> Image:
    """All that can be known without decoding, checked.

    Raises:
        FileError: no image, sizes or numbers out of range, a syntax that nothing here decodes, pixel data
            truncated.
    """
    check_is_image(header)
    if header.syntax not in NATIVE:
        check_decoder(header)  # before what it says of colours: video's are legal nowhere else
    dataset, name = header.dataset, header.name
    width, height = whole_number(header, "Columns"), whole_number(header, "Rows")
    check_size((width, height), name)
    samples, photometric = (
        integer(dataset, "SamplesPerPixel") or 1,
        code(dataset, "PhotometricInterpretation") or "",
    )
    check_colour(name, samples, photometric)
    if not 1 <= header.frames <= MAX_FRAMES:
        raise FileError(
            f"{name}: claims {header.frames} frames; legal are 1 to {MAX_FRAMES}; export it again"
        )
    allocated = integer(dataset, "BitsAllocated")
    if allocated not in (8, 16):
        raise FileError(
            f"{name}: {allocated} bits allocated per sample; legal are 8 and 16; export it as 8 bit"
        )
    image = Image(header, header.frames, (height, width), samples, photometric, format_of(header))
    if header.syntax in NATIVE:
        _check_native_length(image)
        return _with_table(image)
    return _with_table(replace(image, index=index_frames(header)))


def read_grey(image: Image, number: int) -> np.ndarray:
    """Frame `number`, from 0, as uint8 (H, W). Raises FileError: truncated, damaged, or coded at another
    size.
    """
    if image.table is None and image.index is not None and (quick := _quick(image, number)) is not None:
        return quick
    stored, photometric = read_stored(image, number)
    if image.table is not None:
        return look_up(image.table, image.packing.patterns(stored))
    if photometric.startswith("YBR"):  # Y is the luma of ITU-R 601
        return np.ascontiguousarray(eight_bits(image, stored[..., 0]))
    return luma(eight_bits(image, stored))


def read_stored(image: Image, number: int) -> tuple[np.ndarray, str]:
    """Frame `number` as stored: (H, W), or (H, W, 3) of the file's own depth; and its photometric
    interpretation once decoded.
    """
    assert 0 <= number < image.frames, f"frame {number} of {image.frames}"
    with _guarded(image, number):
        stored, properties = (_encoded if image.index is not None else _native)(image, number)
    expected = image.frame_hw if image.samples == 1 else (*image.frame_hw, 3)
    _check_shape(image, number, stored, expected)
    return stored, str(properties["photometric_interpretation"])


@contextmanager
def _guarded(image: Image, number: int) -> Iterator[None]:
    """Decoders without their chatter, and with every error as a FileError."""
    try:
        with quiet("pydicom"), muted_stderr():
            yield
    except (FileError, MemoryError):
        raise
    except Exception as error:  # hostile bytes make decoders raise almost anything
        raise FileError(
            f"{image.header.name}: the {syntax_name(image.header.syntax)} pixel data of frame {number} "
            f"is damaged or truncated ({type(error).__name__}); copy or export it again"
        ) from error


def _check_shape(image: Image, number: int, found: np.ndarray, expected: tuple[int, ...]) -> None:
    if found.shape != expected:
        raise FileError(
            f"{image.header.name}: frame {number} decodes to {found.shape}, but the header says {expected}; "
            "export it again"
        )


def _quick(image: Image, number: int) -> np.ndarray | None:
    """The luma of an encoded frame without its colours, where that can be had."""
    with _guarded(image, number):
        data, coded = _frame_bytes(image, number)
        grey = None
        if coded is not None and coded.bits == 8:
            grey = quick_luma(data, image.header.syntax, image.photometric, coded.colours)
    if grey is not None:
        _check_shape(image, number, grey, image.frame_hw)
    return grey


def eight_bits(image: Image, stored: np.ndarray) -> np.ndarray:
    """Colour as uint8: the high bits of deeper one."""
    if stored.dtype.itemsize == 1:
        return stored.view(np.uint8)
    patterns = image.packing.patterns(stored)
    bits = image.packing.bits
    return (patterns >> (bits - 8) if bits > 8 else patterns).astype(np.uint8)


def _with_table(image: Image) -> Image:
    if image.photometric == PALETTE:
        return replace(image, table=palette_grey(image.header, image.packing))
    if image.photometric not in MONOCHROME:
        return image
    seen = None
    if needs_range(image.header, image.packing):
        seen = range_of(image.header, image.packing, image.packing.patterns(read_stored(image, 0)[0]))
    return replace(image, table=mono_grey(image.header, image.packing, seen))


def _native(image: Image, number: int) -> tuple[np.ndarray, dict[str, str | int]]:
    pixels = image.header.pixels
    assert pixels is not None
    syntax = image.header.syntax
    if syntax == DeflatedExplicitVRLittleEndian:
        syntax = ExplicitVRLittleEndian
    with image.header.store.opened() as file:
        file.seek(pixels.offset)
        return get_decoder(syntax).as_array(file, index=number, **_options(image, image.frames, pixels.vr))


def _frame_bytes(image: Image, number: int) -> tuple[bytes, Coded | None]:
    """The encoded bytes of a frame, checked, and what their own header says; None of RLE, which has none."""
    assert image.index is not None
    with image.header.store.opened() as file:
        data = image.index.read(file, number)
    if len(data) > _MAX_ENCODED:
        raise FileError(
            f"{image.header.name}: frame {number} takes {len(data)} bytes; the limit is {_MAX_ENCODED}; "
            "export it again"
        )
    return data, _check_coded(image, number, data)


def _encoded(image: Image, number: int) -> tuple[np.ndarray, dict[str, str | int]]:
    data, coded = _frame_bytes(image, number)
    options = _options(image, 1, "OB")
    if coded is not None:
        options["bits_stored"] = coded.bits
        options["planar_configuration"] = 0  # decoders give pixels; a 1 is of the file before
        if coded.colours == "RGB" and image.photometric not in _AS_RGB:
            options["photometric_interpretation"] = "RGB"
    decoder, source = get_decoder(image.header.syntax), encapsulate([data])
    for plugin in decoder.available_plugins:
        if plugin in PREFERRED:
            with suppress(Exception):  # what it can't do, another may
                return decoder.as_array(source, index=0, decoding_plugin=plugin, **options)
    return decoder.as_array(source, index=0, **options)


def _check_coded(image: Image, number: int, data: bytes) -> Coded | None:
    """What a frame's own header says must fit the file's, before a decoder written in C sees it."""
    name, (height, width) = image.header.name, image.frame_hw
    if "RLE" in image.header.syntax.name:
        return None
    coded = coded_as(data)
    if coded is None:
        raise FileError(
            f"{name}: frame {number} is no {syntax_name(image.header.syntax)} picture; copy or export it "
            "again"
        )
    if coded[:3] != (width, height, image.samples):
        raise FileError(
            f"{name}: frame {number} is coded as {coded.width} x {coded.height} pixels of "
            f"{coded.samples} samples, but the header says {width} x {height} of {image.samples}; export "
            "it again"
        )
    allocated = integer(image.header.dataset, "BitsAllocated") or 8
    if not 8 <= coded.bits <= allocated:
        raise FileError(
            f"{name}: frame {number} is coded with {coded.bits} bits per sample; legal are 8 to {allocated}; "
            "export it again"
        )
    if image.header.syntax == JPEGExtended12Bit and coded.bits != 8:
        raise FileError(
            f"{name}: frame {number} is a lossy JPEG of {coded.bits} bits, which can't be read; export it "
            "as JPEG lossless"
        )
    return coded


def _options(image: Image, frames: int, vr: str) -> dict[str, Any]:
    dataset = image.header.dataset
    kept = "BitsAllocated" if image.packing.shift else "BitsStored"  # pydicom 3.0.2 knows no HighBit
    options: dict[str, Any] = {
        "transfer_syntax_uid": image.header.syntax,
        "rows": image.frame_hw[0],
        "columns": image.frame_hw[1],
        "samples_per_pixel": image.samples,
        "photometric_interpretation": image.photometric,
        "number_of_frames": frames,
        "bits_allocated": integer(dataset, "BitsAllocated"),
        "bits_stored": integer(dataset, kept) or integer(dataset, "BitsAllocated"),
        "pixel_representation": 1 if image.packing.signed else 0,
        "pixel_keyword": "PixelData",
        "raw": True,
        "view_only": True,
        "pixel_vr": vr,
    }
    return options | (
        {"planar_configuration": integer(dataset, "PlanarConfiguration") or 0} if image.samples > 1 else {}
    )


def _check_native_length(image: Image) -> None:
    """The file must hold what its header promises, before anything is allocated by that promise."""
    header, pixels = image.header, image.header.pixels
    assert pixels is not None
    height, width = image.frame_hw
    samples = 2 if image.photometric == "YBR_FULL_422" else image.samples
    needed = height * width * samples * ((integer(header.dataset, "BitsAllocated") or 8) // 8) * image.frames
    with header.store.opened() as file:
        there = file.seek(0, 2) - pixels.offset
    if pixels.length != UNDEFINED:
        there = min(there, pixels.length)
    if there < needed:
        raise FileError(
            f"{header.name}: the pixel data is truncated: {image.frames} "
            f"frame{'s' if image.frames > 1 else ''} of {width} x {height} need {needed} bytes, "
            f"{there} are there; copy it again"
        )
    if image.photometric == "YBR_FULL_422" and 0 <= pixels.length - needed * 3 // 2 <= 1:
        raise FileError(f"{header.name}: YBR_FULL_422 has 2 bytes per pixel, not 3; export it again")
