"""Outlines of structures as masks: blobs, spiculated and lobed ones, bands; and fields that vary smoothly."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from uniultra.data.simulation.chance import between

CORNERS = 360
SUBPIXEL_BITS = 4


@dataclass(frozen=True)
class Place:
    """Where a blob lies: centre and half-axes in pixels, the first of these turned by `angle` (radians)."""

    x: float
    y: float
    half_long: float
    half_short: float
    angle: float


def blob(place: Place, frame_hw: tuple[int, int], roughness: float, rng: np.random.Generator) -> np.ndarray:
    """Between an ellipse and a rounded rectangle, wavy by `roughness` of its radius; bool (H, W)."""
    angle = np.linspace(0.0, 2.0 * np.pi, CORNERS, endpoint=False)
    radius = _superellipse(angle, between(rng, 2.0, 3.2))
    for wave in range(2, 9):
        radius *= 1.0 + roughness / wave ** rng.uniform(0.6, 1.4) * rng.normal() * np.cos(
            wave * angle + rng.uniform(0.0, 2.0 * np.pi)
        )
    return _filled(_placed(angle, radius, place), frame_hw)


def spiculated(place: Place, frame_hw: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A blob with 7 to 17 pointed arms of differing length; bool (H, W)."""
    angle = np.linspace(0.0, 2.0 * np.pi, CORNERS, endpoint=False)
    arms = int(rng.integers(7, 18))
    phase = (angle * arms / (2.0 * np.pi)) % 1.0
    heights = rng.uniform(0.05, 0.45, arms)[np.minimum((angle * arms / (2.0 * np.pi)).astype(int), arms - 1)]
    radius = 0.75 + heights * (1.0 - np.abs(2.0 * phase - 1.0)) ** rng.uniform(1.0, 2.5)
    return _filled(_placed(angle, radius, place), frame_hw)


def band(place: Place, frame_hw: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A ribbon along the place's first axis, bent, `half_short` to either side; bool (H, W)."""
    along = np.linspace(-1.0, 1.0, CORNERS // 2)
    bend = rng.uniform(-0.12, 0.12) * place.half_long * along**2 + rng.uniform(0.0, 6.0) * np.sin(
        along * rng.uniform(1.0, 5.0)
    )
    half = place.half_short * np.clip(2.5 * (1.0 - np.abs(along)), 0.2, 1.0)
    edge = np.concatenate(
        [
            np.stack([along * place.half_long, bend - half], 1),
            np.stack([along * place.half_long, bend + half], 1)[::-1],
        ]
    )
    return _filled(edge @ _turn(place.angle).T + (place.x, place.y), frame_hw)


def smooth_field(frame_hw: tuple[int, int], grain: float, rng: np.random.Generator) -> np.ndarray:
    """Random values of about unit spread that vary over `grain` pixels; float32 (H, W)."""
    height, width = frame_hw
    small = rng.standard_normal((max(2, int(height / grain)), max(2, int(width / grain))), dtype=np.float32)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def signed_distance(mask_hw: np.ndarray) -> np.ndarray:
    """Distance to the outline in pixels, below 0 inside; float32 (H, W)."""
    inside = mask_hw.astype(np.uint8)
    return cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5) - cv2.distanceTransform(inside, cv2.DIST_L2, 5)


def largest_part(mask_hw: np.ndarray) -> np.ndarray:
    """The largest connected part; all False where there is none."""
    count, numbers, stats, _ = cv2.connectedComponentsWithStats(mask_hw.astype(np.uint8))
    if count < 2:
        return np.zeros_like(mask_hw)
    return numbers == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))


def _superellipse(angle: np.ndarray, power: float) -> np.ndarray:
    return np.asarray((np.abs(np.cos(angle)) ** power + np.abs(np.sin(angle)) ** power) ** (-1.0 / power))


def _turn(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _placed(angle: np.ndarray, radius: np.ndarray, place: Place) -> np.ndarray:
    corners = np.stack(
        [radius * np.cos(angle) * place.half_long, radius * np.sin(angle) * place.half_short], 1
    )
    return np.asarray(corners @ _turn(place.angle).T + (place.x, place.y))


def _filled(corners_xy: np.ndarray, frame_hw: tuple[int, int]) -> np.ndarray:
    canvas = np.zeros(frame_hw, np.uint8)
    cv2.fillPoly(canvas, [np.round(corners_xy * 2**SUBPIXEL_BITS).astype(np.int32)], 1, shift=SUBPIXEL_BITS)
    return canvas > 0
