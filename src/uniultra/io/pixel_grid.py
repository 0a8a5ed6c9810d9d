"""A frame with a ruler and a grid of pixels, from which the coordinates of prompts are read; its calibrated
regions are outlined.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw

from uniultra.io.annotations import zoom_for
from uniultra.io.overlay import GROUND, INK, PALETTE, Colour, Font, font_of
from uniultra.pixel_scale import Calibration, ScanRegion, same
from uniultra.types import Frame

LEAST_SIDE = 640
"""A smaller frame is shown enlarged by a whole number, so that its rulers can be read."""
LETTERS_A_STEP = 4
"""Heights of a letter that two labelled lines are apart at least."""

_GRID = (255, 255, 255)
_GRID_OPACITY = 0.22
_AXES = "pixels: x to the right, y down, 0 at the centre of the first pixel"


@dataclass(frozen=True)
class _Sheet:
    """Where the frame lies on its sheet.

    Attributes:
        zoom: sheet pixels for each pixel of the frame.
        left: sheet pixels before the frame.
        top: sheet pixels above it.
        font: of all that is written.
        size: its height in pixels.
        step: pixels of the frame between two labelled lines.
    """

    zoom: int
    left: int
    top: int
    font: Font
    size: int
    step: int

    def at(self, x: float, y: float) -> tuple[float, float]:
        """The sheet's pixel of a point of the frame."""
        return self.left + (x + 0.5) * self.zoom - 0.5, self.top + (y + 0.5) * self.zoom - 0.5


