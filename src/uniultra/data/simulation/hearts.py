"""Hearts from the apex, as echocardiography shows them: left ventricle, its muscle, left atrium.

The outlines follow anatomy, not a data set: a bullet-shaped cavity whose apex points at the probe, a
horseshoe of muscle around it that ends at the valve plane, an atrium beyond that. What makes real ones hard
is drawn as well: a side wall that fades, haze at the apex, chordae, an open valve, a neighbour of the same
look.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from uniultra.data.simulation.beams import Beams
from uniultra.data.simulation.chance import between, perhaps
from uniultra.data.simulation.shapes import largest_part, smooth_field
from uniultra.data.simulation.tissue import Look, Tissue, painted


@dataclass(frozen=True)
class Ventricle:
    """A left ventricle's place and size in pixels.

    Attributes:
        base_x, base_y: the middle of the valve plane.
        tilt: of its axis from straight up, radians.
        length: from the valve plane to the cavity's tip.
        width: of the cavity at its widest.
        wall: thickness of the muscle.
        blunt: exponent of the tip; higher is blunter.
        taper: 0 to 1, how much narrower the cavity is at the valve plane.
        bend: sideways shift of the axis half way, as a share of the width.
    """

    base_x: float
    base_y: float
    tilt: float
    length: float
    width: float
    wall: float
    blunt: float
    taper: float
    bend: float

    def along_and_across(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels from the valve plane towards the tip, and to the right of the axis; below 0 beyond each."""
        right, down = x - self.base_x, y - self.base_y
        along = right * np.sin(self.tilt) - down * np.cos(self.tilt)
        across = right * np.cos(self.tilt) + down * np.sin(self.tilt)
        share = np.clip(along / self.length, 0.0, 1.0)
        return along, across - 4.0 * self.bend * self.width * share * (1.0 - share)

    def bullet(self, along: np.ndarray, across: np.ndarray, wall: float = 0.0) -> np.ndarray:
        """The cavity, or all within `wall` pixels of it, from the valve plane on; bool (H, W)."""
        share = np.clip(along / (self.length + wall), 0.0, 1.0)
        half = (self.width / 2 + wall) * np.sqrt(1.0 - share**self.blunt)
        return (along > 0) & (np.abs(across) < half * (1.0 - self.taper * (1.0 - share) ** 3))


def draw_sector(rng: np.random.Generator) -> Beams:
    """A phased array's sector, or a convex probe's with a short radius."""
    height = int(rng.integers(300, 461))
    half_angle = between(rng, 0.45, 0.75)
    width = round(min(2.1 * height * np.sin(half_angle), 512) * between(rng, 0.9, 1.05))
    lines = int(rng.integers(120, 261))
    return Beams(
        (height, width), round(1.2 * height), lines, half_angle, perhaps(rng, 0.3, 0.0, 0.1) * height
    )


def draw_heart(beams: Beams, rng: np.random.Generator) -> Tissue:
    """A scene with one heart, its cavity, muscle and atrium labelled in this order."""
    height, width = beams.frame_hw
    y, x = np.mgrid[:height, :width].astype(np.float32)
    ripple = between(rng, 0.004, 0.015) * height
    x = x + ripple * smooth_field(beams.frame_hw, between(rng, 0.08, 0.25) * height, rng)
    y = y + ripple * smooth_field(beams.frame_hw, between(rng, 0.08, 0.25) * height, rng)
    ventricle = _draw_ventricle(beams, rng)
    along, across = ventricle.along_and_across(x, y)
    blood, muscle = _blood(rng), _muscle(rng)
    around = _surroundings(beams.frame_hw, rng)
    tissue = _with_neighbours(around, ventricle, (along, across), blood, beams, rng)

    outer_hw = ventricle.bullet(along, across, ventricle.wall)
    cavity_hw = ventricle.bullet(along, across)
    tissue = painted(tissue, outer_hw, replace(muscle, labelled=False), beams, rng)
    tissue = _faded(tissue, across / (ventricle.width / 2 + ventricle.wall), outer_hw, rng)
    tissue = painted(tissue, cavity_hw, blood, beams, rng)
    ids = np.where(outer_hw & ~cavity_hw, np.uint8(tissue.objects + 1), tissue.ids)
    tissue = replace(tissue, ids=ids)
    atrium_hw = _atrium(ventricle, along, across, rng) & ~outer_hw
    tissue = painted(tissue, atrium_hw, replace(blood, wall_db=between(rng, 2.0, 12.0)), beams, rng)
    tissue = _with_valve(tissue, ventricle, along, across, rng)
    tissue = _with_chordae(tissue, cavity_hw, rng)
    return _hazy(tissue, beams, rng)


