"""Pixels that callers have as arrays, as the grey values of a frame."""

from __future__ import annotations

from typing import Any

import numpy as np

from uniultra.arguments import described
from uniultra.errors import FileError

LUMA = (299, 587, 114)
"""Thousandths of red, green and blue in grey (ITU-R 601), as images in files become grey."""


def grey_pixels(pixels: Any, black: float | None = None, white: float | None = None) -> np.ndarray:
    """uint8 (height, width), 0 black to 255 white.

    Args:
        pixels: uint8 grey (height, width) or RGB (height, width, 3), as they are; other numbers of these
            shapes with `black` and `white`.
        black, white: the values that become 0 and 255; what lies beyond is cut.

    Raises FileError for pixels of another type or shape, that aren't finite, or of which nobody says what is
    black and white.
    """
    values = _numbers(pixels)
    if (black is None) != (white is None) or (black is not None and white is not None and not black < white):
        raise FileError(f"black is {black} and white {white}; give both, black below white, or neither")
    if black is None or white is None:
        if values.dtype != np.uint8:
            raise FileError(
                f"the pixels are {described(values)} from {values.min():g} to {values.max():g}; say which "
                "values are black and white, as in black=0, white=1"
            )
    else:
        values = spread(values, black, white)
    return values if values.ndim == 2 else _luma(values)


def spread(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """uint8, `low` as 0 and `high` as 255, cut at both; all 0 where they are the same."""
    if high <= low:
        return np.zeros(values.shape, np.uint8)
    share = (values.astype(np.float64) - low) / (high - low)
    return np.rint(255.0 * np.clip(share, 0.0, 1.0)).astype(np.uint8)


def _numbers(pixels: Any) -> np.ndarray:
    shaped = isinstance(pixels, np.ndarray) and (pixels.ndim == 2 or pixels.shape[2:] == (3,))
    if not shaped or not pixels.size or pixels.dtype.kind not in "uif":
        raise FileError(
            f"the pixels are {described(pixels)}; a frame takes an array of numbers, grey (height, width) or "
            "RGB (height, width, 3), of at least 1 x 1"
        )
    if not np.isfinite(pixels).all():
        raise FileError("some pixels are NaN or infinite; legal are finite numbers; replace them")
    return np.asarray(pixels)


def _luma(rgb: np.ndarray) -> np.ndarray:
    return np.asarray((rgb.astype(np.uint32) @ np.array(LUMA, np.uint32) + 500) // 1000).astype(np.uint8)
