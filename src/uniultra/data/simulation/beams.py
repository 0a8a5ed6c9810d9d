"""Where a probe's beams run: between the pixels of a frame and beam space.

Beam space has two axes: depth along a beam, and the beam's number.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from uniultra.data.simulation.chance import between


@dataclass(frozen=True)
class Beams:
    """The beams of a linear array, or of a sector.

    Attributes:
        frame_hw: the frame's size in pixels.
        samples: samples along a beam.
        lines: number of beams.
        half_angle: of a sector, radians to either side of straight down; 0 for a linear array.
        apex: how far above the frame's top a sector's beams meet, pixels; 0 for a phased array.
    """

    frame_hw: tuple[int, int]
    samples: int
    lines: int
    half_angle: float = 0.0
    apex: float = 0.0

    def positions(self) -> tuple[np.ndarray, np.ndarray]:
        """x and y in frame pixels of every sample, float32 (samples, lines) each."""
        height, width = self.frame_hw
        depth = np.linspace(0.0, height - 1.0, self.samples)
        if not self.half_angle:
            x, y = np.meshgrid(np.linspace(0.0, width - 1.0, self.lines), depth)
        else:
            angle, radius = np.meshgrid(
                np.linspace(-self.half_angle, self.half_angle, self.lines), depth + self.apex
            )
            x, y = (width - 1) / 2 + radius * np.sin(angle), radius * np.cos(angle) - self.apex
        return x.astype(np.float32), y.astype(np.float32)

    def to_beams(self, frame_hw: np.ndarray) -> np.ndarray:
        """A frame's values (H, W) float32 at every sample, (samples, lines); beyond it its border goes on."""
        return cv2.remap(frame_hw, *self.positions(), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def to_frame(self, values: np.ndarray) -> np.ndarray:
        """Scan conversion: values (samples, lines) float32 at every pixel, (H, W); 0 where no beam runs."""
        line, sample, seen_hw = self._places()
        return cv2.remap(values, line, sample, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) * seen_hw

    def seen(self) -> np.ndarray:
        """The pixels that beams run through, bool (H, W)."""
        return self._places()[2]

    def directions(self) -> tuple[np.ndarray, np.ndarray]:
        """x and y of the unit vector along the beam through each pixel, float32 (H, W) each."""
        height, width = self.frame_hw
        x, y = self._from_apex()
        if not self.half_angle:
            return np.zeros((height, width), np.float32), np.ones((height, width), np.float32)
        radius = np.maximum(np.hypot(x, y), 1e-3)
        return (x / radius).astype(np.float32), (y / radius).astype(np.float32)

    def _from_apex(self) -> tuple[np.ndarray, np.ndarray]:
        height, width = self.frame_hw
        y, x = np.mgrid[:height, :width].astype(np.float32)
        return x - (width - 1) / 2, y + self.apex

    def _places(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Beam number and sample number of each pixel, float32 (H, W), and whether a beam runs there."""
        height, width = self.frame_hw
        x, y = self._from_apex()
        if self.half_angle:
            across, depth = np.arctan2(x, y) / self.half_angle, np.hypot(x, y) - self.apex
        else:
            across, depth = x / max((width - 1) / 2, 1.0), y
        seen_hw = (np.abs(across) <= 1.0) & (depth >= 0.0) & (depth <= height - 1)
        line, sample = (across + 1.0) / 2.0 * (self.lines - 1), depth / (height - 1) * (self.samples - 1)
        return line.astype(np.float32), sample.astype(np.float32), seen_hw


def draw_beams(rng: np.random.Generator) -> Beams:
    """A probe: two in five linear, the others phased or convex; a frame of 300 to 512 pixels a side."""
    height, width = int(rng.integers(300, 461)), int(rng.integers(300, 513))
    samples, lines = round(1.2 * height), int(rng.integers(120, 261))
    if rng.random() < 0.4:
        return Beams((height, width), samples, lines)
    half_angle, apex = between(rng, 0.35, 0.8), between(rng, 0.0, 0.5) * height
    return Beams((height, width), samples, lines, half_angle, apex)
