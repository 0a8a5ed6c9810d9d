"""Pictures in the page without a server: what the browser decodes is what Python reads."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Error

from browsers import Visit
from phantoms import ellipse, speckled
from uniultra.io.images import read_frame

pytestmark = pytest.mark.browser
HW = (60, 80)
GREY = speckled(ellipse(HW, (40, 30), (20, 14))).pixels_hw
ROTATED = 6
"""EXIF's orientation of a picture that is to be turned to the right."""


def seen(tab: Visit, path: Path) -> np.ndarray:
    """The grey pixels that the page's reader makes of a file."""
    script = """async (data) => {
        const { read } = await import("/static/local/images.mjs");
        const image = await read(Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0)));
        const { pixels } = await image.grey(0);
        return [image.height, image.width, btoa(String.fromCharCode(...pixels))];
    }"""
    height, width, data = tab.page.evaluate(script, base64.b64encode(path.read_bytes()).decode())
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width)


def test_what_is_transparent_is_black(alone: Visit, tmp_path: Path) -> None:
    """Wholly, half, and by a palette's own entry."""
    alpha = np.full(HW, 255, np.uint8)
    alpha[:20], alpha[20:30] = 0, 100
    Image.fromarray(np.dstack([GREY] * 3 + [alpha])).save(tmp_path / "rgba.png")
    Image.fromarray(np.dstack([GREY, alpha]), "LA").save(tmp_path / "la.png")
    Image.fromarray(GREY).convert("P").save(tmp_path / "palette.png", transparency=int(GREY[40, 40]))
    for name in ("rgba.png", "la.png", "palette.png"):
        apart = np.abs(seen(alone, tmp_path / name).astype(int) - read_frame(tmp_path / name).pixels_hw)
        assert apart.max() <= 1, name


def test_other_pictures_are_as_python_reads_them(alone: Visit, tmp_path: Path) -> None:
    """Grey of 16 bits isn't dark for its range, and neither gamma nor profile of a file counts."""
    exif, gamma = Image.Exif(), PngInfo()
    exif[0x0112] = ROTATED
    gamma.add(b"gAMA", struct.pack(">I", 100000))
    colour = np.dstack([GREY, GREY // 2, 255 - GREY])
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    deep = GREY.astype(np.uint16)
    Image.fromarray(GREY).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    Image.fromarray(GREY).save(tmp_path / "plain.bmp")
    Image.fromarray(GREY > 90).save(tmp_path / "bits.png")
    Image.fromarray(colour).save(tmp_path / "colour.png", icc_profile=profile)
    Image.fromarray(GREY).save(tmp_path / "gamma.png", pnginfo=gamma)
    Image.fromarray(deep * 257).save(tmp_path / "full.png")
    Image.fromarray(deep * 13 + 700).save(tmp_path / "dim.png")
    Image.fromarray(np.full(HW, 4000, np.uint16)).save(tmp_path / "even.png")
    slopes = np.add.outer(np.arange(HW[0]) * 300, np.arange(HW[1]) * 411).astype(np.uint16)
    Image.fromarray(slopes).save(tmp_path / "slopes.png", optimize=True)
    for file in sorted(tmp_path.iterdir()):
        expected, found = read_frame(file).pixels_hw, seen(alone, file)
        assert found.shape == expected.shape, file.name
        assert np.abs(found.astype(int) - expected).max() <= 1, file.name


def every_filter(path: Path, values: np.ndarray) -> None:
    """Grey of 16 bits as PNG whose rows take the format's five filters in turn."""
    rows = values.astype(">u2").view(np.uint8).astype(int)
    packed = b""
    for y, row in enumerate(rows):
        up = rows[y - 1] if y else np.zeros_like(row)
        left, corner = (np.concatenate([[0, 0], line[:-2]]) for line in (row, up))
        guess = left + up - corner
        apart = np.abs(np.stack([guess - left, guess - up, guess - corner]))
        paeth = np.choose(apart.argmin(axis=0), [left, up, corner])
        said = (0, left, up, (left + up) // 2, paeth)[y % 5]
        packed += bytes([y % 5]) + ((row - said) % 256).astype(np.uint8).tobytes()
    head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(packed)), (b"IEND", b""))
    chunks = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    ]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def test_every_filter_of_a_picture_of_16_bits(alone: Visit, tmp_path: Path) -> None:
    values = GREY.astype(np.uint16) * 191 + np.arange(HW[1], dtype=np.uint16)
    every_filter(tmp_path / "filters.png", values)
    expected = read_frame(tmp_path / "filters.png").pixels_hw.astype(int)
    assert np.array_equal(np.array(Image.open(tmp_path / "filters.png")), values)
    assert np.abs(seen(alone, tmp_path / "filters.png") - expected).max() <= 1


def test_a_damaged_picture_of_16_bits_is_refused(alone: Visit, tmp_path: Path) -> None:
    Image.fromarray(GREY.astype(np.uint16) * 9).save(tmp_path / "whole.png")
    content = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(content[: len(content) // 2])
    with pytest.raises(Error, match="not an image that this browser reads"):
        seen(alone, tmp_path / "cut.png")
