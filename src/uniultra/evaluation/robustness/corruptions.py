"""How an ultrasound image gets worse, one thing at a time: the picture, the truth and the box change
together.

Adding a corruption is adding a row to `CORRUPTIONS`. The same seed gives the same noise and the same places
at every severity, so that a severity adds to the one below it and two models see the same pictures.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from uniultra.data.augmentation import Appearance
from uniultra.data.prompt_simulation import exact_box
from uniultra.pixel_scale import Box
from uniultra.types import Frame

WHITE = 255
WORDS = (
    "LT KIDNEY SAG",
    "1 D 2.31 cm",
    "TRANS 12 Hz",
    "2 D 1.07 cm",
    "FR 34  MI 1.1",
    "THYROID RT",
    "Dist 18.4 mm",
    "GA 20w3d",
)
"""What burned-in text says; made up, like what scanners write."""


@dataclass(frozen=True)
class Scene:
    """One frame, one object in it (bool (H, W), empty where nothing of it is left), and the box that points
    at the object.
    """

    frame: Frame
    true_hw: np.ndarray
    box_xyxy: Box


@dataclass(frozen=True)
class Corruption:
    """One way in which images get worse.

    Attributes:
        name: as reports write it.
        about: what it stands for, in one line.
        unit: of the levels.
        levels: what severities 1, 2, ... are, ever further from the undamaged image; or, without an order,
            kinds (a flip's axes).
        change: the damaged scene, from the undamaged one, a level and a seed.
        ordered: whether the levels get worse in their order.
    """

    name: str
    about: str
    unit: str
    levels: tuple[float, ...] | tuple[str, ...]
    change: Callable[[Scene, float | str, int], Scene]
    ordered: bool = True

    def apply(self, scene: Scene, severity: int, seed: int) -> Scene:
        """The scene at a severity from 0, which changes nothing, to the number of levels."""
        return scene if severity == 0 else self.change(scene, self.levels[severity - 1], seed)


def _look(scene: Scene, appearance: Appearance) -> Scene:
    return _seen(scene, appearance.apply(scene.frame.pixels_hw))


def _seen(scene: Scene, pixels_hw: np.ndarray) -> Scene:
    """The same place with other grey values."""
    return replace(scene, frame=replace(scene.frame, pixels_hw=pixels_hw))


def _gain(scene: Scene, level: float | str, seed: int) -> Scene:
    return _look(scene, Appearance(gain=10.0 ** (float(level) / 20.0)))


def _gamma(scene: Scene, level: float | str, seed: int) -> Scene:
    return _look(scene, Appearance(gamma=float(level)))


def _speckle(scene: Scene, level: float | str, seed: int) -> Scene:
    return _look(scene, Appearance(speckle=float(level), seed=seed))


def _blur(scene: Scene, level: float | str, seed: int) -> Scene:
    return _look(scene, Appearance(blur=float(level)))


def _jpeg(scene: Scene, level: float | str, seed: int) -> Scene:
    stored, data = cv2.imencode(".jpg", scene.frame.pixels_hw, [cv2.IMWRITE_JPEG_QUALITY, int(level)])
    assert stored, "a grey uint8 image can be stored as JPEG"
    return _seen(scene, np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)))


def _depth(scene: Scene, level: float | str, seed: int) -> Scene:
    """The picture `level` times as large in a frame of the same size, at the top in the middle, black around
    it.
    """
    height, width = scene.true_hw.shape
    small = (max(1, round(width * float(level))), max(1, round(height * float(level))))
    left, right = (width - small[0]) // 2, width - small[0] - (width - small[0]) // 2
    sides = (0, height - small[1], left, right)
    pixels = cv2.resize(scene.frame.pixels_hw, small, interpolation=cv2.INTER_AREA)
    true = cv2.resize(scene.true_hw.astype(np.uint8), small, interpolation=cv2.INTER_NEAREST_EXACT)
    pixels_hw, true_hw = (
        cv2.copyMakeBorder(each, *sides, cv2.BORDER_CONSTANT, value=0) for each in (pixels, true)
    )
    across, down = small[0] / width, small[1] / height
    x0, y0, x1, y1 = (value + 0.5 for value in scene.box_xyxy)
    box = (x0 * across - 0.5 + left, y0 * down - 0.5, x1 * across - 0.5 + left, y1 * down - 0.5)
    calibration = scene.frame.calibration.moved((-0.5, -0.5), (across, down))
    return Scene(Frame(np.asarray(pixels_hw), scene.frame.source, calibration), true_hw > 0, box)


def _crop(scene: Scene, level: float | str, seed: int) -> Scene:
    """The frame cut so that the share `level` of the object's width or height lies outside, beyond the
    frame's side nearest to it.
    """
    height, width = scene.true_hw.shape
    x0, y0, x1, y1 = (round(value + 0.5) for value in exact_box(scene.true_hw))
    gaps = {"left": x0, "right": width - x1, "top": y0, "bottom": height - y1}
    side = min(gaps, key=lambda name: gaps[name])
    lost = round(float(level) * (x1 - x0 if side in ("left", "right") else y1 - y0))
    left, top = (x0 + lost if side == "left" else 0), (y0 + lost if side == "top" else 0)
    right, bottom = (x1 - lost if side == "right" else width), (y1 - lost if side == "bottom" else height)
    view = (slice(top, bottom), slice(left, right))
    true_hw, pixels_hw = scene.true_hw[view], np.ascontiguousarray(scene.frame.pixels_hw[view])
    bx0, by0, bx1, by1 = scene.box_xyxy
    box = (
        max(bx0 - left, -0.5),
        max(by0 - top, -0.5),
        min(bx1, right - 0.5) - left,
        min(by1, bottom - 0.5) - top,
    )
    if true_hw.any() and min(box[2] - box[0], box[3] - box[1]) < 1:
        box = exact_box(true_hw)
    return Scene(replace(scene.frame, pixels_hw=pixels_hw), true_hw, box)


def _flip(scene: Scene, level: float | str, seed: int) -> Scene:
    height, width = scene.true_hw.shape
    x0, y0, x1, y1 = scene.box_xyxy
    if level == "left-right":
        return _turned(scene, np.s_[:, ::-1], (width - 1 - x1, y0, width - 1 - x0, y1))
    return _turned(scene, np.s_[::-1, :], (x0, height - 1 - y1, x1, height - 1 - y0))


def _turned(scene: Scene, view: tuple[slice, slice], box_xyxy: Box) -> Scene:
    pixels_hw = np.ascontiguousarray(scene.frame.pixels_hw[view])
    return Scene(
        replace(scene.frame, pixels_hw=pixels_hw), np.ascontiguousarray(scene.true_hw[view]), box_xyxy
    )


def _marks(scene: Scene, level: float | str, seed: int) -> Scene:
    """The first `level` marks, white: pairs of calipers across the object and lines of text over it, in turn,
    at seeded places.
    """
    pixels_hw = scene.frame.pixels_hw.copy()
    rng = np.random.default_rng(seed)
    for number in range(int(level)):
        angle, place_xy = (
            rng.uniform(0.0, math.pi),
            rng.uniform(0.15, 0.85, 2),
        )  # both drawn always: more marks move none
        if number % 2:
            _write(pixels_hw, WORDS[number // 2 % len(WORDS)], exact_box(scene.true_hw), place_xy)
        else:
            _measure(pixels_hw, exact_box(scene.true_hw), angle)
    return _seen(scene, pixels_hw)


def _measure(pixels_hw: np.ndarray, box_xyxy: Box, angle: float) -> None:
    """Two crosses at the ends of a diameter of the ellipse in a box, and dots between them; drawn in
    place.
    """
    x0, y0, x1, y1 = box_xyxy
    half_x, half_y = (x1 - x0) / 2 * math.cos(angle), (y1 - y0) / 2 * math.sin(angle)
    ends = [(round((x0 + x1) / 2 + sign * half_x), round((y0 + y1) / 2 + sign * half_y)) for sign in (-1, 1)]
    for end in ends:
        cv2.drawMarker(pixels_hw, end, WHITE, cv2.MARKER_CROSS, max(5, max(pixels_hw.shape) // 45), 1)
    steps = max(2, round(math.dist(*ends) / 6))
    xs, ys = (np.linspace(ends[0][axis], ends[1][axis], steps).round().astype(int) for axis in (0, 1))
    inside = (xs >= 0) & (ys >= 0) & (xs < pixels_hw.shape[1]) & (ys < pixels_hw.shape[0])
    pixels_hw[ys[inside], xs[inside]] = WHITE


def _write(pixels_hw: np.ndarray, words: str, box_xyxy: Box, place_xy: np.ndarray) -> None:
    """A line of text whose middle lies at shares of a box's sides, letters 1/32 of the frame's longer side;
    drawn in place.
    """
    x0, y0, x1, y1 = box_xyxy
    scale = max(pixels_hw.shape) / 32 / 21  # the font's capitals are 21 pixels high at scale 1
    (wide, high), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    origin = (round(x0 + place_xy[0] * (x1 - x0) - wide / 2), round(y0 + place_xy[1] * (y1 - y0) + high / 2))
    cv2.putText(pixels_hw, words, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, WHITE, 1, cv2.LINE_AA)


CORRUPTIONS: dict[str, Corruption] = {
    corruption.name: corruption
    for corruption in (
        Corruption(
            "gain down",
            "a gain turned down: all grey values times a factor",
            "dB",
            (-2.0, -4.0, -7.0, -10.0, -14.0),
            _gain,
        ),
        Corruption(
            "gain up",
            "a gain turned up: bright parts run into white",
            "dB",
            (2.0, 4.0, 6.0, 8.0, 10.0),
            _gain,
        ),
        Corruption(
            "gamma up",
            "a steep grey map: dark parts sink into black",
            "exponent",
            (1.25, 1.5, 2.0, 2.5, 3.0),
            _gamma,
        ),
        Corruption(
            "gamma down",
            "a flat grey map: dark parts rise, as does noise",
            "exponent",
            (0.8, 0.65, 0.5, 0.4, 0.3),
            _gamma,
        ),
        Corruption(
            "speckle",
            "multiplicative noise, grains of 1 px",
            "standard deviation",
            (0.1, 0.2, 0.35, 0.5, 0.7),
            _speckle,
        ),
        Corruption(
            "blur", "out of focus, or enlarged", "Gaussian sigma, px", (0.7, 1.5, 2.5, 4.0, 6.0), _blur
        ),
        Corruption("jpeg", "stored with loss", "JPEG quality", (40.0, 20.0, 10.0, 5.0, 2.0), _jpeg),
        Corruption(
            "depth",
            "a deeper setting: all is smaller, black around it",
            "scale",
            (0.75, 0.55, 0.4, 0.3, 0.2),
            _depth,
        ),
        Corruption(
            "marks",
            "burned-in calipers and text, over the object too",
            "marks",
            (1.0, 2.0, 4.0, 6.0, 8.0),
            _marks,
        ),
        Corruption(
            "crop",
            "the object leaves the frame at its nearest side",
            "share of the object's extent",
            (0.1, 0.2, 0.3, 0.4, 0.5),
            _crop,
        ),
        Corruption(
            "flip", "mirrored, or upside down", "axis", ("left-right", "top-bottom"), _flip, ordered=False
        ),
    )
}
