"""What a simulated frame can be of: a probe, and what lies in front of it. Adding one is a row of SCENES."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from uniultra.data.simulation.background import draw_background
from uniultra.data.simulation.beams import Beams, draw_beams
from uniultra.data.simulation.hearts import draw_heart, draw_sector
from uniultra.data.simulation.structures import add_structure
from uniultra.data.simulation.tissue import Tissue
from uniultra.errors import DataError


@dataclass(frozen=True)
class Scene:
    """A kind of frame.

    Attributes:
        draw: a probe and what lies in front of it.
        faint_share: how many of the objects that can hardly be seen keep their masks. All of them where
            anatomy tells how they go on, few where nothing does.
    """

    draw: Callable[[np.random.Generator], tuple[Beams, Tissue]]
    faint_share: float


def scene_named(name: str) -> Scene:
    """Raises `DataError` where the name is none of SCENES."""
    if name not in SCENES:
        raise DataError(f"scene '{name}' is unknown; use one of {', '.join(SCENES)}")
    return SCENES[name]


def _mixed(rng: np.random.Generator) -> tuple[Beams, Tissue]:
    """One to four structures of any kind, in plain tissue."""
    beams = draw_beams(rng)
    tissue = draw_background(beams, rng)
    for _ in range(int(rng.integers(1, 5))):
        tissue = add_structure(tissue, beams, rng)
    return beams, tissue


def _heart(rng: np.random.Generator) -> tuple[Beams, Tissue]:
    """A heart from the apex, alone."""
    beams = draw_sector(rng)
    return beams, draw_heart(beams, rng)


SCENES = {"mixed": Scene(_mixed, faint_share=0.1), "heart": Scene(_heart, faint_share=1.0)}
