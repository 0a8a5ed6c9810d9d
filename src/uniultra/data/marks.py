"""What is burned into stored frames: calipers with the line between them, and text; drawn over a view.

Sonographers measure before they store, so that structures that are worth segmenting often bear crosses on
their outlines. `evaluation.robustness.corruptions` draws its own, on the frame, which nothing learns from.
"""

from __future__ import annotations

import string

import cv2
import numpy as np

MARKERS = (
    cv2.MARKER_CROSS,
    cv2.MARKER_TILTED_CROSS,
    cv2.MARKER_STAR,
    cv2.MARKER_DIAMOND,
    cv2.MARKER_SQUARE,
)
FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_DUPLEX)
LETTERS = string.ascii_letters + string.digits + " .:-=+%"
FINENESS = (0.5, 1.0, 1.0, 2.0, 3.0)
"""How many times the view's size marks may be drawn at: in a view of a large frame they are thinner than a
pixel, in one that looks close thicker.
"""


def marked(view_hw: np.ndarray, target_hw: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A view with marks drawn over it.

    Args:
        view_hw: uint8 (S, S).
        target_hw: (S, S), above 0.5 where the structure is, which most calipers measure.

    Returns:
        A new uint8 view (S, S).
    """
    finer = float(rng.choice(FINENESS))
    size = round(view_hw.shape[0] * finer)
    drawn = np.zeros((size, size), np.uint8)
    outline = _outline(target_hw) * finer
    for _ in range(int(rng.integers(1, 4))):
        _draw_calipers(drawn, outline, rng)
    for _ in range(int(rng.integers(0, 4))):
        _draw_text(drawn, rng)
    way = cv2.INTER_AREA if finer > 1 else cv2.INTER_LINEAR
    cover = cv2.resize(drawn, view_hw.shape[::-1], interpolation=way).astype(np.float32) / 255.0
    level = float(rng.uniform(130.0, 255.0))
    return np.clip(view_hw * (1.0 - cover) + level * cover + 0.5, 0, 255).astype(np.uint8)


def _outline(target_hw: np.ndarray) -> np.ndarray:
    """The structure's outline (N, 2), x and y; without any pixels (0, 2)."""
    inside = np.ascontiguousarray(target_hw > 0.5).view(np.uint8)
    found, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    parts = [part[:, 0] for part in found]
    return np.concatenate(parts).astype(np.float64) if parts else np.zeros((0, 2))


def _draw_calipers(drawn: np.ndarray, outline: np.ndarray, rng: np.random.Generator) -> None:
    """Two markers, with a dotted, dashed or thin line between them, or none; drawn in place."""
    size = drawn.shape[0]
    first, second = _ends(outline, size, rng)
    marker, side = int(rng.choice(MARKERS)), int(rng.integers(5, 5 + max(2, size // 16)))
    ends = [(round(float(x)), round(float(y))) for x, y in (first, second)]
    for end in ends:
        cv2.drawMarker(drawn, end, 255, marker, side, 1)
    if (line := rng.random()) < 0.15:
        cv2.line(drawn, ends[0], ends[1], 255, 1)
    elif line < 0.7:
        step, dash = float(rng.uniform(3.0, 10.0)), int(rng.integers(0, 3))
        count = max(2, round(float(np.hypot(*(second - first))) / step))
        for share in np.linspace(0.0, 1.0, count):
            x, y = (first + share * (second - first)).round().astype(int)
            cv2.rectangle(drawn, (int(x), int(y)), (int(x) + dash, int(y) + dash // 2), 255, -1)


def _ends(outline: np.ndarray, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Where a pair stands: on the structure's outline, about opposite and not quite exact, or anywhere."""
    if len(outline) < 2 or rng.random() < 0.3:
        return rng.uniform(0.05 * size, 0.95 * size, 2), rng.uniform(0.05 * size, 0.95 * size, 2)
    angle = float(rng.uniform(0.0, np.pi))
    along = (outline - outline.mean(axis=0)) @ np.array([np.cos(angle), np.sin(angle)])
    off = rng.normal(0.0, 0.02 * size, (2, 2))
    return outline[int(along.argmin())] + off[0], outline[int(along.argmax())] + off[1]


def _draw_text(drawn: np.ndarray, rng: np.random.Generator) -> None:
    """A line of letters and digits anywhere; drawn in place."""
    size = drawn.shape[0]
    text = "".join(rng.choice(list(LETTERS), int(rng.integers(1, 14))))
    place = (int(rng.integers(-size // 8, size)), int(rng.integers(size // 20, size)))
    scale = float(rng.uniform(0.25, 0.9)) * size / 256
    cv2.putText(drawn, text, place, FONTS[int(rng.integers(len(FONTS)))], scale, 255, 1, cv2.LINE_AA)
