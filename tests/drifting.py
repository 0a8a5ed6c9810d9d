"""A scene with cysts, and a track of one that has drifted beside it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from phantoms import ellipse
from uniultra.tracking.track_state import ObjectTrack
from uniultra.types import Frame, Prompt, Region

HW = (160, 240)
PLACES = {1: (60, 50), 2: (150, 40), 3: (205, 75)}


def scene(seed: int, x: float = 0, y: float = 0, size: int = 20) -> Frame:
    """A field of patches, moved, with dark cysts in it."""
    patches = cv2.GaussianBlur(np.random.default_rng(seed).random(HW).astype(np.float32), (0, 0), 4)
    drawn = 70 + 150 * (patches - patches.min()) / np.ptp(patches)
    for centre in PLACES.values():
        drawn = np.where(ellipse(HW, centre, (size, 14 * size // 20)), 12, drawn)
    move = np.array([[1, 0, x], [0, 1, y]], np.float32)
    return Frame(cv2.warpAffine(drawn.astype(np.uint8), move, HW[::-1], borderMode=cv2.BORDER_REFLECT))


def prompts() -> dict[int, Prompt]:
    return {n: Prompt((x - 20.0, y - 14.0, x + 20.0, y + 14.0)) for n, (x, y) in PLACES.items()}


def drifted(one: ObjectTrack, by: float = 50) -> ObjectTrack:
    """The same track, `by` pixels below its place, where neither registration nor the model finds it."""

    def moved(region: Region) -> Region:
        return replace(region, y0=region.y0 + by, y1=region.y1 + by)

    grid, registration = one.grid, one.anchor.registration
    beside = replace(grid, region=moved(grid.region))
    there = replace(registration, at=moved(registration.at), back=registration.back - np.float32([0, by]))
    return replace(one, grid=beside, sure_grid=beside, anchor=replace(one.anchor, registration=there))


def truth(number: int, x: float, y: float) -> np.ndarray:
    left, top = PLACES[number]
    return ellipse(HW, (left + x, top + y), (20, 14))
