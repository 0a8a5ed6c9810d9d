"""Results as pictures: masks drawn on their frame."""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Collection, Sequence

import cv2
import numpy as np
from PIL import ImageFont

from uniultra.types import Frame, Mask, mask_box

PALETTE: tuple[tuple[int, int, int], ...] = (
    (86, 180, 233),
    (230, 159, 0),
    (0, 158, 115),
    (240, 228, 66),
    (204, 121, 167),
    (213, 94, 0),
    (0, 114, 178),
)
"""RGB, one a mask in turn; the colour-blind-safe colours of Okabe and Ito, "Color Universal Design" (2008),
dark blue last.
"""

FILL_OPACITY = 0.25
HALO_OPACITY = 0.35
GROUND, INK = (17, 19, 23), (236, 239, 243)
"""Of sheets, and what is written on them."""
DASH = 7.0
"""Dashes of a contour, and the gaps between them, in widths of its line."""
_MARGIN = 4

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in whole pixels, x1 and y1 excluded."""


Colour = tuple[int, int, int]
"""RGB, 0 to 255."""


def paint_masks(
    frame: Frame,
    masks: Sequence[Mask],
    zoom: int = 1,
    dashed: Collection[int] = (),
    colours: Sequence[Colour] = (),
) -> np.ndarray:
    """The frame, `zoom` times as large, with each mask as a translucent fill and a contour, dashed for those
    whose places in `masks` are in `dashed`, in `colours` or the palette's; uint8 RGB (H, W, 3).
    """
    colours = colours or [PALETTE[number % len(PALETTE)] for number in range(len(masks))]
    pixels = frame.pixels_hw
    if zoom > 1:
        pixels = cv2.resize(pixels, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    picture = cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)
    width_px = line_width(picture.shape)
    margin = max(_MARGIN, math.ceil(width_px) + 2, 2 * zoom)
    boxes = [_surroundings(mask.mask_hw, -(-margin // zoom)) for mask in masks]
    if not any(boxes):
        return picture
    x0, y0, x1, y1 = zip(*(box for box in boxes if box is not None), strict=True)
    painted = min(x0), min(y0), max(x1), max(y1)
    rows, columns = _zoomed(painted, zoom)
    canvas = np.stack([pixels[rows, columns].astype(np.float32)] * 3)  # beyond it nothing is painted
    for number, (mask, box, colour) in enumerate(zip(masks, boxes, colours, strict=True)):
        assert mask.mask_hw.shape == frame.pixels_hw.shape, (
            f"mask {mask.mask_hw.shape} on a frame {frame.pixels_hw.shape}"
        )
        if box is not None:
            inside_hw = mask.mask_hw[_zoomed(box)].repeat(zoom, axis=0).repeat(zoom, axis=1)
            distance_hw = _edge_distance(inside_hw, margin, 0.9 * zoom)
            part = canvas[:, *_zoomed(box, zoom, painted[:2])]
            gaps_hw = _gaps(inside_hw, width_px) if number in dashed else None
            _paint(part, inside_hw, distance_hw, colour, width_px, gaps_hw)
    picture[rows, columns] = np.moveaxis(np.rint(canvas), 0, 2)
    return picture


def line_width(picture_hw: tuple[int, ...]) -> float:
    """Contour width, px: 1 on small pictures, 2 from 600 px a side on, and a 700th of the shorter side on
    very large ones.
    """
    side = min(picture_hw[:2])
    return max(float(np.clip(side / 300.0, 1.0, 2.0)), side / 700.0)


def _paint(
    part: np.ndarray,
    inside_hw: np.ndarray,
    distance_hw: np.ndarray,
    colour: Colour,
    width_px: float,
    gaps_hw: np.ndarray | None,
) -> None:
    """Blends one mask into `part`, float32 (3, H, W), in place: its fill, a dark halo, its contour but for
    gaps.
    """
    ink, drawn = np.array(colour, dtype=np.float32), 1.0 if gaps_hw is None else ~gaps_hw
    _blend(part, ink, FILL_OPACITY * inside_hw)
    _blend(part, np.zeros(3, dtype=np.float32), HALO_OPACITY * _line(distance_hw, width_px + 2.0) * drawn)
    _blend(part, ink, _line(distance_hw, width_px) * drawn)


def _gaps(inside_hw: np.ndarray, width_px: float) -> np.ndarray:
    """Where the line around a mask is left out, so that it is one of dashes, bool (H, W)."""
    gaps_hw, reach = np.zeros(inside_hw.shape, np.uint8), math.ceil(width_px) + 2
    outlines, _ = cv2.findContours(inside_hw.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    for outline in outlines:
        points = outline[:, 0]
        steps = np.linalg.norm(np.diff(points, axis=0, append=points[:1]), axis=1)
        pieces = max(2 * round(float(steps.sum()) / (DASH * width_px) / 2), 2)
        place = (np.cumsum(steps) - steps) / max(float(steps.sum()), 1.0) * pieces
        gaps_hw[tuple(points[place.astype(np.intp) % 2 == 1].T[::-1])] = 1
    return cv2.dilate(gaps_hw, np.ones((reach, reach), np.uint8)) > 0


def _zoomed(box: _Box, zoom: int = 1, origin_xy: tuple[int, int] = (0, 0)) -> tuple[slice, slice]:
    """The rows and columns of a box in an array that begins at `origin_xy`, enlarged."""
    (x0, y0, x1, y1), (x, y) = box, origin_xy
    return slice(zoom * (y0 - y), zoom * (y1 - y)), slice(zoom * (x0 - x), zoom * (x1 - x))


def _surroundings(mask_hw: np.ndarray, margin: int) -> _Box | None:
    """The mask's tight box with a margin, cut to the frame; None where it is empty."""
    box = mask_box(mask_hw)
    if box is None:
        return None
    height, width = mask_hw.shape
    x0, y0, x1, y1 = (round(edge + 0.5) for edge in box)
    return max(x0 - margin, 0), max(y0 - margin, 0), min(x1 + margin, width), min(y1 + margin, height)