def _draw_ventricle(beams: Beams, rng: np.random.Generator) -> Ventricle:
    height, width = beams.frame_hw
    length = between(rng, 0.34, 0.6) * height
    tilt = between(rng, -0.35, 0.35)
    tip_y = between(rng, 0.1, 0.3) * height
    tip_x = width / 2 + between(rng, -0.08, 0.08) * width
    return Ventricle(
        base_x=tip_x - length * float(np.sin(tilt)), base_y=tip_y + length * float(np.cos(tilt)), tilt=tilt,
        length=length, width=length * between(rng, 0.36, 0.72), wall=length * between(rng, 0.1, 0.24),
        blunt=between(rng, 1.8, 4.0), taper=between(rng, 0.0, 0.3), bend=between(rng, -0.15, 0.15),
    )  # fmt: skip


def _blood(rng: np.random.Generator) -> Look:
    return Look(
        level_db=between(rng, -26.0, -7.0), texture_db=between(rng, 0.0, 3.0), grain=between(rng, 10.0, 40.0),
        softness=between(rng, 1.0, 4.0), wall_db=perhaps(rng, 0.6, 1.0, 9.0),
        wall_width=between(rng, 1.0, 2.5), wall_fade=between(rng, 0.5, 1.0),
    )  # fmt: skip


def _muscle(rng: np.random.Generator) -> Look:
    return Look(
        level_db=between(rng, -6.0, 6.0), texture_db=between(rng, 0.5, 5.0), grain=between(rng, 4.0, 16.0),
        softness=between(rng, 1.0, 4.0), wall_db=perhaps(rng, 0.6, 1.0, 10.0),
        wall_width=between(rng, 1.0, 4.0), wall_fade=between(rng, 0.5, 1.0),
    )  # fmt: skip


def _surroundings(frame_hw: tuple[int, int], rng: np.random.Generator) -> Tissue:
    """Lung, liver and other muscle: uneven, darker towards one side."""
    side = np.linspace(-1.0, 1.0, frame_hw[1], dtype=np.float32)[None]
    echo_db = between(rng, -14.0, 3.0) + between(rng, -6.0, 6.0) * side
    echo_db = echo_db + between(rng, 2.0, 6.0) * smooth_field(frame_hw, between(rng, 25.0, 90.0), rng)
    echo_db = echo_db + between(rng, 0.0, 3.0) * smooth_field(frame_hw, between(rng, 6.0, 20.0), rng)
    return Tissue(echo_db.astype(np.float32), np.zeros(frame_hw, np.float32), np.zeros(frame_hw, np.uint8))


def _with_neighbours(
    tissue: Tissue,
    ventricle: Ventricle,
    place: tuple[np.ndarray, np.ndarray],
    blood: Look,
    beams: Beams,
    rng: np.random.Generator,
) -> Tissue:
    """Half the time the right heart beside the septum: cavities that look alike and aren't labelled."""
    if rng.random() < 0.5:
        return tissue
    along, across = place
    side = 1.0 if rng.random() < 0.3 else -1.0
    beside = replace(
        ventricle,
        length=ventricle.length * between(rng, 0.6, 0.95),
        width=ventricle.width * between(rng, 0.5, 1.0),
        blunt=between(rng, 1.2, 2.5), bend=0.0,
    )  # fmt: skip
    offset = side * (ventricle.width / 2 + ventricle.wall + beside.width / 2)
    unlabelled = replace(blood, labelled=False)
    right_hw = beside.bullet(along, across - offset)
    tissue = painted(tissue, right_hw, unlabelled, beams, rng)
    return painted(tissue, _atrium(beside, along, across - offset, rng), unlabelled, beams, rng)


