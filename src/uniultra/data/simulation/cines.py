"""Simulated cines: a real still under motion, with the exact mask of every frame.

Breathing and beating, slip and turn of the probe, local deformation, movement out of the plane, drift of gain
and of shadows, and new speckle on each frame. Each frame is drawn from the still itself, so nothing adds up
over time. An event may come in between: the target leaves the plane and returns, at once or slowly, the
picture cuts to another scene and back, the probe slips, the picture freezes; or somebody turns a knob, and
the target stays in view: gain and dynamic range, or depth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

import cv2
import numpy as np

from uniultra.data.simulation.chance import between
from uniultra.errors import DataError

Event = Literal["none", "leaves", "cut", "slip", "freeze", "fades", "gain", "zoom"]
EVENTS: tuple[Event, ...] = get_args(Event)

LEAST_FRAMES, MOST_FRAMES = 2, 10_000
TURNED_IN = 4
"""Frames over which a knob is turned."""
FADES_IN = 10
"""Frames over which a target leaves the plane slowly, and over which it returns."""
_GRID = 5
"""Nodes a side of the field of local deformation."""


@dataclass(frozen=True)
class CineFrame:
    """A picture uint8 (H, W) and its ids uint8 (H, W); `out_of_view`: by its event the target isn't there."""

    pixels_hw: np.ndarray
    ids_hw: np.ndarray
    out_of_view: bool = False


@dataclass(frozen=True)
class Wave:
    """A smooth course of a value over time: a sine of `period` frames, and a drift of `drift` over the whole
    cine.
    """

    amplitude: float
    period: float
    phase: float
    drift: float = 0.0

    def at(self, number: int, count: int) -> float:
        """0 on frame 0, which is the still itself."""
        turn = 2.0 * np.pi / self.period
        swing = np.sin(turn * number + self.phase) - np.sin(self.phase)
        return float(self.amplitude * swing + self.drift * number / max(count - 1, 1))


@dataclass(frozen=True)
class Motion:
    """All that changes over a cine.

    Attributes:
        shift_x, shift_y: of the probe and of breathing, shares of the frame's diagonal.
        turn: radians.
        beat: local change of size around the target's centre; what leaves the plane looks alike.
        nodes: (2, grid, grid), local deformation in shares of the diagonal, and its course.
        gain: of the logarithm of brightness. depth_gain: the same, from top to bottom.
        shadow: where a shadow's middle goes, in widths; its depth is `shade`.
        speckle: how much of the grain is new on each frame, 0 to 1.
        event: what happens in between.
        away: first and last frame of the event.
        slip: where the probe is once it has slipped: x and y, shares of the frame's diagonal.
        knobs: from the event `gain` on: the exponent of brightness, its gain and the same from top to
            bottom (logarithms), and the blur in pixels.
        zoom: from the event `zoom` on: how much larger all is.
    """

    shift_x: Wave
    shift_y: Wave
    turn: Wave
    beat: Wave
    deform: Wave
    nodes: np.ndarray
    gain: Wave
    depth_gain: Wave
    shadow: Wave
    shadow_at: float
    shade: float
    speckle: float
    event: Event
    away: tuple[int, int]
    slip: tuple[float, float]
    knobs: tuple[float, float, float, float]
    zoom: float

    def share(self, number: int) -> float:
        """How far the event has gone, 0 to 1: knobs are turned over a few frames."""
        return min(max((number - self.away[0] + 1) / TURNED_IN, 0.0), 1.0)

    def absence(self, number: int) -> float:
        """How far the target has left the plane, 0 to 1: above a half it isn't there."""
        first, last = self.away
        if self.event in ("leaves", "cut"):
            return float(first <= number <= last)
        outside = max(first - number, number - last, 0)
        return max(1.0 - outside / FADES_IN, 0.0) if self.event == "fades" else 0.0


