"""The one map between source pixels and model pixels. Everything that crosses between them goes through
`ModelMap`.

Both systems put 0 at the centre of the first pixel. A region of the frame is stretched onto the model's
square input, as SAM 2 does; a square region therefore keeps its proportions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from uniultra.box_fit import CORNER_LABELS
from uniultra.named import labels_of_name
from uniultra.pixel_scale import Box, Calibration, Scale
from uniultra.taps import bilinear, seen, taps
from uniultra.types import POSITIVE, Embedding, Features, Frame, Prompt, Region, mask_box

EVEN = 2
"""Pixels whose grey values differ by at most this much, of 255, show nothing: no eye tells them apart."""
OUTSIDE_LOGIT = -20.0
"""Logit given to pixels that an embedding's region doesn't cover: background, without doubt."""


def whole(frame_hw: tuple[int, int]) -> Region:
    """The region that covers a frame of (height, width) exactly."""
    height, width = frame_hw
    return Region(-0.5, -0.5, width - 0.5, height - 0.5)


def region_around(
    box_xyxy: tuple[float, float, float, float], scale: float, stretch: float = 1.0, min_side: float = 16.0
) -> Region:
    """What a crop shows of a box: the same centre, `scale` times its sides, each side at least
    `min_side` source pixels.

    Args:
        box_xyxy: outer edges, source pixels.
        scale: the longer side over the box's longer side.
        stretch: at most this much longer is the longer side than the shorter one. 1 gives a square; more
            shows a thin band larger than it is across, because the region is stretched onto the model's
            square input.
        min_side: least side, source pixels.
    """
    x0, y0, x1, y1 = box_xyxy
    width, height = x1 - x0, y1 - y0
    half_x = 0.5 * max(scale * max(width, height / stretch), min_side)
    half_y = 0.5 * max(scale * max(height, width / stretch), min_side)
    cx, cy = 0.5 * (x0 + x1), 0.5 * (y0 + y1)
    return Region(cx - half_x, cy - half_y, cx + half_x, cy + half_y)


def field_side(frame_hw: tuple[int, ...]) -> int:
    """The side that views around clicks are sized by: a frame's longer one, but of a panorama no more than
    twice its shorter one.
    """
    return min(max(frame_hw), 2 * min(frame_hw))


def embedding_of(features: Features, frame: Frame, region: Region) -> Embedding:
    """What an encoder made of one region of a frame, and whether there is anything to see in it."""
    x0, x1 = _covered(region.x0, region.x1, frame.width)
    y0, y1 = _covered(region.y0, region.y1, frame.height)
    seen_hw = frame.pixels_hw[y0:y1, x0:x1]
    featureless = seen_hw.size == 0 or int(seen_hw.max()) - int(seen_hw.min()) <= EVEN
    return Embedding(features, region, (frame.height, frame.width), frame.calibration, featureless)


def blurred_to_shrink(pixels_hw: np.ndarray, scale_x: float, scale_y: float) -> np.ndarray:
    """Pixels blurred before they are sampled at these scales (model pixels a source pixel), where one is
    below 1.

    The blur is what keeps speckle from aliasing, in inference and in training alike.
    """
    if min(scale_x, scale_y) >= 1.0:
        return pixels_hw
    across, down = max(1.0 / scale_x, 1.0), max(1.0 / scale_y, 1.0)
    kernel = (2 * int(np.ceil(across)) - 1, 2 * int(np.ceil(down)) - 1)
    return cv2.GaussianBlur(
        pixels_hw, kernel, sigmaX=max(0.35 / scale_x, 1e-3), sigmaY=max(0.35 / scale_y, 1e-3)
    )


@dataclass(frozen=True)
class ModelMap:
    """The affine map of `region` (source pixels) onto a square of `size` model pixels, and back."""

    region: Region
    size: int

    @property
    def scale_xy(self) -> tuple[float, float]:
        """Model pixels per source pixel, to the right and down."""
        return self.size / self.region.width, self.size / self.region.height

    def to_model(self, points_xy: np.ndarray) -> np.ndarray:
        """Source coordinates (..., 2) to model coordinates, float64."""
        origin = np.array([self.region.x0, self.region.y0])
        return (np.asarray(points_xy, dtype=np.float64) - origin) * np.array(self.scale_xy) - 0.5

    def to_source(self, points_xy: np.ndarray) -> np.ndarray:
        """Model coordinates (..., 2) to source coordinates, float64; the inverse of `to_model`."""
        origin = np.array([self.region.x0, self.region.y0])
        return (np.asarray(points_xy, dtype=np.float64) + 0.5) / np.array(self.scale_xy) + origin

    def matrix(self) -> np.ndarray:
        """`to_model` as the 2x3 matrix that cv2.warpAffine takes."""
        sx, sy = self.scale_xy
        return np.array([[sx, 0.0, -self.region.x0 * sx - 0.5], [0.0, sy, -self.region.y0 * sy - 0.5]])

    def sample(self, pixels_hw: np.ndarray) -> np.ndarray:
        """The region's pixels as a (size, size) array of the same dtype (uint8 or float32); black outside the
        frame.

        Shrinking averages the source pixels that fall into a model pixel, so speckle doesn't alias.
        """
        sx, sy = self.scale_xy
        steps = np.arange(self.size)
        across, down = self.to_source(np.stack([steps, steps], axis=-1)).T
        height, width = pixels_hw.shape
        # What lies beyond the reach of the blur isn't seen: a crop of a large frame costs as much as of any.
        left, right = seen(across, 1.0 / sx, width)
        top, bottom = seen(down, 1.0 / sy, height)
        near_hw = blurred_to_shrink(np.ascontiguousarray(pixels_hw[top:bottom, left:right]), sx, sy)
        return bilinear(
            near_hw,
            taps(across, width).moved(-left, right - left),
            taps(down, height).moved(-top, bottom - top),
        )

    def paste_logits(self, logits_hw: np.ndarray, frame_hw: tuple[int, int]) -> np.ndarray:
        """Logits on a grid of any side over the region, back to (height, width) float32; OUTSIDE_LOGIT beyond
        the region.
        """
        height, width = frame_hw
        side = logits_hw.shape[-1]
        grid = ModelMap(self.region, side)
        x0, x1 = _covered(self.region.x0, self.region.x1, width)
        y0, y1 = _covered(self.region.y0, self.region.y1, height)
        full = np.full(frame_hw, OUTSIDE_LOGIT, np.float32)
        if x1 > x0 and y1 > y0:
            # Cut to the grid: a border of OUTSIDE_LOGIT would bleed into the region's outermost half cell.
            across = np.clip(grid.to_model(np.stack([np.arange(x0, x1)] * 2, axis=-1))[:, 0], 0, side - 1)
            down = np.clip(grid.to_model(np.stack([np.arange(y0, y1)] * 2, axis=-1))[:, 1], 0, side - 1)
            full[y0:y1, x0:x1] = bilinear(logits_hw.astype(np.float32), taps(across, side), taps(down, side))
        return full


def clip_box(
    box_xyxy: tuple[float, float, float, float], frame_hw: tuple[int, int]
) -> tuple[float, float, float, float]:
    """A box cut to the frame's outer edges."""
    height, width = frame_hw
    x0, y0, x1, y1 = box_xyxy
    return max(x0, -0.5), max(y0, -0.5), min(x1, width - 0.5), min(y1, height - 0.5)