def draw_grid(frame: Frame) -> np.ndarray:
    """The frame between two rulers, with a line at each labelled pixel, and its regions in colours that the
    lines below explain.

    Frames whose longer side is below LEAST_SIDE are enlarged by a whole number, as `zoom_for` says. Returns
    uint8 RGB (H, W, 3).
    """
    legend = legend_of(frame)
    longer = max(frame.width, frame.height)
    zoom = zoom_for(frame.pixels_hw.shape, LEAST_SIDE)
    size = int(np.clip(round(longer * zoom / 55), 12, 48))
    font = font_of(size)
    left = round(font.getlength(str(frame.height))) + 2 * size
    sheet = _Sheet(zoom, left, 2 * size, font, size, step_of(LETTERS_A_STEP * size / zoom))
    canvas = _canvas(frame, sheet, [text for text, _ in legend])
    draw = ImageDraw.Draw(canvas)
    _draw_rulers(draw, sheet, frame)
    for i, region in enumerate(frame.calibration.regions):
        _outline(draw, sheet, frame, region, PALETTE[i % len(PALETTE)])
    y = sheet.top + frame.height * zoom + size
    for line, (text, colour) in enumerate(legend):
        draw.text((size, y + line * (size + size // 2)), text, fill=colour, font=font)
    return np.array(canvas)


def legend_of(frame: Frame) -> list[tuple[str, Colour]]:
    """The lines below the frame, each with its colour: its size, and the size of a pixel in every region, or
    why it has none.
    """
    lines = [(f"{frame.width} x {frame.height} {_AXES}", INK)]
    for i, region in enumerate(frame.calibration.regions):
        lines.append((f"{region.name}: {_region_scale(region)}", PALETTE[i % len(PALETTE)]))
    lines += [(text, INK) for text in _whole_frame_scale(frame.calibration)]
    return lines


def step_of(least: float) -> int:
    """The first of 1, 2 and 5 times a power of ten that is at least so large."""
    power = 10 ** max(int(np.floor(np.log10(least))), 0)
    return int(next(k * power for k in (1, 2, 5, 10) if k * power >= least))


def _region_scale(region: ScanRegion) -> str:
    x0, y0, x1, y1 = region.box_xyxy
    where = f"x {x0 + 0.5:g} to {x1 - 0.5:g}, y {y0 + 0.5:g} to {y1 - 0.5:g}, {region.what}"
    if region.spacing_mm_yx is None:
        return f"{where}; no lengths: {region.fault}"
    return f"{where}; {_mm(region.spacing_mm_yx)}"


def _whole_frame_scale(calibration: Calibration) -> list[str]:
    if calibration.regions:
        return []
    if calibration.fallbacks:
        name, spacing_mm_yx = calibration.fallbacks[0]
        return [f"{name}: {_mm(spacing_mm_yx)}"]
    return ["no calibration: sizes are in pixels"]


def _mm(spacing_mm_yx: tuple[float, float]) -> str:
    down, right = spacing_mm_yx
    if same((down, down), (right, right)):
        return f"{right:.4g} mm per pixel"
    return f"{right:.4g} mm per pixel across, {down:.4g} mm down"


def _canvas(frame: Frame, sheet: _Sheet, legend: Sequence[str]) -> Image.Image:
    """The frame with its grid, on a ground with room for the rulers and the legend."""
    pixels = cv2.resize(frame.pixels_hw, None, fx=sheet.zoom, fy=sheet.zoom, interpolation=cv2.INTER_NEAREST)
    rgb = np.repeat(pixels[..., None], 3, axis=2).astype(np.float32)
    for x in range(0, frame.width, sheet.step):
        _blend(rgb[:, _line(x, sheet.zoom)])
    for y in range(0, frame.height, sheet.step):
        _blend(rgb[_line(y, sheet.zoom)])
    written = max(round(sheet.font.getlength(text)) for text in legend) + 2 * sheet.size
    width = max(sheet.left + rgb.shape[1] + sheet.size, written)
    below = 2 * sheet.size + len(legend) * (sheet.size + sheet.size // 2)
    canvas = Image.new("RGB", (width, sheet.top + rgb.shape[0] + below), GROUND)
    canvas.paste(Image.fromarray(np.rint(rgb).astype(np.uint8)), (sheet.left, sheet.top))
    return canvas


def _line(at: int, zoom: int) -> slice:
    """The row or column of the enlarged frame that shows the centre of a pixel."""
    middle = at * zoom + zoom // 2
    return slice(middle, middle + 1)


def _blend(part: np.ndarray) -> None:
    part += _GRID_OPACITY * (np.array(_GRID, np.float32) - part)


def _draw_rulers(draw: ImageDraw.ImageDraw, sheet: _Sheet, frame: Frame) -> None:
    """Labelled ticks along the top and the left, with four short ones between two of them where there is
    room.
    """
    short = max(sheet.step // 5, 1)
    tick = sheet.size // 3
    for x in range(0, frame.width, short):
        at, _ = sheet.at(x, 0)
        long = x % sheet.step == 0
        draw.line((at, sheet.top - (2 if long else 1) * tick, at, sheet.top - 1), fill=INK)
        if long:
            draw.text((at, sheet.top - 2 * tick - 1), str(x), fill=INK, font=sheet.font, anchor="mb")
    for y in range(0, frame.height, short):
        _, at = sheet.at(0, y)
        long = y % sheet.step == 0
        draw.line((sheet.left - (2 if long else 1) * tick, at, sheet.left - 1, at), fill=INK)
        if long:
            draw.text((sheet.left - 3 * tick, at), str(y), fill=INK, font=sheet.font, anchor="rm")


def _outline(
    draw: ImageDraw.ImageDraw, sheet: _Sheet, frame: Frame, region: ScanRegion, colour: Colour
) -> None:
    """The region's outermost pixels, as far as they lie in the frame."""
    x0, y0, x1, y1 = region.box_xyxy
    left, top = max(x0 + 0.5, 0.0), max(y0 + 0.5, 0.0)
    right, bottom = min(x1 - 0.5, frame.width - 1.0), min(y1 - 0.5, frame.height - 1.0)
    if right >= left and bottom >= top:
        draw.rectangle(
            (*sheet.at(left, top), *sheet.at(right, bottom)), outline=colour, width=max(sheet.size // 8, 1)
        )