def _atrium(
    ventricle: Ventricle, along: np.ndarray, across: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """A rounded cavity from the valve plane on, away from the tip; bool (H, W)."""
    depth = ventricle.length * between(rng, 0.3, 0.75)
    half = ventricle.width / 2 * between(rng, 0.7, 1.15)
    shift = ventricle.width * between(rng, -0.15, 0.15)
    share = np.clip(-along / depth, 0.0, 1.0)
    roundness = np.sqrt(np.clip(1.0 - np.abs(2.0 * share - 1.0) ** between(rng, 2.2, 5.0), 0.0, 1.0))
    near_valve = np.where(share < 0.5, np.maximum(roundness, between(rng, 0.4, 0.8)), roundness)
    within = (along < -between(rng, 0.0, 0.02) * ventricle.length) & (-along < depth)
    return largest_part(within & (np.abs(across - shift * share) < half * near_valve))


def _faded(tissue: Tissue, across: np.ndarray, outer_hw: np.ndarray, rng: np.random.Generator) -> Tissue:
    """The muscle weaker towards one side, as where the beam runs along it or lung lies before it."""
    side = 1.0 if rng.random() < 0.75 else -1.0
    drop = between(rng, 0.0, 14.0) / (1.0 + np.exp(-4.0 * side * across))
    soft = cv2.GaussianBlur(outer_hw.astype(np.float32), (0, 0), 3.0)
    return replace(tissue, echo_db=(tissue.echo_db - drop * soft).astype(np.float32))


def _with_valve(
    tissue: Tissue, ventricle: Ventricle, along: np.ndarray, across: np.ndarray, rng: np.random.Generator
) -> Tissue:
    """Two bright leaflets from the hinges, closed or open, and the bright hinges themselves."""
    half = ventricle.width / 2 * (1.0 - ventricle.taper)
    reach = np.clip(1.0 - np.abs(across) / half, 0.0, 1.0)
    opened = perhaps(rng, 0.35, 0.1, 0.35) * ventricle.length
    sag = between(rng, -0.06, 0.06) * ventricle.length
    leaflet = sag * np.sqrt(reach) + opened * reach
    line = np.exp(-(((along - leaflet) / between(rng, 1.0, 3.0)) ** 2)) * (np.abs(across) < half)
    line *= reach < between(rng, 0.5, 1.2)
    glow = between(rng, 2.0, 5.0)
    bright = between(rng, 4.0, 16.0) * line
    for at in (-half - glow, half + glow):
        size = between(rng, 0.02, 0.06) * ventricle.length
        away = ((across - at) ** 2 + along**2) / (2.0 * size**2)
        bright = bright + between(rng, 0.0, 12.0) * np.exp(-away)
    return replace(tissue, echo_db=(tissue.echo_db + bright).astype(np.float32))


def _with_chordae(tissue: Tissue, cavity_hw: np.ndarray, rng: np.random.Generator) -> Tissue:
    """Up to six bright specks and short lines within the cavity."""
    ys, xs = np.nonzero(cavity_hw)
    marks = np.zeros(cavity_hw.shape, np.float32)
    for pick in rng.integers(0, max(len(xs), 1), int(rng.integers(0, 7))) if len(xs) else ():
        start = (int(xs[pick]), int(ys[pick]))
        end = (start[0] + int(rng.integers(-4, 5)), start[1] + int(rng.integers(-18, 19)))
        cv2.line(marks, start, end, between(rng, 4.0, 16.0), int(rng.integers(1, 5)))
    return replace(tissue, echo_db=tissue.echo_db + cv2.GaussianBlur(marks, (0, 0), 1.2) * cavity_hw)


def _hazy(tissue: Tissue, beams: Beams, rng: np.random.Generator) -> Tissue:
    """Reverberation near the probe, which covers the tip: an echo floor that falls with depth."""
    height = beams.frame_hw[0]
    depth = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None]
    floor_db = between(rng, -18.0, 4.0) - between(rng, 15.0, 60.0) * depth
    patchy = floor_db + 3.0 * smooth_field(beams.frame_hw, between(rng, 20.0, 60.0), rng)
    power = 10.0 ** (tissue.echo_db / 10.0) + 10.0 ** (patchy / 10.0)
    return replace(tissue, echo_db=(10.0 * np.log10(power)).astype(np.float32))
