"""Simulated frames: drawn by a seed, and written as a set with its manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from uniultra.atomic import check_new, staged_folder
from uniultra.data.manifest import COLUMNS, SPLITS
from uniultra.data.simulation.acoustics import draw_scanner, scan
from uniultra.data.simulation.scenes import Scene, scene_named
from uniultra.data.simulation.shapes import largest_part
from uniultra.errors import DataError
from uniultra.io.tables import write_csv

DATASET, ORGAN, LICENCE = "simulated", "simulated", "Apache-2.0"
LEAST_PIXELS = 100
"""What is left of an object within the beams must be at least this."""
LEAST_CONTRAST = 11.0
"""Grey values by which an object, or its outline, must differ from what is near; else only a scene's
`faint_share` of them stay.
"""
MOST_IMAGES = 1_000_000
MOST_SEED = 2**31 - 1

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SimulatedFrame:
    """A picture uint8 (H, W) and the masks of its objects, ids 1, 2, ... uint8 (H, W), at least one."""

    pixels_hw: np.ndarray
    ids_hw: np.ndarray


def simulate_frame(seed: int, number: int, scene: str = "mixed") -> SimulatedFrame:
    """Frame `number` of a seed and scene: the same at every call, whatever was drawn before.

    Raises:
        DataError: the scene is none of `SCENES`.
    """
    drawn = scene_named(scene)
    rng = np.random.default_rng((seed, number))
    while True:
        frame = _attempt(drawn, rng)
        if frame.ids_hw.any():
            return frame


def _attempt(scene: Scene, rng: np.random.Generator) -> SimulatedFrame:
    beams, tissue = scene.draw(rng)
    pixels_hw = scan(tissue, beams, draw_scanner(rng), rng)
    if rng.random() < 0.3:
        pixels_hw = np.asarray(cv2.medianBlur(pixels_hw, 3))
    in_view_hw = np.where(beams.seen(), tissue.ids, 0)
    return SimulatedFrame(pixels_hw, _burned_in(pixels_hw, in_view_hw, scene.faint_share, rng))


def _burned_in(
    pixels_hw: np.ndarray, ids_hw: np.ndarray, faint_share: float, rng: np.random.Generator
) -> np.ndarray:
    """The objects that are in view, in one piece and visible, numbered anew."""
    kept = np.zeros(ids_hw.shape, np.uint8)
    for value in range(1, int(ids_hw.max()) + 1):
        part = largest_part(ids_hw == value)
        if part.sum() < LEAST_PIXELS:
            continue
        if contrast(pixels_hw, part) >= LEAST_CONTRAST or rng.random() < faint_share:
            kept[part] = kept.max() + 1
    return kept


def contrast(pixels_hw: np.ndarray, mask_hw: np.ndarray) -> float:
    """Grey values between a mask's inside and what is near it; or 0.8 of outline to inside, if that is
    more.
    """
    mask = mask_hw.astype(np.uint8)
    reach = 2 * max(3, int(0.12 * np.sqrt(mask.sum()))) + 1
    near = (cv2.dilate(mask, np.ones((reach, reach), np.uint8)) > mask) & (pixels_hw > 0)
    outline = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)) > 0
    inside, around, edge = (
        float(pixels_hw[area].mean()) if area.any() else 0.0 for area in (mask_hw, near, outline)
    )
    return max(abs(inside - around), 0.8 * abs(edge - inside))


def simulate_set(
    out: Path,
    images: int,
    seed: int = 0,
    split: str = "train",
    scene: str = "mixed",
    progress: Progress = lambda done, total: None,
) -> Path:
    """Writes manifest.csv, images/ and masks/ into the folder `out`, which must not exist; returns the
    manifest. The set is called `simulated`, or `simulated_heart` after another scene than `mixed`.

    Raises:
        DataError: a number out of range, or an unknown split or scene.
        OutputError: `out` exists or can't be written. Nothing is left half-written.
    """
    _check(out, images, seed, split)
    scene_named(scene)
    with staged_folder(out) as part:
        rows = list(_written(part, images, seed, split, scene, progress))
        write_csv(part / "manifest.csv", COLUMNS, rows)
    return out / "manifest.csv"


def _check(out: Path, images: int, seed: int, split: str) -> None:
    for name, value, least, most in (("images", images, 1, MOST_IMAGES), ("seed", seed, 0, MOST_SEED)):
        if not least <= value <= most:
            raise DataError(f"{name} is {value}; it must be {least} to {most}")
    if split not in SPLITS:
        raise DataError(f"split '{split}' is unknown; use one of {', '.join(SPLITS)}")
    check_new(out)


def _written(
    part: Path, images: int, seed: int, split: str, scene: str, progress: Progress
) -> Iterator[list[str]]:
    """Writes each frame and gives its line of the manifest."""
    for folder in ("images", "masks"):
        (part / folder).mkdir()
    dataset = DATASET if scene == "mixed" else f"{DATASET}_{scene}"
    for number in range(images):
        frame = simulate_frame(seed, number, scene)
        name = f"{dataset}_{seed}_{number:06d}"
        image, mask = f"images/{name}.png", f"masks/{name}.png"
        Image.fromarray(frame.pixels_hw).save(part / image)
        Image.fromarray(frame.ids_hw).save(part / mask)
        height, width = frame.ids_hw.shape
        values = {
            "id": name, "dataset": dataset, "organ": ORGAN, "split": split, "image": image, "mask": mask,
            "width": width, "height": height, "subject": name, "group": name,
            "objects": int(frame.ids_hw.max()), "licence": LICENCE,
        }  # fmt: skip
        yield [str(values.get(column, "")) for column in COLUMNS]
        progress(number + 1, images)
