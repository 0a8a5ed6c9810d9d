"""A data set as a picture: some of its images with their masks, for whoever made them to look at."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from uniultra.data.loading import read_row
from uniultra.data.manifest import SPLITS, Row
from uniultra.io.contact_sheet import contact_sheet
from uniultra.io.overlay import PALETTE, paint_masks
from uniultra.types import Mask

MOST, COLUMNS = 20, 5
TILE_HW = (216, 288)


def draw_rows(rows: Sequence[Row], most: int = MOST) -> np.ndarray:
    """Up to `most` rows, evenly spaced within the splits in their order, uint8 RGB (H, W, 3). An id has one
    colour on all of them.

    Raises:
        RowError: a row's files can't be used.
    """
    ordered = sorted(rows, key=lambda row: SPLITS.index(row.split))
    places = np.unique(np.linspace(0, len(ordered) - 1, min(most, len(ordered))).round().astype(int))
    tiles, captions = zip(*(_tile(ordered[place]) for place in places), strict=True)
    return contact_sheet(tiles, captions, COLUMNS, TILE_HW)


def _tile(row: Row) -> tuple[np.ndarray, str]:
    """A small picture of an image with its masks, and its caption."""
    frame, ids_hw = read_row(row)
    ids = [int(each) for each in np.unique(ids_hw) if each]
    masks = [_mask(ids_hw == each) for each in ids]
    picture = paint_masks(frame, masks, colours=[PALETTE[(each - 1) % len(PALETTE)] for each in ids])
    shrink = min(1.0, TILE_HW[0] / frame.height, TILE_HW[1] / frame.width)
    if shrink < 1.0:
        size_wh = max(round(frame.width * shrink), 1), max(round(frame.height * shrink), 1)
        picture = cv2.resize(picture, size_wh, interpolation=cv2.INTER_AREA)
    held = ", ".join(map(str, ids[:8])) + (", ..." if len(ids) > 8 else "")
    noun = "id" if len(ids) == 1 else "ids"
    named = f"{noun} {held}" if ids else "empty mask"
    return np.asarray(picture), f"{row.id}\n{row.split}, {row.organ}: {named}"


def _mask(mask_hw: np.ndarray) -> Mask:
    return Mask(mask_hw, np.where(mask_hw, 1.0, -1.0).astype(np.float32), 1.0)
