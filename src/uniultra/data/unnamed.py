"""Regions that no label names, as targets: what a click may mean on a structure that nobody has drawn.

A student that follows its teacher's answers to prompts on these follows corrections on structures that
neither was trained on. There is no truth about them, so only a teacher can teach here.
"""

from __future__ import annotations

import cv2
import numpy as np

from uniultra.data.simulation.shapes import Place, band, blob, largest_part, smooth_field

TRIES = 6
LEAST_PIXELS = 64
LEAST_SHARE, MOST_SHARE = 0.002, 0.4
"""Of the frame's area."""


def draw_region(pixels_hw: np.ndarray, object_hw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One connected region of an image: alike in brightness, cut out of smooth noise, a blob, a band, or the
    shape of a labelled object elsewhere.

    Args:
        pixels_hw: uint8 (H, W).
        object_hw: bool (H, W), an object of this image; not empty.
        rng: gives the same region for the same state.

    Returns:
        bool (H, W); the object where nothing of a usable size was drawn.
    """
    height, width = object_hw.shape
    least = max(LEAST_PIXELS, LEAST_SHARE * height * width)
    for _ in range(TRIES):
        draw = (_alike, _noise, _shape, _elsewhere)[int(rng.integers(4))]
        region = largest_part(draw(pixels_hw, object_hw, rng))
        if least <= np.count_nonzero(region) <= MOST_SHARE * height * width:
            return region
    return object_hw


def _alike(pixels_hw: np.ndarray, object_hw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What has the brightness of a random place after smoothing, and hangs together with it."""
    height, width = pixels_hw.shape
    side = max(height, width)
    smooth = cv2.GaussianBlur(pixels_hw, (0, 0), float(rng.uniform(0.006, 0.02)) * side)
    seed = int(rng.integers(width)), int(rng.integers(height))
    tolerance = float(rng.uniform(6.0, 30.0))
    filled = np.zeros((height + 2, width + 2), np.uint8)
    flags = 4 | (255 << 8) | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE
    cv2.floodFill(smooth, filled, seed, 0, tolerance, tolerance, flags)
    size = max(3, int(0.012 * side) | 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return cv2.morphologyEx(filled[1:-1, 1:-1], cv2.MORPH_OPEN, kernel) > 0


def _noise(pixels_hw: np.ndarray, object_hw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    field = smooth_field(
        (pixels_hw.shape[0], pixels_hw.shape[1]), pixels_hw.shape[0] / rng.uniform(3.0, 12.0), rng
    )
    return field > float(rng.uniform(0.5, 1.3))


def _shape(pixels_hw: np.ndarray, object_hw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width = pixels_hw.shape
    half = float(rng.uniform(0.05, 0.4)) * min(height, width)
    thin = rng.random() < 0.4
    ratio = float(rng.uniform(0.08, 0.25) if thin else rng.uniform(0.4, 1.0))
    centre = float(rng.uniform(0, width)), float(rng.uniform(0, height))
    place = Place(*centre, half, ratio * half, float(rng.uniform(0.0, np.pi)))
    return band(place, (height, width), rng) if thin else blob(place, (height, width), 0.15, rng)


def _elsewhere(pixels_hw: np.ndarray, object_hw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The object's shape turned, stretched and moved."""
    height, width = object_hw.shape
    ys, xs = np.nonzero(object_hw)
    angle, (sx, sy) = float(rng.uniform(0.0, 2.0 * np.pi)), rng.uniform(0.5, 1.5, 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([sx, sy])
    target = np.array([rng.uniform(0, width), rng.uniform(0, height)])
    shift = target - turn @ (xs.mean(), ys.mean())
    moved = cv2.warpAffine(object_hw.astype(np.uint8), np.column_stack([turn, shift]), (width, height))
    return moved > 0
