"""Phantoms with a known answer: a speckled field with dark ellipses in it."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from uniultra.types import Frame


def ellipse(
    frame_hw: tuple[int, int], centre_xy: tuple[float, float], half_xy: tuple[float, float]
) -> np.ndarray:
    """A filled ellipse, bool (H, W)."""
    y, x = np.mgrid[: frame_hw[0], : frame_hw[1]]
    return ((x - centre_xy[0]) / half_xy[0]) ** 2 + ((y - centre_xy[1]) / half_xy[1]) ** 2 <= 1.0


def speckled(inside_hw: np.ndarray, seed: int = 0, spacing: float | None = None) -> Frame:
    """Rayleigh speckle, dark inside the mask and bright outside."""
    noise = np.random.default_rng(seed).rayleigh(1.0, inside_hw.shape)
    pixels = np.clip(noise * np.where(inside_hw, 12.0, 80.0), 0, 255).astype(np.uint8)
    return Frame.from_array(pixels, None if spacing is None else (spacing, spacing), source="phantom")


def png_claiming(width: int, height: int) -> bytes:
    """A small PNG, valid in every checksum, whose header claims `width` x `height` pixels of grey."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
        + chunk(b"IEND", b"")
    )
