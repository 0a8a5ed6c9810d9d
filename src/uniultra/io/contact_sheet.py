"""Sheets of pictures with captions."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw

from uniultra.io.overlay import GROUND, INK, Font, font_of

_DETAIL = (152, 160, 172)
_GAP = 14
_CAPTION_SIZE = 15
_STAND_INS = str.maketrans(
    {"×": "x", "–": "-", "—": "-", "≥": ">=", "≤": "<=", "→": "->", "µ": "u", "ß": "ss"}
)
"""For characters that Pillow's own font lacks; accents and superscripts are taken off by `drawable`."""


def contact_sheet(
    tiles: Sequence[np.ndarray], captions: Sequence[str], columns: int, tile_hw: tuple[int, int] = (270, 360)
) -> np.ndarray:
    """Pictures in rows of `columns`, each fitted into a tile of `tile_hw` pixels on a dark ground, its
    caption below.

    The first line of a caption is bright and the others are dimmer; lines too long for the tile end in "...".

    Args:
        tiles: uint8 RGB (H, W, 3), of any sizes.
        captions: one per tile; may be empty.

    Returns:
        uint8 RGB (H, W, 3).
    """
    assert tiles and len(tiles) == len(captions) and columns >= 1, (
        f"{len(tiles)} tiles, {len(captions)} captions, {columns} columns"
    )
    height, width = tile_hw
    font = font_of(_CAPTION_SIZE)
    line_px = _CAPTION_SIZE + 5
    pitch_y = height + line_px * max(caption.count("\n") + 1 for caption in captions) + 2 * _GAP
    rows, columns = -(-len(tiles) // columns), min(columns, len(tiles))
    sheet = Image.new("RGB", (columns * (width + _GAP) + _GAP, rows * pitch_y + _GAP), GROUND)
    for i, (tile, caption) in enumerate(zip(tiles, captions, strict=True)):
        x, y = _GAP + i % columns * (width + _GAP), _GAP + i // columns * pitch_y
        sheet.paste(_letterboxed(tile, tile_hw), (x, y))
        for line_number, line in enumerate(drawable(caption).split("\n")):
            at = x, y + height + _GAP // 2 + line_number * line_px
            ink = _DETAIL if line_number else INK
            ImageDraw.Draw(sheet).text(at, _shortened(line, width, font), fill=ink, font=font)
    return np.array(sheet)


def _letterboxed(tile: np.ndarray, tile_hw: tuple[int, int]) -> Image.Image:
    """The picture at the largest size that fits, centred on the ground."""
    (height, width), (h, w) = tile_hw, tile.shape[:2]
    scale = min(height / h, width / w)
    fitted_wh = (max(round(w * scale), 1), max(round(h * scale), 1))
    fitted = cv2.resize(tile, fitted_wh, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    box = Image.new("RGB", (width, height), "black")
    box.paste(Image.fromarray(fitted), ((width - fitted_wh[0]) // 2, (height - fitted_wh[1]) // 2))
    return box


def drawable(text: str) -> str:
    """The text in characters that Pillow's own font has, as far as it is Latin."""
    parts = unicodedata.normalize("NFKD", text.translate(_STAND_INS))
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


def _shortened(line: str, width: int, font: Font) -> str:
    if font.getlength(line) <= width:
        return line
    while line and font.getlength(line + "...") > width:
        line = line[:-1]
    return line + "..."
