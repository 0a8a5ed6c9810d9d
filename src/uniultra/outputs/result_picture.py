"""A frame's result as a picture: masks, prompts, calipers, and beside each structure its number, quality and
diameters.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

from uniultra.io.annotations import Annotations, zoom_for
from uniultra.io.overlay import PALETTE, Colour, paint_masks
from uniultra.measure import Measurement
from uniultra.pixel_scale import same
from uniultra.results import FrameResult, ObjectResult

MOST_DESCRIBED = 12
"""Where more structures were found, labels are numbers alone, and no calipers are drawn."""
MOST_OF_NAME = 28
"""Characters of a name that are drawn."""
DRAWN_CALIPER = (255, 224, 102)
"""What a person measured, as on the page; the diameters of structures are white."""
LEAST_CALIPER_PX = 16
"""Shorter ones, in pixels of the picture, would hide what they measure."""

_Area = tuple[float, float, float, float]


def draw_result(result: FrameResult) -> np.ndarray:
    """The frame with its masks and all that is said of them, enlarged where it is small
    (`annotations.LEAST_SIDE`).

    Returns:
        uint8 RGB (zoom H, zoom W, 3).
    """
    frame = result.frame
    zoom = zoom_for((frame.height, frame.width))
    unsure = [place for place, one in enumerate(result.objects) if one.status == "unsure"]
    colours = [colour_of(one) for one in result.objects]
    painted = paint_masks(frame, result.masks, zoom, unsure, colours)
    canvas = Annotations(Image.fromarray(painted), zoom)
    found = [one for one in result.objects if one.mask.box_xyxy is not None]
    for one in result.objects:
        if one.prompt is not None:
            canvas.draw_prompt(one.prompt)
    described = len(found) <= MOST_DESCRIBED
    for one in found if described else ():
        _draw_calipers(canvas, one)
    for caliper in result.calipers:
        canvas.draw_caliper(caliper.ends_xy, DRAWN_CALIPER)
        canvas.keep_caliper(caliper.ends_xy)
    for area, spacing_mm_yx in _scales(result, found):
        canvas.draw_scale_bar(area, spacing_mm_yx)
    _draw_lost(canvas, result)
    objects_hw = np.zeros((frame.height, frame.width), bool)
    for one in found:
        objects_hw |= one.mask.mask_hw
    for one in found:
        x0, y0, x1, y1 = (round((edge + 0.5) * zoom) for edge in one.mask.box_xyxy or ())
        lines = _lines(one) if described else []
        canvas.draw_label(one.number, lines, colour_of(one), ((x0, y0, x1, y1), objects_hw))
    for caliper in result.calipers:
        canvas.draw_length(caliper.ends_xy, length_text(caliper.length), (DRAWN_CALIPER, objects_hw))
    return np.array(canvas.image)


def colour_of(one: ObjectResult) -> Colour:
    """What a structure is drawn in."""
    return one.colour_rgb or PALETTE[(one.number - 1) % len(PALETTE)]


def _draw_lost(canvas: Annotations, result: FrameResult) -> None:
    """Tracked structures that this frame doesn't show: a label each, below one another from the top left."""
    nothing_hw, below = np.zeros((result.frame.height, result.frame.width), bool), 0
    for one in result.objects:
        if one.status in ("lost", "absent"):
            lines = [f"{_short(one.name)}: {one.status}" if one.name else one.status]
            canvas.draw_label(one.number, lines, colour_of(one), ((0, below, 0, below), nothing_hw))
            below = canvas.taken[-1][3]


def _lines(one: ObjectResult) -> list[str]:
    """What it is called, how sure the model is, and both diameters."""
    about = [] if one.quality is None else [f"quality {one.quality:.2f}"]
    about += ["unsure"] * (one.status == "unsure")
    lines = [*([_short(one.name)] if one.name else []), *([", ".join(about)] if about else [])]
    shape = one.measured.shape
    if shape is not None:
        long, short = shape.long_diameter.length, shape.short_diameter.length
        digits = 0 if long.unit == "px" else 1
        lines.append(f"{long.value:.{digits}f} x {short.value:.{digits}f} {long.unit}")
    return lines


def length_text(length: Measurement) -> str:
    """A length as pictures say it."""
    return f"{length.value:.{0 if length.unit == 'px' else 1}f} {length.unit}"


def _short(name: str) -> str:
    return name if len(name) <= MOST_OF_NAME else f"{name[: MOST_OF_NAME - 3]}..."


def _draw_calipers(canvas: Annotations, one: ObjectResult) -> None:
    shape = one.measured.shape
    for caliper in () if shape is None else (shape.long_diameter, shape.short_diameter):
        (x0, y0), (x1, y1) = caliper.ends_xy
        if canvas.zoom * max(abs(x1 - x0), abs(y1 - y0)) >= LEAST_CALIPER_PX:
            canvas.draw_caliper(caliper.ends_xy)


def _scales(result: FrameResult, found: list[ObjectResult]) -> Iterator[tuple[_Area, tuple[float, float]]]:
    """Each scale that holds for a structure, once, and the area in which its bar stands: its region, or the
    frame.
    """
    drawn: list[tuple[float, float]] = []
    known = [*(one.scale for one in found), *(one.scale for one in result.calipers)]
    whole = (-0.5, -0.5, result.frame.width - 0.5, result.frame.height - 0.5)
    regions = {region.name: region.box_xyxy for region in result.frame.calibration.regions}
    for scale in known:
        spacing = scale.spacing_mm_yx
        if spacing is not None and not any(same(spacing, other) for other in drawn):
            drawn.append(spacing)
            x0, y0, x1, y1 = regions.get(scale.source, whole)
            yield (max(x0, -0.5), max(y0, -0.5), min(x1, whole[2]), min(y1, whole[3])), spacing
