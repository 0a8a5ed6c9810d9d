"""What is written on a picture of a result: prompts, calipers, labels beside their structures, a scale
bar.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from uniultra.io.overlay import PALETTE, Colour, Font, font_of, line_width, paint_masks, readable_on
from uniultra.parallel import cached_property
from uniultra.types import POSITIVE, Frame, Mask, Prompt, mask_box

LEAST_SIDE = 480
"""A frame whose longer side is smaller is enlarged by a whole number, so that text can be read on it."""
MOST_ENLARGED = 32
FONT_SHARE = 0.022
"""Height of letters as a share of the picture's mean side."""
LEAST_FONT, MOST_FONT = 12, 72
BAR_SHARE = 0.25
"""Of the width of the calibrated area, the longest that a scale bar may be."""

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in whole pixels of the picture, x1 and y1 excluded."""
_Point = tuple[float, float]

_LEAST_LABELLED_SIDE = 48
_WHITE = (255, 255, 255, 255)
_HALO = (0, 0, 0, 150)
_GROUND = (17, 19, 23, 190)
_INSIDE, _OUTSIDE = (0, 140, 70, 255), (200, 30, 30, 255)


def zoom_for(frame_hw: tuple[int, ...], least_side: int = LEAST_SIDE) -> int:
    """How many times as large a frame is drawn, so that its longer side is at least so long."""
    return int(np.clip(-(-least_side // max(frame_hw)), 1, MOST_ENLARGED))


@dataclass(frozen=True)
class Annotations:
    """A picture that is written on.

    Attributes:
        image: RGB; drawn on in place.
        zoom: pixels of the picture for each pixel of the frame.
        taken: where something stands already that no label may cover.
        lines: from point to point of the picture, which labels lie on only where there is no other place.
    """

    image: Image.Image
    zoom: int
    taken: list[Box] = field(default_factory=list)
    lines: list[tuple[_Point, _Point]] = field(default_factory=list)

    @cached_property
    def size(self) -> int:
        """Height of letters, px."""
        mean_side = math.sqrt(self.image.width * self.image.height)
        return int(np.clip(round(FONT_SHARE * mean_side), LEAST_FONT, MOST_FONT))

    @cached_property
    def font(self) -> Font:
        return font_of(self.size)

    @cached_property
    def width(self) -> int:
        """Of thin lines, px."""
        return max(1, round(line_width((self.image.height, self.image.width))))

    @cached_property
    def pen(self) -> ImageDraw.ImageDraw:
        """Blends colours by their fourth number."""
        return ImageDraw.Draw(self.image, "RGBA")

    def at(self, point: Sequence[float]) -> _Point:
        """The picture's pixel of a point (x, y) of the frame."""
        return (point[0] + 0.5) * self.zoom - 0.5, (point[1] + 0.5) * self.zoom - 0.5

    def draw_prompt(self, prompt: Prompt) -> None:
        """A box as a dashed rectangle; points as white dots with a green plus (inside) or a red minus
        (outside).
        """
        if prompt.box_xyxy is not None:
            left, top = self.at(prompt.box_xyxy[:2])
            right, bottom = self.at(prompt.box_xyxy[2:])
            corners = ((left, top), (right, top), (right, bottom), (left, bottom), (left, top))
            for start, end in pairwise(corners):
                self._dashed(start, end, self.size * 0.6)
        for point, label in zip(prompt.points_xy, prompt.point_labels, strict=True):
            self._dot(self.at(point), label == POSITIVE)

    def draw_caliper(self, ends_xy: tuple[_Point, _Point], colour: Colour = _WHITE[:3]) -> None:
        """A dotted line between two crosses, as scanners draw it."""
        start, end = (self.at(point) for point in ends_xy)
        self._dashed(start, end, 3.0 * self.width, colour)
        arm = 0.4 * self.size
        for x, y in (start, end):
            self._line((x - arm, y), (x + arm, y), colour)
            self._line((x, y - arm), (x, y + arm), colour)

    def keep_caliper(self, ends_xy: tuple[_Point, _Point]) -> None:
        """No label covers its crosses, nor its line where there is another place."""
        start, end = (self.at(point) for point in ends_xy)
        self.lines.append((start, end))
        self.taken.extend((self._cross(start), self._cross(end)))

    def _cross(self, at: _Point) -> Box:
        reach = 0.4 * self.size + self.width
        x0, y0, x1, y1 = (math.floor(edge) for edge in (*np.subtract(at, reach), *np.add(at, reach)))
        return x0, y0, x1 + 1, y1 + 1

    def draw_length(
        self, ends_xy: tuple[_Point, _Point], text: str, place_by: tuple[Colour, np.ndarray]
    ) -> None:
        """What a caliper says, beside one of its ends, in a colour; `place_by` holds that and all structures
        as in `draw_label`.
        """
        colour, objects_hw = place_by
        pad = max(self.size // 3, 2)
        start, end = (self._cross(self.at(point)) for point in ends_xy)
        size = round(self.font.getlength(text)) + 2 * pad, self.size + 2 * pad
        x0, y0, x1, y1 = box = self._place(size, (end, start), objects_hw)
        self.taken.append(box)
        self.pen.rounded_rectangle((x0, y0, x1 - 1, y1 - 1), radius=pad, fill=_GROUND)
        self.pen.text((x0 + pad, (y0 + y1 - 1) / 2), text, fill=(*colour, 255), font=self.font, anchor="lm")

    def draw_scale_bar(self, area_xyxy: Sequence[float], spacing_mm_yx: tuple[float, float]) -> None:
        """A bar of a round number of millimetres at the bottom right of an area, which is given by its outer
        edges in the frame.

        Where pixels are not square there is one down as well. An area too small for it gets none.
        """
        (left, top), (right, bottom) = self.at(area_xyxy[:2]), self.at(area_xyxy[2:])
        down, across = (mm / self.zoom for mm in spacing_mm_yx)
        length_mm = round_length(BAR_SHARE * (right - left) * across)
        text = f"{length_mm:g} mm"
        length, gap = length_mm / across, 0.8 * self.size
        written = self.font.getlength(text)
        if max(length, written) + 2 * gap > right - left or 4 * gap > bottom - top:
            return
        x, y = right - gap - max(0.0, (written - length) / 2), bottom - gap
        self._line((x - length, y), (x, y))
        for end in (x - length, x):
            self._line((end, y - 0.25 * self.size), (end, y + 0.25 * self.size))
        if abs(down - across) > 0.005 * across:
            self._line((x - length, y - length_mm / down), (x - length, y))
        self._text((x - length / 2, y - 0.4 * self.size), text, "mb")
        reach = max(length, written) / 2
        middle = x - length / 2
        self.taken.append(
            (int(middle - reach), int(y - 1.5 * self.size), int(middle + reach) + 1, int(y + 0.4 * self.size))
        )

    def draw_label(
        self, number: int, lines: Sequence[str], colour: Colour, place_by: tuple[Box, np.ndarray]
    ) -> None:
        """A structure's number on its colour, and lines of text beside it, where it covers as little as can
        be.

        Args:
            place_by: the structure's box in the picture, and all structures at the frame's size, bool (H, W).
        """
        pad = max(self.size // 3, 2)
        chip = max(round(self.font.getlength(str(number))) + 2 * pad, self.size + pad)
        text = max((round(self.font.getlength(line)) for line in lines), default=-2 * pad) + 2 * pad
        height = max(len(lines), 1) * (self.size + pad) + pad
        x0, y0, x1, y1 = box = self._place((chip + text, height), place_by[:1], place_by[1])
        self.taken.append(box)
        if lines:
            self.pen.rounded_rectangle((x0, y0, x1 - 1, y1 - 1), radius=pad, fill=_GROUND)
        self.pen.rounded_rectangle((x0, y0, x0 + chip - 1, y1 - 1), radius=pad, fill=(*colour, 255))
        middle = ((2 * x0 + chip - 1) / 2, (y0 + y1 - 1) / 2)
        self.pen.text(middle, str(number), fill=(*readable_on(colour), 255), font=self.font, anchor="mm")
        for i, line in enumerate(lines):
            at = (x0 + chip + pad, y0 + pad + i * (self.size + pad) + self.size / 2)
            self.pen.text(at, line, fill=_WHITE, font=self.font, anchor="lm")

    def _place(self, label_wh: tuple[int, int], boxes: Sequence[Box], objects_hw: np.ndarray) -> Box:
        """The place that covers the fewest labels and crosses, then the fewest lines, then the fewest pixels
        of structures, nearest to the first of some boxes.
        """
        width, height = self.image.size

        def cost(label: Box) -> tuple[int, int, int]:
            x0, y0, x1, y1 = (edge // self.zoom for edge in label)
            covered = int(np.count_nonzero(objects_hw[y0 : y1 + 1, x0 : x1 + 1]))
            crossed = sum(lies_on(label, *line) for line in self.lines)
            return sum(overlap(label, other) for other in self.taken), crossed, covered

        places = [
            _shifted_in(xy, label_wh, (width, height)) for xy in _places(label_wh, boxes, (width, height))
        ]
        return min(places, key=cost)

    def _dot(self, centre: _Point, inside: bool) -> None:
        radius, arm = 0.5 * self.size, 0.25 * self.size
        self.pen.circle(centre, radius + self.width, fill=_HALO)
        self.pen.circle(centre, radius, fill=_WHITE)
        self.pen.circle(centre, radius - self.width, fill=_INSIDE if inside else _OUTSIDE)
        x, y = centre
        self.pen.line((x - arm, y, x + arm, y), fill=_WHITE, width=self.width)
        if inside:
            self.pen.line((x, y - arm, x, y + arm), fill=_WHITE, width=self.width)

    def _line(self, start: _Point, end: _Point, colour: Colour = _WHITE[:3]) -> None:
        self.pen.line((*start, *end), fill=_HALO, width=self.width + 2)
        self.pen.line((*start, *end), fill=(*colour, 255), width=self.width)

    def _dashed(self, start: _Point, end: _Point, dash: float, colour: Colour = _WHITE[:3]) -> None:
        """Dashes of about `dash` pixels, with gaps as long; one at either end."""
        length = math.dist(start, end)
        pieces = 2 * max(round(length / dash / 2), 1) - 1
        ways = np.linspace(start, end, pieces + 1)
        self.pen.line((*start, *end), fill=_HALO, width=self.width)
        for i in range(0, pieces, 2):
            piece = (*map(float, ways[i]), *map(float, ways[i + 1]))
            self.pen.line(piece, fill=(*colour, 255), width=self.width)

    def _text(self, at: _Point, text: str, anchor: str) -> None:
        self.pen.text(
            at, text, fill=_WHITE, font=self.font, anchor=anchor, stroke_width=1, stroke_fill=(0, 0, 0, 255)
        )


def draw_overlay(frame: Frame, masks: Sequence[Mask], prompts: Sequence[Prompt] = ()) -> np.ndarray:
    """The frame with each mask as a translucent fill and a contour, its prompts, and each mask's number
    (1..N, as in `ids_of`).

    Returns a new uint8 RGB array (H, W, 3). Frames under 48 pixels a side get no numbers, which would hide
    the picture.
    """
    canvas = Annotations(Image.fromarray(paint_masks(frame, masks)), 1)
    for prompt in prompts:
        canvas.draw_prompt(prompt)
    objects_hw = np.logical_or.reduce([np.zeros_like(frame.pixels_hw, bool), *(m.mask_hw for m in masks)])
    boxes = [mask_box(mask.mask_hw) for mask in masks]
    for number, box in enumerate(boxes if min(objects_hw.shape) >= _LEAST_LABELLED_SIDE else ()):
        if box is not None:
            x0, y0, x1, y1 = (round(edge + 0.5) for edge in box)
            colour = PALETTE[number % len(PALETTE)]
            canvas.draw_label(number + 1, (), colour, ((x0, y0, x1, y1), objects_hw))
    return np.array(canvas.image)


def round_length(most: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten up to `most`, which is above 0."""
    power = 10.0 ** math.floor(math.log10(most))
    return max(k * power for k in (1, 2, 5) if k == 1 or k * power <= most)


def overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def lies_on(box: Box, start: _Point, end: _Point) -> bool:
    """Whether a box has a part of the line from one point to another."""
    points = np.linspace(start, end, max(int(math.dist(start, end)), 1) + 1)
    return bool(((points >= box[:2]) & (points < box[2:])).all(1).any())


def _places(label_wh: tuple[int, int], boxes: Sequence[Box], picture_wh: tuple[int, int]) -> Iterator[_Point]:
    """Top-left corners of a label: above a box, below, right, left, at its corners; then in the picture's
    corners, and within the first box.
    """
    w, h = label_wh
    gap = 4.0
    for x0, y0, x1, y1 in boxes:
        yield from ((x0, y0 - h - gap), (x0, y1 + gap), (x1 + gap, y0), (x0 - w - gap, y0))
        yield from ((x1 - w, y0 - h - gap), (x1 - w, y1 + gap), (x1 + gap, y1 - h), (x0 - w - gap, y1 - h))
    x0, y0, x1, y1 = boxes[0]
    right, bottom = picture_wh[0] - w - gap, picture_wh[1] - h - gap
    yield from ((gap, gap), (right, gap), (gap, bottom), (right, bottom))
    yield from ((x0, y0), (x1 - w, y0), (x0, y1 - h), (x1 - w, y1 - h))


def _shifted_in(xy: _Point, label_wh: tuple[int, int], picture_wh: tuple[int, int]) -> Box:
    x, y = (
        int(np.clip(round(v), 1, max(side - length - 1, 1)))
        for v, length, side in zip(xy, label_wh, picture_wh, strict=True)
    )
    return x, y, x + label_wh[0], y + label_wh[1]