def stays_within(region: Region, box_xyxy: Box, margin: float, frame_hw: tuple[int, ...]) -> bool:
    """Whether a box stays a share `margin` of a region's sides away from its edges; beyond the frame's own
    edges nothing is hidden.
    """
    height, width = frame_hw
    x0, y0, x1, y1 = box_xyxy
    across, down = margin * region.width, margin * region.height
    return (
        (x0 >= region.x0 + across or region.x0 <= -0.5)
        and (y0 >= region.y0 + down or region.y0 <= -0.5)
        and (x1 <= region.x1 - across or region.x1 >= width - 0.5)
        and (y1 <= region.y1 - down or region.y1 >= height - 0.5)
    )


def scale_of(calibration: Calibration, mask_hw: np.ndarray, prompt: Prompt | None = None) -> Scale:
    """The scale of a mask, bool (H, W), by the region that it lies in; none where its prompt points into
    another region.
    """
    box = mask_box(mask_hw)
    scale = calibration.at(box)
    if scale.spacing_mm_yx is None or prompt is None or box is None or len(calibration.regions) < 2:
        return scale  # with one region there is no other that the prompt could point into
    for x, y in _pointed(prompt, (mask_hw.shape[0], mask_hw.shape[1])):
        other = calibration.at((x, y, x, y))
        if other.source in ("", scale.source):
            continue
        both = (min(box[0], x), min(box[1], y), max(box[2], x), max(box[3], y))
        if (
            calibration.at(both).spacing_mm_yx is None
        ):  # two regions of one scale that overlap, as a colour box does, are one
            reason = f"its prompt lies across {scale.source} and {other.source}"
            return replace(scale, spacing_mm_yx=None, source="", reason=reason)
    return scale


