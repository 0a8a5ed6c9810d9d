"""What lies in front of the probe: how strongly each place scatters, how much sound it takes, whose it is."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from uniultra.data.simulation.beams import Beams
from uniultra.data.simulation.shapes import signed_distance, smooth_field


@dataclass(frozen=True)
class Tissue:
    """A scene in a frame's pixels, all (H, W).

    Attributes:
        echo_db: backscatter, relative to plain tissue, float32.
        loss_db: what a pixel of path takes of the echoes behind it, beyond plain tissue; below 0 in fluid.
        ids: the objects' true masks, 1, 2, ...; uint8, 0 elsewhere.
    """

    echo_db: np.ndarray
    loss_db: np.ndarray
    ids: np.ndarray

    @property
    def objects(self) -> int:
        return int(self.ids.max())


@dataclass(frozen=True)
class Look:
    """How a structure shows.

    Attributes:
        level_db: its backscatter; None leaves what was there.
        texture_db: how much that varies inside.
        grain: over how many pixels.
        softness: width of its edge in pixels (Gaussian sigma).
        wall_db: how bright its outline is where the beam meets it squarely.
        wall_width: half-width of that line in pixels.
        wall_at: where the line runs: pixels outwards of the outline.
        wall_fade: 0 to 1, how much of the line is lost where it runs along the beam.
        loss_db: what the whole of it takes of the echoes behind it.
        labelled: whether it is an object with a mask.
    """

    level_db: float | None = None
    texture_db: float = 0.0
    grain: float = 10.0
    softness: float = 1.0
    wall_db: float = 0.0
    wall_width: float = 1.5
    wall_at: float = 0.0
    wall_fade: float = 0.8
    loss_db: float = 0.0
    labelled: bool = True


def painted(
    tissue: Tissue, mask_hw: np.ndarray, look: Look, beams: Beams, rng: np.random.Generator
) -> Tissue:
    """The scene with one more structure over what was there; if labelled, its pixels become an object's.
    As it was where the mask is empty: the structure lies outside the frame.
    """
    if not mask_hw.any():
        return tissue
    echo_db = tissue.echo_db
    soft = cv2.GaussianBlur(mask_hw.astype(np.float32), (0, 0), look.softness)
    if look.level_db is not None:
        inside = look.level_db + look.texture_db * smooth_field(mask_hw.shape, look.grain, rng)
        echo_db = echo_db * (1.0 - soft) + soft * inside
    if look.wall_db:
        echo_db = echo_db + look.wall_db * _wall(mask_hw, look, beams)
    thickness = max(int(mask_hw.sum(axis=0).max()), 1)
    ids = np.where(mask_hw, np.uint8(tissue.objects + 1), tissue.ids) if look.labelled else tissue.ids
    return Tissue(echo_db, tissue.loss_db + soft * (look.loss_db / thickness), ids)


def _wall(mask_hw: np.ndarray, look: Look, beams: Beams) -> np.ndarray:
    """A line along the outline, 0 to 1: a mirror, which sends nothing back where the beam runs along it."""
    distance = signed_distance(mask_hw)
    line = np.exp(-(((distance - look.wall_at) / look.wall_width) ** 2))
    return np.asarray(line * (1.0 - look.wall_fade * (1.0 - squareness(distance, beams)) ** 1.5), np.float32)


def squareness(distance_hw: np.ndarray, beams: Beams) -> np.ndarray:
    """How squarely beams meet the level lines of a distance: 1 across, 0 along them; float32 (H, W)."""
    down, across = np.gradient(cv2.GaussianBlur(distance_hw, (0, 0), 2.0))
    beam_x, beam_y = beams.directions()
    return np.asarray(np.abs(across * beam_x + down * beam_y) / (np.hypot(across, down) + 1e-3), np.float32)
