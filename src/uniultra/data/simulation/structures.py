"""The kinds of structure that a simulated frame shows: each is a function that adds one to a scene.

Adding a kind is adding a row to KINDS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from uniultra.data.simulation.beams import Beams
from uniultra.data.simulation.chance import between, perhaps
from uniultra.data.simulation.shapes import Place, band, blob, largest_part, signed_distance, spiculated
from uniultra.data.simulation.tissue import Look, Tissue, painted

Structure = Callable[[Tissue, Place, Beams, np.random.Generator], Tissue]
LEAST_PIXELS = 120
"""A structure that is smaller, or lies over another one, is not added."""


def add_structure(tissue: Tissue, beams: Beams, rng: np.random.Generator) -> Tissue:
    """The scene with a structure of a random kind at a random place; as it was where that place is taken."""
    shares = np.array([share for _, share in KINDS.values()])
    add, _ = list(KINDS.values())[int(rng.choice(len(shares), p=shares / shares.sum()))]
    added = add(tissue, _draw_place(beams.frame_hw, rng), beams, rng)
    changed = added.ids != tissue.ids
    return tissue if (changed & (tissue.ids > 0)).any() or 0 < changed.sum() < LEAST_PIXELS else added


def _draw_place(frame_hw: tuple[int, int], rng: np.random.Generator) -> Place:
    height, width = frame_hw
    half = float(np.exp(rng.uniform(np.log(0.05), np.log(0.42)))) * min(frame_hw)
    x, y = rng.uniform(0.15, 0.85) * width, rng.uniform(0.15, 0.85) * height
    return Place(float(x), float(y), half, half * between(rng, 0.35, 1.0), between(rng, -1.2, 1.2))


def _cyst(tissue: Tissue, place: Place, beams: Beams, rng: np.random.Generator) -> Tissue:
    """Fluid: nearly black, a bright wall, brighter behind."""
    mask_hw = blob(place, beams.frame_hw, between(rng, 0.0, 0.18), rng)
    return painted(tissue, mask_hw, _fluid(rng), beams, rng)


def _vessel(tissue: Tissue, place: Place, beams: Beams, rng: np.random.Generator) -> Tissue:
    round_place = replace(place, half_short=place.half_long * between(rng, 0.75, 1.0))
    return painted(tissue, blob(round_place, beams.frame_hw, 0.02, rng), _fluid(rng), beams, rng)


def _fluid(rng: np.random.Generator) -> Look:
    return Look(
        level_db=between(rng, -38.0, -18.0), softness=between(rng, 0.6, 1.4), wall_db=between(rng, 3.0, 14.0),
        wall_width=between(rng, 1.0, 3.5), wall_at=1.5, wall_fade=between(rng, 0.3, 1.0),
        loss_db=-between(rng, 0.0, 6.0),
    )  # fmt: skip


def _solid(tissue: Tissue, place: Place, beams: Beams, rng: np.random.Generator) -> Tissue:
    """A lesion darker or brighter than its surroundings, now and then with calcifications."""
    mask_hw = blob(place, beams.frame_hw, between(rng, 0.0, 0.3), rng)
    return _calcified(painted(tissue, mask_hw, _mass(rng), beams, rng), mask_hw, rng)


def _mass(rng: np.random.Generator) -> Look:
    dark = rng.random() < 0.75
    return Look(
        level_db=between(rng, -16.0, -4.0) if dark else between(rng, 3.0, 10.0),
        texture_db=between(rng, 0.0, 4.0),
        grain=between(rng, 4.0, 20.0), softness=between(rng, 0.8, 5.0),
        wall_db=perhaps(rng, 0.3, 2.0, 9.0), wall_width=between(rng, 1.0, 3.0),
        loss_db=perhaps(rng, 0.45, 2.0, 16.0),
    )  # fmt: skip


def _calcified(tissue: Tissue, mask_hw: np.ndarray, rng: np.random.Generator) -> Tissue:
    """One in five with up to seven bright specks."""
    if rng.random() > 0.2 or not mask_hw.any():
        return tissue
    ys, xs = np.nonzero(mask_hw)
    picks = rng.integers(0, len(xs), int(rng.integers(1, 8)))
    specks = np.zeros(mask_hw.shape, np.float32)
    specks[ys[picks], xs[picks]] = rng.uniform(8.0, 18.0, len(picks))
    return replace(tissue, echo_db=tissue.echo_db + cv2.dilate(specks, np.ones((3, 3), np.uint8)))


def _spiculated(tissue: Tissue, place: Place, beams: Beams, rng: np.random.Generator) -> Tissue:
    """A dark lesion whose arms reach into the tissue, often with a bright halo and a shadow."""
    look = replace(
        _mass(rng),
        level_db=between(rng, -18.0, -6.0),
        softness=between(rng, 0.8, 2.5),
        loss_db=between(rng, 0.0, 18.0),
        wall_db=between(rng, 0.0, 5.0), wall_at=3.0, wall_width=3.0, wall_fade=0.3,
    )  # fmt: skip
    return painted(tissue, spiculated(place, beams.frame_hw, rng), look, beams, rng)


def _isoechoic(tissue: Tissue, place: Place, beams: Beams, rng: np.random.Generator) -> Tissue:
    """As bright as its surroundings: a thin dark or bright rim and another grain of speckle tell it."""
    rim = between(rng, 4.0, 10.0) * (1 if rng.random() < 0.5 else -1)
    look = Look(
        level_db=between(rng, -2.0, 2.0), texture_db=between(rng, 1.0, 5.0), grain=between(rng, 3.0, 10.0),
        wall_db=rim,
        wall_width=between(rng, 1.5, 3.5), wall_fade=between(rng, 0.2, 0.7), softness=1.5,
    )  # fmt: skip
    return painted(tissue, blob(place, beams.frame_hw, between(rng, 0.0, 0.12), rng), look, beams, rng)


def _ring(tissue: Tissue, place: Place, beams: Beams, rng: np.random.Generator) -> Tissue:
    """A shell such as a skull: a bright wall within the outline, half-dark inside."""
    half = between(rng, 0.15, 0.4) * min(beams.frame_hw)
    shell = between(rng, 2.0, 8.0)
    mask_hw = blob(
        replace(place, half_long=half, half_short=half * between(rng, 0.65, 1.0)), beams.frame_hw, 0.02, rng
    )
    look = Look(
        level_db=between(rng, -14.0, -2.0), texture_db=between(rng, 0.0, 6.0), grain=between(rng, 8.0, 20.0),
        wall_db=between(rng, 10.0, 24.0), wall_width=shell / 1.6, wall_at=-shell / 2,
        wall_fade=between(rng, 0.3, 0.95),
        loss_db=between(rng, 0.0, 8.0),
    )  # fmt: skip
    return painted(tissue, mask_hw, look, beams, rng)


def _band(tissue: Tissue, place: Place, beams: Beams, rng: np.random.Generator) -> Tissue:
    """A bright ribbon: fascia, tendon, a tongue's surface."""
    half = between(rng, 0.2, 0.5) * beams.frame_hw[1]
    ribbon = replace(place, half_long=half, half_short=between(rng, 3.0, 9.0), angle=0.4 * place.angle)
    look = Look(
        level_db=between(rng, 6.0, 20.0), texture_db=between(rng, 0.0, 3.0), softness=between(rng, 0.6, 1.4)
    )
    return painted(tissue, band(ribbon, beams.frame_hw, rng), look, beams, rng)


