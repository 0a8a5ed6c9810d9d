"""The plain tissue that structures lie in: uneven, layered, fibrous."""

from __future__ import annotations

import numpy as np

from uniultra.data.simulation.beams import Beams
from uniultra.data.simulation.chance import between
from uniultra.data.simulation.shapes import smooth_field
from uniultra.data.simulation.tissue import Tissue


def draw_background(beams: Beams, rng: np.random.Generator) -> Tissue:
    """Tissue without an object: three times in five with layers, two in five with fibres."""
    frame_hw = beams.frame_hw
    echo_db = between(rng, 2.0, 6.0) * smooth_field(frame_hw, between(rng, 30.0, 120.0), rng)
    echo_db += between(rng, 0.0, 3.0) * smooth_field(frame_hw, between(rng, 8.0, 25.0), rng)
    if rng.random() < 0.6:
        echo_db += _layers(frame_hw, rng)
    if rng.random() < 0.4:
        echo_db += _fibres(frame_hw, rng)
    return Tissue(echo_db.astype(np.float32), np.zeros(frame_hw, np.float32), np.zeros(frame_hw, np.uint8))


def _layers(frame_hw: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Up to five layers from the top, each of its own level, with a bright, bent border; dB (H, W)."""
    height, width = frame_hw
    y, x = np.mgrid[:height, :width].astype(np.float32)
    layers_db = np.zeros(frame_hw, np.float32)
    border = 0.0
    for _ in range(int(rng.integers(1, 6))):
        border += between(rng, 0.03, 0.25) * height
        bent = between(rng, 2.0, 18.0) * smooth_field((2, width), width / 3, rng)[:1]
        below = y - border - bent - between(rng, -0.2, 0.2) * (x - width / 2)
        layers_db += np.where(below > 0, between(rng, -6.0, 6.0), 0.0)
        layers_db += between(rng, 4.0, 16.0) * np.exp(-((below / between(rng, 0.8, 3.5)) ** 2))
    return layers_db


def _fibres(frame_hw: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Wavy bright lines side by side, in parts of the frame; dB (H, W)."""
    height, width = frame_hw
    y, x = np.mgrid[:height, :width].astype(np.float32)
    phase = (y + np.tan(between(rng, -0.5, 0.5)) * x) * 2.0 / between(rng, 4.0, 14.0)
    lines = np.sin(phase + 2.0 * smooth_field(frame_hw, 60.0, rng)) > 0.6
    return np.asarray(between(rng, 1.0, 6.0) * (lines & (smooth_field(frame_hw, 40.0, rng) > -0.2)))