def _edge_distance(inside_hw: np.ndarray, margin: int, sigma: float) -> np.ndarray:
    """Signed distance to the mask's edge in px, positive inside, float32 (H, W); smoothed, so that contours
    don't show stairs.

    An object that meets the frame's border is outlined there too, and what is a pixel thin isn't smoothed
    away.
    """
    padded = np.pad(inside_hw, margin).astype(np.uint8)
    inward = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_5)
    outward = cv2.distanceTransform(1 - padded, cv2.DIST_L2, cv2.DIST_MASK_5)
    signed = np.where(padded > 0, inward - 0.5, 0.5 - outward).astype(np.float32)
    smooth = cv2.GaussianBlur(signed, (0, 0), sigma)
    kept = np.where(padded > 0, np.maximum(smooth, 0.0), smooth)
    return kept[margin:-margin, margin:-margin]


def _line(distance_hw: np.ndarray, width_px: float) -> np.ndarray:
    """Coverage, 0 to 1, of an antialiased line of `width_px` through the centres of the mask's outermost
    pixels.
    """
    return np.clip(0.5 * width_px + 0.5 - np.abs(distance_hw - 0.5), 0.0, 1.0)


def _blend(part: np.ndarray, ink: np.ndarray, opacity_hw: np.ndarray) -> None:
    part += opacity_hw.astype(np.float32) * (ink[:, None, None] - part)


def font_of(size: int) -> Font:
    """Pillow's own font with letters `size` px high; decoded once a thread, as FreeType has no locks."""
    return _font(size, threading.get_ident())


@functools.lru_cache(maxsize=64)
def _font(size: int, thread: int) -> Font:
    return ImageFont.load_default(size)


def readable_on(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """Black or white, whichever stands out from `colour` (luma of ITU-R 601)."""
    red, green, blue = colour
    return (0, 0, 0) if 0.299 * red + 0.587 * green + 0.114 * blue > 110 else (255, 255, 255)