def _chamber(tissue: Tissue, place: Place, beams: Beams, rng: np.random.Generator) -> Tissue:
    """A cavity in a muscular wall, half the time open to a side; three times in five the wall is an object
    too.
    """
    outer_hw = blob(place, beams.frame_hw, between(rng, 0.0, 0.12), rng)
    cavity_hw = largest_part(signed_distance(outer_hw) < -between(rng, 0.15, 0.5) * place.half_short)
    if cavity_hw.sum() < LEAST_PIXELS or (outer_hw & (tissue.ids > 0)).any():
        return tissue
    muscle = Look(
        level_db=between(rng, -6.0, 4.0), texture_db=between(rng, 0.0, 4.0), wall_db=between(rng, 0.0, 8.0),
        labelled=rng.random() < 0.6,
    )  # fmt: skip
    fluid = Look(
        level_db=between(rng, -34.0, -14.0), softness=between(rng, 1.0, 3.0), wall_db=between(rng, 0.0, 10.0),
        wall_width=2.0, wall_fade=between(rng, 0.4, 1.0),
    )  # fmt: skip
    opened = _opened(painted(tissue, outer_hw, muscle, beams, rng), outer_hw, place, rng)
    return painted(opened, cavity_hw, fluid, beams, rng)


def _opened(tissue: Tissue, outer_hw: np.ndarray, place: Place, rng: np.random.Generator) -> Tissue:
    """The wall dark towards one side, half the time: a valve, a drop-out."""
    if rng.random() < 0.5:
        return tissue
    height, width = outer_hw.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle = rng.uniform(0.0, 2.0 * np.pi)
    side = (x - place.x) * np.cos(angle) + (y - place.y) * np.sin(angle) > 0.45 * place.half_long
    return replace(
        tissue,
        echo_db=np.where(side & outer_hw, tissue.echo_db - rng.uniform(8.0, 25.0), tissue.echo_db).astype(
            np.float32
        ),
    )


