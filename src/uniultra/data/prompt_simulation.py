"""Prompts as people give them, simulated from a true mask: boxes exact and jittered, clicks, corrections.

Everything takes a numpy Generator, so a seed gives the same prompts anywhere.
"""

from __future__ import annotations

import cv2
import numpy as np

from uniultra.geometry import depth, inscribed_centre
from uniultra.pixel_scale import Box
from uniultra.types import NEGATIVE, POSITIVE, mask_box

SCRIBBLE_POINTS = 5


def exact_box(mask_hw: np.ndarray) -> Box:
    """The tight box of a mask by its outer pixel edges; the mask must not be empty."""
    box = mask_box(mask_hw)
    assert box is not None, "an empty mask has no box"
    return box


def jitter_box(box_xyxy: Box, amount: float, rng: np.random.Generator) -> Box:
    """A box as a hasty hand draws it: every edge moved by up to `amount` (0 to 0.4) of the side along it,
    uniformly.
    """
    x0, y0, x1, y1 = box_xyxy
    width, height = x1 - x0, y1 - y0
    left, top, right, bottom = rng.uniform(-amount, amount, 4) * (width, height, width, height)
    return float(x0 + left), float(y0 + top), float(x1 + right), float(y1 + bottom)


def widen_box(box_xyxy: Box, margin: float) -> Box:
    """A box drawn around rather than along a structure: every edge moved outwards by `margin` (above -0.5) of
    the side along it.

    Below 0 the edges move inwards: a box that is too tight.
    """
    x0, y0, x1, y1 = box_xyxy
    across, down = margin * (x1 - x0), margin * (y1 - y0)
    return x0 - across, y0 - down, x1 + across, y1 + down


def sam2_box(box_xyxy: Box, frame_hw: tuple[int, int], rng: np.random.Generator) -> Box:
    """A box as SAM 2's training and SonoBase's protocol draw it: each edge moved uniformly by up to 10 % of
    the side along it.

    At most 20 px of a frame that is stretched to 1024 x 1024, and cut to the frame's outer edges.
    """
    height, width = frame_hw
    x0, y0, x1, y1 = box_xyxy
    across, down = min(0.1 * (x1 - x0), 20.0 / 1024.0 * width), min(0.1 * (y1 - y0), 20.0 / 1024.0 * height)
    left, top, right, bottom = rng.uniform(-1.0, 1.0, 4) * (across, down, across, down)
    return (
        max(x0 + left, -0.5),
        max(y0 + top, -0.5),
        min(x1 + right, width - 0.5),
        min(y1 + bottom, height - 0.5),
    )


def centre_click(mask_hw: np.ndarray) -> tuple[float, float]:
    """(x, y) of the centre of the largest circle inside a mask: where a person clicks first."""
    return inscribed_centre(mask_hw)


def random_click(mask_hw: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """(x, y) somewhere inside a mask, rather in its depth than at its rim."""
    distances = depth(mask_hw)
    return uniform_click(distances > 0.4 * distances.max(), rng)


def uniform_click(mask_hw: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """(x, y) of any pixel of a mask, those at its rim included, all alike; the mask must not be empty."""
    ys, xs = np.nonzero(mask_hw)
    pick = int(rng.integers(len(xs)))
    return float(xs[pick]), float(ys[pick])


def scribble(
    mask_hw: np.ndarray, rng: np.random.Generator, points: int = SCRIBBLE_POINTS
) -> tuple[tuple[float, float], ...]:
    """The places of a short stroke through a mask, as a hand draws it, from one end of its depth towards the
    other: (x, y) each.

    Equal steps along a line that bends by up to a quarter of its length; what would leave the mask is moved
    to its nearest place in the mask's depth, so that all lie inside.
    """
    distances = depth(mask_hw)
    ys, xs = np.nonzero(distances > 0.4 * distances.max())
    inner = np.stack([xs, ys], axis=1).astype(np.float64)
    first = inner[int(rng.integers(len(inner)))]
    last = inner[int(np.argmax(np.linalg.norm(inner - first, axis=1)))]
    along = np.linspace(0.0, 1.0, points)[:, None]
    across = np.array([first[1] - last[1], last[0] - first[0]])
    stroke = first + along * (last - first) + along * (1.0 - along) * rng.uniform(-1.0, 1.0) * across
    nearest = [inner[int(np.argmin(np.linalg.norm(inner - place, axis=1)))] for place in stroke]
    return tuple((float(x), float(y)) for x, y in nearest)


def correction_click(predicted_hw: np.ndarray, true_hw: np.ndarray) -> tuple[tuple[float, float], int] | None:
    """The click of a person who corrects: the deepest point of the largest error, and its label; None where
    nothing is wrong.

    "Largest" is by the radius of the inscribed circle, over missed and false areas alike.
    """
    missed, false = depth(true_hw & ~predicted_hw), depth(predicted_hw & ~true_hw)
    if max(missed.max(), false.max()) <= 0:
        return None
    distances, label = (missed, POSITIVE) if missed.max() >= false.max() else (false, NEGATIVE)
    y, x = np.unravel_index(int(np.argmax(distances)), distances.shape)
    return (float(x), float(y)), label


def rough_mask(mask_hw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A previous answer that is about right: the truth shifted, grown or shrunk, its outline wavy; bool (H,
    W), never empty.

    All by shares of the square root of its area: shift by 6 % (one standard deviation an axis), growth within
    8 %, waves of 5 %.
    """
    side = float(np.sqrt(np.count_nonzero(mask_hw)))
    level = depth(mask_hw) - depth(~mask_hw)
    height, width = mask_hw.shape
    shift_x, shift_y = rng.normal(0.0, 0.06 * side, 2)
    matrix = np.array([[1.0, 0.0, shift_x], [0.0, 1.0, shift_y]])
    moved = cv2.warpAffine(
        level, matrix, (width, height), borderMode=cv2.BORDER_CONSTANT, borderValue=-2.0 * side
    )
    waves = cv2.resize(rng.standard_normal((12, 12)), (width, height), interpolation=cv2.INTER_CUBIC)
    rough = moved + side * (rng.uniform(-0.08, 0.08) + 0.05 * waves) > 0
    rough_hw = rough & (level > -side)
    return rough_hw if rough_hw.any() else mask_hw.copy()
