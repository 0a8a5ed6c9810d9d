"""Validation while training, and of the gain at its end: fixed prompts, one pass per prompt, Dice in the
model's own pixels, and a picture.

It may choose among a run's checkpoints; the numbers that are published come from `uniultra evaluate`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from uniultra.data.loading import read_row
from uniultra.data.manifest import Row, objects_in
from uniultra.data.prompt_simulation import centre_click, exact_box, jitter_box
from uniultra.data.splits import SelectionSplit
from uniultra.evaluation.metrics import dice
from uniultra.geometry import ModelMap, region_around, whole
from uniultra.io.contact_sheet import contact_sheet
from uniultra.model_facts import Passes
from uniultra.models.promptable import PromptableModel, box_ellipse
from uniultra.named import labels_of_name
from uniultra.pixel_scale import Box

MOST_IMAGES = 180
"""A validation takes evenly spaced images of val, about this many at most."""
TILES = 12
TRUE_COLOUR, FOUND_COLOUR = (240, 228, 66), (86, 180, 233)
"""RGB, as on the pages of `uniultra evaluate`: the truth yellow, the answer blue."""


@dataclass(frozen=True)
class View:
    """One object as the model sees it: `kind` is box (±10 %, focused) or click (one click, the
    whole frame).

    row and object_index are the manifest's, the latter from 0; image_hw uint8 (S, S); target_hw uint8 (S, S),
    255 inside; points (2, 2) model pixels; labels (2,); name is what the object is called, "" where nobody
    says it.
    """

    kind: str
    row: Row
    object_index: int
    image_hw: np.ndarray
    target_hw: np.ndarray
    points: np.ndarray
    labels: np.ndarray
    name: str = ""

    @property
    def organ(self) -> str:
        return self.row.organ


@dataclass(frozen=True)
class Validation:
    """What a model did on some views.

    Attributes:
        dice: mean Dice by "kind/organ", the ellipse's in the same boxes as "ellipse/organ".
        picture: RGB (H, W, 3).
        scores: Dice of each view, in their order.
    """

    dice: dict[str, float]
    picture: np.ndarray
    scores: tuple[float, ...]

    @property
    def skill(self) -> float:
        """The share of what the ellipse leaves open that was won: of Dice over organs, boxes and clicks
        alike.
        """
        ours, ellipse = (self._mean("box/") + self._mean("click/")) / 2, self._mean("ellipse/")
        return (ours - ellipse) / max(1.0 - ellipse, 1e-6)

    def _mean(self, kind: str) -> float:
        return float(np.mean([value for name, value in self.dice.items() if name.startswith(kind)]))


def views_of(split: SelectionSplit, size: int, stretch: float = 1.0, most: int = MOST_IMAGES) -> list[View]:
    """Two views of each object on evenly spaced images, `stretch` as in `geometry.region_around`; the same at
    every call.
    """
    stride = -(-len(split) // most)
    return [
        view for index, row in enumerate(split.rows[::stride]) for view in _views(row, index, size, stretch)
    ]


def validate(
    model: PromptableModel, views: Sequence[View], batch: int = 32, named: bool = False
) -> Validation:
    """Dice on all views in eval mode, without gradient, and up to TILES of them as a picture; with `named`
    prompts say what the objects are called, where the model has learned it.
    """
    was_training = model.training
    model.eval()
    found: dict[str, list[float]] = defaultdict(list)
    scores: list[float] = []
    shown: list[tuple[View, np.ndarray, float]] = []
    every = max(1, len(views) // TILES) | 1  # odd, so that boxes and clicks are both shown: they alternate
    with torch.no_grad():
        for start in range(0, len(views), batch):
            part = views[start : start + batch]
            for index, (view, answer) in enumerate(
                zip(part, _answers(model, part, named), strict=True), start
            ):
                score = dice(answer, view.target_hw > 127)
                scores.append(score)
                found[f"{view.kind}/{view.organ}"].append(score)
                if view.kind == "box":
                    found[f"ellipse/{view.organ}"].append(
                        dice(_ellipse(view, model.input_size), view.target_hw > 127)
                    )
                if index % every == 0 and len(shown) < TILES:
                    shown.append((view, answer, score))
    model.train(was_training)
    means = {name: float(np.mean(values)) for name, values in sorted(found.items())}
    return Validation(means, _sheet(shown), tuple(scores))


def _views(row: Row, seed: int, size: int, stretch: float) -> list[View]:
    image, ids = read_row(row)
    pixels = image.pixels_hw
    rng = np.random.default_rng(seed)
    views: list[View] = []
    for object_index, true in enumerate(objects_in(ids, row.dataset)):
        target = true.astype(np.float32) * 255.0
        box = jitter_box(exact_box(true), 0.1, rng)
        for kind, region in (
            ("box", region_around(box, Passes().crop_scale, stretch)),
            ("click", whole(true.shape)),
        ):
            to_model = ModelMap(region, size)
            points, labels = _prompt(kind, box, true)
            seen = to_model.sample(target).astype(np.uint8)
            place = to_model.to_model(points)
            name = row.structure_of(int(ids[true][0]))
            views.append(View(kind, row, object_index, to_model.sample(pixels), seen, place, labels, name))
    return views


def _prompt(kind: str, box: Box, true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if kind == "box":
        return np.array(box, np.float64).reshape(2, 2), np.array([2, 3])
    return np.array([centre_click(true), (0.0, 0.0)]), np.array([1, -1])


def _answers(model: PromptableModel, views: Sequence[View], named: bool) -> np.ndarray:
    """bool (V, S, S). Prompts that say a name and those that don't are decoded by themselves: a model sees
    padding, and would answer a prompt that says nothing otherwise than where it is used.
    """
    said = [labels_of_name(view.name, model.structures) if named else () for view in views]
    found = np.zeros((len(views), *views[0].target_hw.shape), np.bool_)
    for by_name in (True, False):
        places = [place for place, labels in enumerate(said) if bool(labels) is by_name]
        if places:
            found[places] = _answers_alike(model, [views[i] for i in places], [said[i] for i in places])
    return found


def _answers_alike(
    model: PromptableModel, views: Sequence[View], said: Sequence[tuple[int, ...]]
) -> np.ndarray:
    """bool (V, S, S), of prompts that all say names by as many labels, or none."""
    device, grid = model.device, model.input_size // 4
    images = torch.from_numpy(np.stack([view.image_hw for view in views])).to(device)
    points = torch.from_numpy(np.stack([view.points for view in views])).to(device).float()
    labels = torch.from_numpy(np.stack([view.labels for view in views])).to(device)
    points = F.pad(points, (0, 0, 0, len(said[0])))
    labels = torch.cat([labels, torch.tensor(said, dtype=labels.dtype, device=device)], dim=1)
    no_masks, none = (
        torch.zeros(len(views), 1, grid, grid, device=device),
        torch.zeros(len(views), device=device),
    )
    logits, _, _ = model.decode(model.encode(images), points, labels, no_masks, none)
    fine = F.interpolate(
        logits.float().unsqueeze(1), size=images.shape[1:], mode="bilinear", align_corners=False
    )
    return np.asarray((fine[:, 0] > 0).numpy(force=True))


def _ellipse(view: View, size: int) -> np.ndarray:
    points, labels = torch.from_numpy(view.points).float()[None], torch.from_numpy(view.labels)[None]
    return np.asarray((box_ellipse(points, labels, size, size)[0, 0] > 0).numpy())


def _sheet(shown: Sequence[tuple[View, np.ndarray, float]]) -> np.ndarray:
    tiles = []
    for view, answer, _ in shown:
        canvas = cv2.cvtColor(view.image_hw, cv2.COLOR_GRAY2RGB)
        for mask, colour in ((view.target_hw > 127, TRUE_COLOUR), (answer, FOUND_COLOUR)):
            outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
            cv2.drawContours(canvas, outlines, -1, colour, max(1, canvas.shape[0] // 256), cv2.LINE_AA)
        tiles.append(np.asarray(canvas))
    captions = [
        f"{view.organ}, {view.kind}\nDice {score:.3f}: truth yellow, answer blue" for view, _, score in shown
    ]
    return contact_sheet(tiles, captions, columns=4, tile_hw=(240, 240))