def draw_motion(rng: np.random.Generator, count: int, event: Event = "none") -> Motion:
    """A motion for a cine of `count` frames, one to four beats or breaths long."""

    def wave(most: float, drift: float = 0.0) -> Wave:
        period, phase = count / between(rng, 1.0, 4.0), between(rng, 0, 2 * np.pi)
        return Wave(between(rng, 0.3, 1.0) * most, period, phase, between(rng, -1, 1) * drift)

    start = int(between(rng, 0.35, 0.5) * count)
    away = start, start + max(2, int(between(rng, 0.12, 0.25) * count))
    angle, reach = between(rng, 0, 2 * np.pi), between(rng, 0.03, 0.06)
    motion = Motion(
        *(wave(0.02, 0.05), wave(0.02, 0.05), wave(0.05, 0.15), wave(0.14), wave(1.0)),
        rng.normal(0.0, 0.012, (2, _GRID, _GRID)),
        *(wave(0.10, 0.35), wave(0.10, 0.3), wave(0.15, 0.4)),
        between(rng, 0.1, 0.9),
        between(rng, 0.0, 0.7) * (rng.random() < 0.5),
        between(rng, 0.0, 0.35),
        event,
        away,
        (reach * float(np.cos(angle)), reach * float(np.sin(angle))),
        (1.0, 0.0, 0.0, 0.0),
        1.0,
    )  # fmt: skip
    # Drawn last, so that the cines of a seed stay what they were before there were knobs.
    turned = between(rng, -0.6, 0.6), between(rng, -0.4, 0.4), between(rng, -0.9, 0.9), between(rng, 0.0, 2.0)
    larger = float(np.exp(between(rng, 0.12, 0.3) * rng.choice((-1.0, 1.0))))
    return replace(motion, knobs=(float(np.exp(turned[0])), *turned[1:]), zoom=larger)


def simulate_cine(
    pixels_hw: np.ndarray, ids_hw: np.ndarray, count: int, seed: int, event: Event = "none"
) -> Iterator[CineFrame]:
    """Frames of a still uint8 (H, W) with ids uint8 (H, W); the first is the still but for its grain and
    shadow.

    The same seed gives the same cine.

    Raises:
        DataError: a count out of range, or an unknown event.
    """
    if not LEAST_FRAMES <= count <= MOST_FRAMES:
        raise DataError(f"{count} frames; a simulated cine has {LEAST_FRAMES} to {MOST_FRAMES}")
    if event not in EVENTS:
        raise DataError(f"event '{event}' is unknown; use one of {', '.join(EVENTS)}")
    motion = draw_motion(np.random.default_rng(seed), count, event)
    for number in range(count):
        frozen = event == "freeze" and motion.away[0] <= number <= motion.away[1]
        at = motion.away[0] if frozen else number
        yield _frame(pixels_hw, ids_hw, motion, at, count, np.random.default_rng((seed, at)))


