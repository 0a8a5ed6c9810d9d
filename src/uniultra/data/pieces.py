"""Ids of a mask that lie in several separate pieces: one structure, or several that were given one id."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from uniultra.errors import FileError

SMALLEST_OBJECT = 30
"""Specks below this many pixels are slips of an annotator's pen, not objects."""
MOST_IDS = 255
_SLIP = 0.05
"""Of the largest piece: what is smaller may be a slip, too, and is no reason to speak of pieces."""


def pieces_of(mask_hw: np.ndarray) -> Iterator[np.ndarray]:
    """The connected pieces of a mask as bool masks (H, W), specks too; pixels that touch at a corner are
    connected.
    """
    count, numbers = cv2.connectedComponents(mask_hw.astype(np.uint8), connectivity=8)
    for number in range(1, count):
        yield numbers == number


def in_pieces(ids_hw: np.ndarray) -> bool:
    """Whether an id of a mask, uint8 (H, W), has a second piece that is no slip."""
    for value in np.unique(ids_hw):
        if value:
            _, _, stats, _ = cv2.connectedComponentsWithStats(
                (ids_hw == value).astype(np.uint8), connectivity=8
            )
            sizes = sorted(stats[1:, cv2.CC_STAT_AREA])
            if len(sizes) > 1 and sizes[-2] >= max(SMALLEST_OBJECT, _SLIP * sizes[-1]):
                return True
    return False


def separated(ids_hw: np.ndarray) -> np.ndarray:
    """The same mask with an id for each piece, uint8 (H, W), those of the first id first; specks are dropped.

    Raises:
        FileError: more pieces than ids.
    """
    found = [
        piece
        for value in np.unique(ids_hw)
        if value
        for piece in pieces_of(ids_hw == value)
        if np.count_nonzero(piece) >= SMALLEST_OBJECT
    ]
    if len(found) > MOST_IDS:
        raise FileError(
            f"its mask has {len(found)} separate pieces, and holds up to {MOST_IDS} ids; leave out --pieces"
        )
    apart_hw = np.zeros(ids_hw.shape, np.uint8)
    for number, piece in enumerate(found, start=1):
        apart_hw[piece] = number
    return apart_hw
