"""Pixels between pixels: bilinear interpolation that gives the same numbers on every machine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_ONE = 2048
"""Shares of bytes are whole numbers of this many: 255 times its square fits 32 bits."""


@dataclass(frozen=True)
class Taps:
    """The two neighbours that each of N positions along an axis lies between, and how much of each it takes.

    Attributes:
        low, high: indices (N,) of neighbours.
        low_share, high_share: float64 (N,), from 0 to 1; 0 for a neighbour that lies outside.
    """

    low: np.ndarray
    high: np.ndarray
    low_share: np.ndarray
    high_share: np.ndarray

    def moved(self, by: int, length: int) -> Taps:
        """The same on an axis that begins elsewhere and has `length` pixels; what it doesn't have, has no
        share.
        """
        last = length - 1
        low, high = np.clip(self.low + by, 0, last), np.clip(self.high + by, 0, last)
        return Taps(low, high, self.low_share, self.high_share)


def seen(positions: np.ndarray, step: float, length: int) -> tuple[int, int]:
    """First pixel and end of what an axis of `length` pixels shows of positions (N,), `step` pixels apart,
    with the reach of `blurred_to_shrink` at either side; one pixel at least.
    """
    reach = int(np.ceil(max(step, 1.0))) + 1
    first = int(np.clip(np.floor(positions[0]) - reach, 0, length - 1))
    end = int(np.clip(np.floor(positions[-1]) + 2 + reach, first + 1, length))
    return first, end


def taps(positions: np.ndarray, length: int) -> Taps:
    """Of positions (N,) along an axis of `length` pixels, 0 at the centre of the first; outside is black."""
    low = np.floor(positions).astype(np.int64)
    share = positions - low
    inside = (low >= 0) & (low < length), (low >= -1) & (low < length - 1)
    clipped = np.clip(low, 0, length - 1), np.clip(low + 1, 0, length - 1)
    return Taps(*clipped, np.where(inside[0], 1.0 - share, 0.0), np.where(inside[1], share, 0.0))


def bilinear(pixels_hw: np.ndarray, across: Taps, down: Taps) -> np.ndarray:
    """Pixels (H, W), uint8 or float32, at every pair of a position across and one down: (down, across), of
    the same dtype.

    The same numbers on every machine and with every version of OpenCV, whose warpAffine rounded positions to
    1/32 pixel up to 4.14: bytes in whole numbers (shares of 1/2048, rounded to the nearest), float32 by
    single operations in a fixed order.
    """
    first, last = int(down.low.min()), int(down.high.max()) + 1
    rows_hw = pixels_hw[first:last]
    whole = pixels_hw.dtype == np.uint8
    kind, one = (np.int32, _ONE) if whole else (np.float32, 1.0)
    left, right = (_shares(share, kind, one) for share in (across.low_share, across.high_share))
    upper, lower = (_shares(share, kind, one)[:, None] for share in (down.low_share, down.high_share))
    lines_hw = rows_hw.take(across.low, axis=1) * left
    lines_hw += rows_hw.take(across.high, axis=1) * right
    found_hw = lines_hw.take(down.low - first, axis=0)
    found_hw *= upper
    more_hw = lines_hw.take(down.high - first, axis=0)
    more_hw *= lower
    found_hw += more_hw
    if not whole:
        return found_hw
    found_hw += _ONE * _ONE // 2
    found_hw >>= 2 * _ONE.bit_length() - 2
    return found_hw.astype(np.uint8)


def _shares(shares: np.ndarray, kind: type, one: float) -> np.ndarray:
    return (np.rint(shares * one) if kind is np.int32 else shares).astype(kind)