def _frame(
    pixels_hw: np.ndarray,
    ids_hw: np.ndarray,
    motion: Motion,
    number: int,
    count: int,
    rng: np.random.Generator,
) -> CineFrame:
    across, down = _where_from(ids_hw, motion, number, count)
    moved = cv2.remap(pixels_hw, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    ids = cv2.remap(ids_hw, across, down, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
    away = motion.absence(number)
    gone = away > 0.5
    if away:
        shown = _without(moved, ids)
        moved = shown if away == 1 else cv2.addWeighted(shown, away, moved, 1 - away, 0)
    if gone:
        ids = np.zeros_like(ids)
        if motion.event == "cut":
            moved = np.ascontiguousarray(moved[:, ::-1])
    lit = _lit(moved, motion, number, count, rng)
    if motion.event == "gain":
        lit = _turned(lit, motion.knobs, motion.share(number))
    return CineFrame(lit, ids, gone)


def _where_from(ids_hw: np.ndarray, motion: Motion, number: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """For each pixel of the frame, the place in the still that it shows: x and y, float32 (H, W)."""
    height, width = ids_hw.shape
    diagonal = float(np.hypot(height, width))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    rows, columns = np.nonzero(ids_hw)
    centre_x, centre_y = (columns.mean(), rows.mean()) if rows.size else (width / 2, height / 2)
    reach = 1.5 * np.sqrt(max(rows.size, 100))
    turn = motion.turn.at(number, count)
    slip_x, slip_y = motion.slip if motion.event == "slip" and number >= motion.away[0] else (0.0, 0.0)
    dx = x - width / 2 - diagonal * (motion.shift_x.at(number, count) + slip_x)
    dy = y - height / 2 - diagonal * (motion.shift_y.at(number, count) + slip_y)
    zoom = motion.zoom ** (motion.share(number) if motion.event == "zoom" else 0.0)
    across = (np.cos(turn) * dx + np.sin(turn) * dy) / zoom + width / 2
    down = (-np.sin(turn) * dx + np.cos(turn) * dy) / zoom + height / 2
    deform = motion.deform.at(number, count) * diagonal
    for axis, place in ((0, across), (1, down)):
        field = cv2.resize(
            motion.nodes[axis].astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
        )
        place += deform * field
    near = np.exp(-((across - centre_x) ** 2 + (down - centre_y) ** 2) / (2 * reach**2))
    size = motion.beat.at(number, count) * near
    across -= size * (across - centre_x)
    down -= size * (down - centre_y)
    return across.astype(np.float32), down.astype(np.float32)


def _lit(
    pixels_hw: np.ndarray, motion: Motion, number: int, count: int, rng: np.random.Generator
) -> np.ndarray:
    """Gain, its course over depth, a shadow that wanders, and new grain."""
    height, width = pixels_hw.shape
    depth = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
    light = motion.gain.at(number, count) + motion.depth_gain.at(number, count) * depth
    middle = motion.shadow_at + motion.shadow.at(number, count)
    place = np.linspace(0.0, 1.0, width, dtype=np.float32)[None]
    shadow = 1.0 - motion.shade * np.exp(-(((place - middle) / 0.06) ** 2)) * np.clip(2 * depth + 1, 0, 1)
    grain = cv2.GaussianBlur(rng.standard_normal((height, width)).astype(np.float32), (0, 0), 1.2) * 2.4
    bright = pixels_hw.astype(np.float32) * np.exp(np.clip(light, -0.6, 0.5)) * shadow
    return np.clip(bright * (1.0 + 0.35 * motion.speckle * grain), 0, 255).astype(np.uint8)


def _turned(pixels_hw: np.ndarray, knobs: tuple[float, float, float, float], share: float) -> np.ndarray:
    """The picture with other gain, depth gain, dynamic range and smoothing, turned there by a share."""
    if share == 0:
        return pixels_hw
    exponent, gain, depth_gain, blur = knobs
    depth = np.linspace(-0.5, 0.5, len(pixels_hw), dtype=np.float32)[:, None]
    bright = (pixels_hw / np.float32(255)) ** np.float32(exponent**share)
    bright = bright * np.exp(np.float32(share) * (gain + depth_gain * depth)).astype(np.float32)
    if blur * share > 0.3:
        bright = cv2.GaussianBlur(bright, (0, 0), blur * share)
    return np.clip(bright * 255, 0, 255).astype(np.uint8)


def _without(pixels_hw: np.ndarray, ids_hw: np.ndarray) -> np.ndarray:
    """The picture with what surrounds the target in its place, as when it has left the plane."""
    mask = cv2.dilate((ids_hw > 0).astype(np.uint8), np.ones((15, 15), np.uint8))
    small = (pixels_hw.shape[1] // 4, pixels_hw.shape[0] // 4)
    filled = cv2.inpaint(
        cv2.resize(pixels_hw, small),
        cv2.resize(mask, small, interpolation=cv2.INTER_NEAREST),
        5,
        cv2.INPAINT_TELEA,
    )
    smooth = cv2.resize(filled, (pixels_hw.shape[1], pixels_hw.shape[0]))
    other = np.roll(pixels_hw, pixels_hw.shape[1] // 3, axis=1).astype(np.float32)
    texture = other - cv2.GaussianBlur(other, (0, 0), 4)
    return np.where(mask > 0, np.clip(smooth + texture, 0, 255), pixels_hw).astype(np.uint8)
