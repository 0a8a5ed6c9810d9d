"""Augmentation as ultrasound varies: gain, time-gain curve, speckle, blur, shadow, depth, flip, rotation.

Drawing the parameters is apart from applying them: `draw_*` takes a Generator and returns a frozen value that
can be logged, repeated and tested; `apply` and `matrix` are pure.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from uniultra.data.pieces import SMALLEST_OBJECT

LEAST_FRAME = 16
"""A frame that is cut keeps so many pixels of each side."""


@dataclass(frozen=True)
class Appearance:
    """How one image looks different. The defaults change nothing.

    Attributes:
        gain: factor on all pixels.
        gamma: exponent on pixels scaled to 0..1.
        time_gain: factors at equally spaced depths from the top, interpolated between.
        speckle: spread of the multiplicative noise.
        speckle_grain: size of its grains in pixels (Gaussian sigma).
        blur: Gaussian sigma in pixels.
        shadow_x, shadow_width, shadow_depth: an acoustic shadow as fractions of the width; factor 1 - depth
            in its middle.
        shadow_top: where it begins, as a fraction of the height.
        seed: of the speckle's own noise.
    """

    gain: float = 1.0
    gamma: float = 1.0
    time_gain: tuple[float, ...] = (1.0, 1.0)
    speckle: float = 0.0
    speckle_grain: float = 1.0
    blur: float = 0.0
    shadow_x: float = 0.5
    shadow_width: float = 0.1
    shadow_depth: float = 0.0
    shadow_top: float = 0.0
    seed: int = 0

    def apply(self, pixels_hw: np.ndarray) -> np.ndarray:
        """A new uint8 image (H, W)."""
        height, width = pixels_hw.shape
        values = pixels_hw.astype(np.float32) / 255.0
        if self.blur > 0:
            values = cv2.GaussianBlur(values, (0, 0), self.blur)
        values = values**self.gamma * self.gain
        depths = np.linspace(0.0, 1.0, len(self.time_gain))
        values *= np.interp(np.linspace(0.0, 1.0, height), depths, self.time_gain).astype(np.float32)[:, None]
        if self.shadow_depth > 0:
            values *= self._shadow(height, width)
        if self.speckle > 0:
            values *= self._speckle(height, width)
        return np.clip(values * 255.0 + 0.5, 0, 255).astype(np.uint8)

    def _speckle(self, height: int, width: int) -> np.ndarray:
        noise = np.random.default_rng(self.seed).standard_normal((height, width), dtype=np.float32)
        noise = cv2.GaussianBlur(noise, (0, 0), self.speckle_grain)
        return np.maximum(1.0 + self.speckle * noise / max(float(noise.std()), 1e-6), 0.0)

    def _shadow(self, height: int, width: int) -> np.ndarray:
        across = np.exp(
            -0.5 * ((np.linspace(0, 1, width, dtype=np.float32) - self.shadow_x) / self.shadow_width) ** 2
        )
        down = np.clip((np.linspace(0, 1, height, dtype=np.float32) - self.shadow_top) * 8.0, 0.0, 1.0)
        return 1.0 - self.shadow_depth * down[:, None] * across[None, :]


def draw_appearance(rng: np.random.Generator) -> Appearance:
    """Each change by its own chance, so that a third of the images stay nearly as they are."""

    def maybe(chance: float, low: float, high: float, neutral: float) -> float:
        return float(rng.uniform(low, high)) if rng.random() < chance else neutral

    return Appearance(
        gain=maybe(0.6, 0.65, 1.5, 1.0),
        gamma=maybe(0.5, 0.65, 1.5, 1.0),
        time_gain=tuple(float(v) for v in rng.uniform(0.7, 1.35, 4)) if rng.random() < 0.4 else (1.0, 1.0),
        speckle=maybe(0.35, 0.05, 0.35, 0.0),
        speckle_grain=float(rng.uniform(0.5, 2.0)),
        blur=maybe(0.2, 0.4, 1.4, 0.0),
        shadow_x=float(rng.uniform(0.0, 1.0)),
        shadow_width=float(rng.uniform(0.03, 0.15)),
        shadow_depth=maybe(0.2, 0.2, 0.8, 0.0),
        shadow_top=float(rng.uniform(0.0, 0.7)),
        seed=int(rng.integers(2**31)),
    )


@dataclass(frozen=True)
class Placement:
    """How one image is turned, mirrored and stretched about a point, before the region is cut. The defaults
    change nothing.

    Attributes:
        mirror: left and right exchanged (a probe held the other way round).
        degrees: rotation.
        stretch: factor on x relative to y (sector geometry, another depth setting).
    """

    mirror: bool = False
    degrees: float = 0.0
    stretch: float = 1.0

    def matrix(self, centre_xy: tuple[float, float]) -> np.ndarray:
        """The 2x3 affine matrix in source coordinates that leaves `centre_xy` where it is."""
        angle = np.deg2rad(self.degrees)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        shape = np.diag([(-1.0 if self.mirror else 1.0) * np.sqrt(self.stretch), 1.0 / np.sqrt(self.stretch)])
        linear = turn @ shape
        centre = np.asarray(centre_xy)
        return np.hstack([linear, (centre - linear @ centre)[:, None]])


def draw_placement(
    rng: np.random.Generator, most_degrees: float = 25.0, mirror_share: float = 0.5
) -> Placement:
    """Mirrored in `mirror_share` of the calls, turned in more than half, stretched by up to a fifth in
    half.
    """
    return Placement(
        mirror=bool(rng.random() < mirror_share),
        degrees=float(rng.uniform(-most_degrees, most_degrees)) if rng.random() < 0.6 else 0.0,
        stretch=float(np.exp(rng.uniform(-0.2, 0.2))) if rng.random() < 0.5 else 1.0,
    )


def ending_within(own_hw: np.ndarray, rng: np.random.Generator) -> tuple[slice, slice]:
    """Rows and columns of a frame that ends within an object (bool (H, W)), on one side, after at least half
    of its extent; all of them where too little would be left.
    """
    axis, from_end = int(rng.integers(2)), rng.random() < 0.5
    (places,) = np.nonzero(own_hw.any(axis=1 - axis))
    cut = round(float(places[0] + rng.uniform(0.5, 0.95) * (places[-1] - places[0])))
    kept = slice(int(places[0] + places[-1]) - cut, None) if from_end else slice(None, cut + 1)
    window = (kept, slice(None)) if axis == 0 else (slice(None), kept)
    enough = np.count_nonzero(own_hw[window]) >= SMALLEST_OBJECT and min(own_hw[window].shape) >= LEAST_FRAME
    return window if enough else (slice(None), slice(None))