def _pointed(prompt: Prompt, frame_hw: tuple[int, int]) -> list[tuple[float, float]]:
    """Positive points, and the corners of the box within the frame, half a pixel inside."""
    clicks = zip(prompt.points_xy, prompt.point_labels, strict=True)
    points = [point for point, label in clicks if label == POSITIVE]
    if prompt.box_xyxy is not None:
        x0, y0, x1, y1 = clip_box(prompt.box_xyxy, frame_hw)
        points += [(x, y) for x in (x0 + 0.5, x1 - 0.5) for y in (y0 + 0.5, y1 - 0.5)]
    return points


def prompt_points(
    prompt: Prompt, to: ModelMap, box_fits: bool = False, structures: Sequence[str] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """A prompt's points and box corners in model coordinates, (N, 2) float32, and SAM's labels (N,) int32.

    Labels: 1 positive, 0 negative, 2 and 3 the box's top-left and bottom-right corner; for a model that tells
    `box_fits` apart, those that `CORNER_LABELS` has for the prompt's. For a model that has learned the
    prompt's name, one of `structures`, also the points that tell it, at model pixel 0,0.
    """
    points = list(prompt.points_xy)
    labels = list(prompt.point_labels)
    if prompt.box_xyxy is not None:
        x0, y0, x1, y1 = prompt.box_xyxy
        points += [(x0, y0), (x1, y1)]
        labels += CORNER_LABELS[prompt.box_fit if box_fits else ""]
    named = labels_of_name(prompt.name, structures)
    array = np.concatenate(
        [to.to_model(np.array(points, dtype=np.float64).reshape(-1, 2)), np.zeros((len(named), 2))]
    )
    return array.astype(np.float32), np.array([*labels, *named], dtype=np.int32)


def depth(mask_hw: np.ndarray) -> np.ndarray:
    """Distance to the nearest pixel outside the mask (the array's border counts as outside), float32 (H,
    W).
    """
    padded = cv2.copyMakeBorder(mask_hw.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    return cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]


def inscribed_centre(mask_hw: np.ndarray) -> tuple[float, float]:
    """(x, y) of the centre of the largest circle inside a mask, which must not be empty."""
    distances = depth(mask_hw)
    y, x = np.unravel_index(int(np.argmax(distances)), distances.shape)
    return float(x), float(y)


def _covered(low: float, high: float, length: int) -> tuple[int, int]:
    """The pixel range [first, last) whose centres lie between two edges."""
    first = int(np.ceil(np.clip(low, -0.5, length)))
    last = int(np.floor(np.clip(high, -1.0, length - 0.5))) + 1
    return first, max(first, last)