def _nested(tissue: Tissue, place: Place, beams: Beams, rng: np.random.Generator) -> Tissue:
    """A structure within another one: a cyst in a lesion, a sac in a wall; both are objects."""
    outer_hw = blob(place, beams.frame_hw, between(rng, 0.0, 0.15), rng)
    within = replace(
        place,
        half_long=place.half_long * between(rng, 0.3, 0.55),
        half_short=place.half_short * between(rng, 0.3, 0.55),
    )
    inner_hw = blob(within, beams.frame_hw, between(rng, 0.0, 0.1), rng) & outer_hw
    if inner_hw.sum() < LEAST_PIXELS:
        return tissue
    outer = painted(tissue, outer_hw, _mass(rng), beams, rng)
    return painted(outer, inner_hw, _fluid(rng), beams, rng)


def _touching(tissue: Tissue, place: Place, beams: Beams, rng: np.random.Generator) -> Tissue:
    """Two structures that share a part of their outline."""
    first_hw = blob(place, beams.frame_hw, between(rng, 0.0, 0.12), rng)
    away = (
        between(rng, 0.8, 1.3) * (place.half_long + place.half_short) / 2 * (1 if rng.random() < 0.5 else -1)
    )
    beside = replace(
        place,
        x=place.x + away * np.cos(place.angle),
        y=place.y + away * np.sin(place.angle),
        half_short=0.8 * place.half_short,
    )
    second_hw = largest_part(blob(beside, beams.frame_hw, between(rng, 0.0, 0.12), rng) & ~first_hw)
    if second_hw.sum() < LEAST_PIXELS:
        return tissue
    looks = [_fluid(rng) if rng.random() < 0.5 else _mass(rng) for _ in range(2)]
    return painted(painted(tissue, first_hw, looks[0], beams, rng), second_hw, looks[1], beams, rng)


def _bone(tissue: Tissue, place: Place, beams: Beams, rng: np.random.Generator) -> Tissue:
    """A bright arc and next to nothing behind it; no object."""
    arc = replace(place, half_long=0.7 * place.half_long + 10.0, half_short=2.5, angle=0.3 * place.angle)
    look = Look(
        level_db=between(rng, 12.0, 20.0), softness=1.0, loss_db=between(rng, 15.0, 45.0), labelled=False
    )
    return painted(tissue, band(arc, beams.frame_hw, rng), look, beams, rng)


KINDS: dict[str, tuple[Structure, float]] = {
    "cyst": (_cyst, 0.14),
    "vessel": (_vessel, 0.10),
    "solid": (_solid, 0.20),
    "spiculated": (_spiculated, 0.08),
    "isoechoic": (_isoechoic, 0.06),
    "ring": (_ring, 0.08),
    "band": (_band, 0.09),
    "chamber": (_chamber, 0.12),
    "nested": (_nested, 0.05),
    "touching": (_touching, 0.05),
    "bone": (_bone, 0.05),
}
"""Name -> what adds it, and how often, relative."""
