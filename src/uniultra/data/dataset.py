"""Training examples: one object of one image, seen in a region, with the first prompt of a person who points
at it.

Two views are drawn, as `segment` uses them: `focus`, a region around the prompt, and `whole`, the frame. A
focus view knows where to look from a box (the user's, or the coarse answer's, which is wrong by more).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from torch.utils.data import Dataset

from uniultra.box_fit import CORNER_LABELS, FIT_LIMIT
from uniultra.data.augmentation import draw_appearance, draw_placement, ending_within
from uniultra.data.draws import SampleSpec
from uniultra.data.loading import read_row
from uniultra.data.manifest import SMALLEST_OBJECT, Row, objects_in
from uniultra.data.marks import marked
from uniultra.data.prompt_simulation import (
    jitter_box,
    random_click,
    sam2_box,
    uniform_click,
    widen_box,
)
from uniultra.data.splits import TrainSplit
from uniultra.data.unnamed import draw_region
from uniultra.errors import DataError
from uniultra.geometry import ModelMap, blurred_to_shrink, region_around, whole
from uniultra.named import NAME_POINTS, labels_of_name
from uniultra.pixel_scale import Box
from uniultra.types import POSITIVE, Region

POINTS = 3
"""Slots for the first prompt's points: two box corners and one click."""


@dataclass(frozen=True)
class _Object:
    image: np.ndarray
    ids: np.ndarray
    value: int
    dataset: str
    name: str = ""


class PromptDataset(Dataset):
    """All objects of the train split, held in memory as uint8 (grey JPEG of 512 px: about 0.3 MB an image).

    An item's key is draw * len + index, as `DrawSampler` gives them: the draw alone seeds the example, so
    neither workers nor an interruption change what is seen. An item is a dict of tensors: image (S, S) uint8,
    target (S, S) float 0..1, points (N, 2), labels (N,), mask (1, S/4, S/4) logits, has_mask () 1 or 0; N is
    3, and with `spec.structures` NAME_POINTS more.
    """

    def __init__(
        self, split: TrainSplit, spec: SampleSpec, seed: int = 0, replay: TrainSplit | None = None
    ) -> None:
        """`replay`: images of what the model knows already, to be mixed in by `weights`.

        Raises:
            DataError: an image can't be read, or `split` shows no object.
        """
        self.spec = spec
        self.seed = seed
        own = [item for row in split for item in _load(row)]
        if not own:
            raise DataError(
                f"the {len(split)} images to train on show no object of {SMALLEST_OBJECT} pixels or more; "
                "check their masks"
            )
        self.own = len(own)
        self.objects = own + [item for row in replay or () for item in _load(row)]

    def __len__(self) -> int:
        return len(self.objects)

    def weights(self, favour: Mapping[str, float] | None = None, replay_share: float = 0.0) -> np.ndarray:
        """Sampling weight an object: sets count by the square root of their size, so that none drowns the
        others.

        Args:
            favour: factors for the sets that need more, by name; 1 for the others.
            replay_share: share of the draws that fall on replayed objects, where there are any.
        """
        weights = self._root_weights(favour or {})
        if self.own < len(self.objects):
            for part, share in ((slice(self.own), 1.0 - replay_share), (slice(self.own, None), replay_share)):
                weights[part] *= share / weights[part].sum()
        return weights

    def _root_weights(self, favour: Mapping[str, float]) -> np.ndarray:
        names, which, counts = np.unique(
            [item.dataset for item in self.objects], return_inverse=True, return_counts=True
        )
        factors = np.array([favour.get(str(name), 1.0) for name in names])
        return np.asarray((counts**-0.5 * factors)[which])

    def __getitem__(self, key: int) -> dict[str, torch.Tensor]:
        draw, index = divmod(key, len(self.objects))
        return draw_example(self.objects[index], self.spec, np.random.default_rng((self.seed, draw)))

    def unnamed(self, draw: int, index: int) -> dict[str, torch.Tensor]:
        """An item whose target is a region of the object's image that no label names."""
        item, rng = self.objects[index], np.random.default_rng((self.seed, draw))
        region = draw_region(item.image, item.ids == item.value, rng)
        region_item = replace(item, ids=region.astype(np.uint8), value=1, name="")
        return draw_example(region_item, self.spec, rng)


def _load(row: Row) -> list[_Object]:
    frame, ids = read_row(row)
    labelled = np.zeros(ids.shape, np.uint8)
    names = []
    for number, single in enumerate(objects_in(ids, row.dataset), start=1):
        labelled[single] = number
        names.append(row.structure_of(int(ids[single][0])))
    return [
        _Object(frame.pixels_hw, labelled, value, row.dataset, name)
        for value, name in enumerate(names, start=1)
    ]


def draw_example(item: _Object, spec: SampleSpec, rng: np.random.Generator) -> dict[str, torch.Tensor]:
    """One augmented view with its first prompt."""
    if _chance(spec.edge_share, rng):
        window = ending_within(item.ids == item.value, rng)
        item = replace(item, image=item.image[window], ids=item.ids[window])
    mask = (item.ids == item.value).astype(np.uint8)
    outline = np.concatenate(
        [c[:, 0] for c in cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]]
    )
    placed = draw_placement(rng, spec.rotation, spec.mirror_share).matrix(tuple(outline.mean(axis=0)))
    turned = outline @ placed[:, :2].T + placed[:, 2]
    low, high = turned.min(axis=0) - 0.5, turned.max(axis=0) + 0.5
    true_box: Box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))

    view_whole = rng.random() < spec.whole_share
    with_box = rng.random() < (0.3 if view_whole else spec.box_share)
    with_click = not with_box or rng.random() < 0.1
    near = not view_whole and not with_box and _chance(spec.near_share, rng)
    fitting = with_box and _chance(spec.fit_share, rng)
    if fitting:
        prompt_box, fit = _fitting_box(true_box, spec, rng)
    else:
        prompt_box, fit = _draw_box(true_box, not with_box, mask.shape, spec, rng), ""
    scale = float(rng.uniform(*spec.focus_scale))
    click = _draw_click(mask, placed, spec, rng) if near else None
    if click is not None:
        region = _around_click(click, mask.shape, spec, rng)
    else:
        region = whole(mask.shape) if view_whole else region_around(prompt_box, scale, spec.focus_stretch)
    to_model = ModelMap(region, spec.image_size)

    target = warp(mask * np.uint8(255), to_model, placed).astype(np.float32) / 255.0
    image = changed(warp(item.image, to_model, placed), target, spec, rng)
    keep_box = with_box or (not view_whole and not near and rng.random() >= spec.bare_share)
    points, labels = _box_corners(prompt_box if keep_box else None, to_model, fit)
    if click is not None:
        points[2], labels[2] = to_model.to_model(np.array(click)), POSITIVE
    elif with_click and (target > 0.5).any():
        points[2], labels[2] = _click_in(target > 0.5, spec, rng), POSITIVE
    previous = _rough_mask(target, spec.image_size // 4, rng) if rng.random() < spec.mask_share else None
    if previous is not None and rng.random() < spec.alone_share:
        labels[:] = -1
    if spec.structures:
        points, labels = _with_name(points, labels, item.name, spec, rng)
    grid = spec.image_size // 4
    return {
        "image": torch.from_numpy(image),
        "target": torch.from_numpy(target),
        "points": torch.from_numpy(points),
        "labels": torch.from_numpy(labels),
        "mask": torch.zeros(1, grid, grid) if previous is None else torch.from_numpy(previous)[None],
        "has_mask": torch.tensor(0.0 if previous is None else 1.0),
    }


def changed(
    view_hw: np.ndarray, target_hw: np.ndarray, spec: SampleSpec, rng: np.random.Generator
) -> np.ndarray:
    """A view (S, S) uint8 with another appearance and with marks over it, or as it is. Marks measure the
    target (S, S), where there is one.
    """
    view_hw = view_hw if _chance(spec.calm_share, rng) else draw_appearance(rng).apply(view_hw)
    return marked(view_hw, target_hw, rng) if _chance(spec.marks_share, rng) else view_hw


def _chance(share: float, rng: np.random.Generator) -> bool:
    """True in `share` of the calls. A share of 0 takes nothing from the generator, so that earlier settings
    draw what they drew.
    """
    return share > 0 and rng.random() < share


def _draw_box(
    true_box: Box, rough: bool, frame_hw: tuple[int, int], spec: SampleSpec, rng: np.random.Generator
) -> Box:
    if rough:
        return jitter_box(true_box, float(rng.uniform(0.0, spec.rough_jitter)), rng)
    kind = rng.random()
    if kind < spec.exact_share:
        return true_box
    if kind < spec.exact_share + spec.margin_share:
        return widen_box(true_box, float(rng.uniform(spec.margin_low, spec.margin_high)))
    if kind < spec.exact_share + spec.margin_share + spec.sam2_share:
        return sam2_box(true_box, frame_hw, rng)
    return jitter_box(true_box, float(rng.uniform(0.0, spec.box_jitter)), rng)


def _fitting_box(true_box: Box, spec: SampleSpec, rng: np.random.Generator) -> tuple[Box, str]:
    """A box drawn to be tight or loose, and which it is; loose ones have one margin on all sides, or four."""
    if rng.random() < 0.5:
        return jitter_box(true_box, FIT_LIMIT * float(rng.integers(2)), rng), "tight"
    margins = rng.uniform(FIT_LIMIT, max(spec.margin_high, FIT_LIMIT), 4)
    if rng.random() < 0.5:
        margins[:] = margins[0]
    x0, y0, x1, y1 = true_box
    sides = np.array([x0 - x1, y0 - y1, x1 - x0, y1 - y0])
    left, top, right, bottom = (float(edge) for edge in np.array(true_box) + margins * sides)
    return (left, top, right, bottom), "loose"


def _click_in(mask_hw: np.ndarray, spec: SampleSpec, rng: np.random.Generator) -> tuple[float, float]:
    return uniform_click(mask_hw, rng) if _chance(spec.anywhere_share, rng) else random_click(mask_hw, rng)


def _draw_click(
    mask_hw: np.ndarray, placed: np.ndarray, spec: SampleSpec, rng: np.random.Generator
) -> tuple[float, float]:
    """A click on the object, where `placed` turns it to."""
    x, y = placed @ (*_click_in(mask_hw > 0, spec, rng), 1.0)
    return float(x), float(y)


def _around_click(
    click: tuple[float, float], frame_hw: tuple[int, int], spec: SampleSpec, rng: np.random.Generator
) -> Region:
    """The square that a closer first look at a click shows."""
    return region_around((*click, *click), 1.0, min_side=float(rng.uniform(*spec.near_side)) * max(frame_hw))


def warp(pixels_hw: np.ndarray, to_model: ModelMap, placed: np.ndarray) -> np.ndarray:
    """Turns, mirrors and cuts in one interpolation; blurs first where the view shrinks the image."""
    matrix = to_model.matrix() @ np.vstack([placed, [0.0, 0.0, 1.0]])
    across, down = np.linalg.norm(matrix[:, :2], axis=0)  # model pixels a source pixel
    pixels_hw = blurred_to_shrink(pixels_hw, across, down)
    return cv2.warpAffine(pixels_hw, matrix, (to_model.size, to_model.size), flags=cv2.INTER_LINEAR)


def _box_corners(box: Box | None, to_model: ModelMap, fit: str = "") -> tuple[np.ndarray, np.ndarray]:
    """The slots for the first prompt's points, with a box's corners where there is one."""
    points, labels = np.zeros((POINTS, 2), np.float32), np.full(POINTS, -1, np.int64)
    if box is not None:
        points[:2] = to_model.to_model(np.array(box).reshape(2, 2))
        labels[:2] = CORNER_LABELS[fit]
    return points, labels


def _with_name(
    points: np.ndarray, labels: np.ndarray, name: str, spec: SampleSpec, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The first prompt's points and labels, and those that tell the structure's name; padding where it isn't
    told.
    """
    given = labels_of_name(name, spec.structures) if _chance(spec.named_share, rng) else ()
    more = np.array(given or (-1,) * NAME_POINTS, labels.dtype)
    return np.concatenate([points, np.zeros((NAME_POINTS, 2), points.dtype)]), np.concatenate([labels, more])


def _rough_mask(target: np.ndarray, grid: int, rng: np.random.Generator) -> np.ndarray:
    """A previous answer that is about right: the truth shifted, grown or shrunk, and blurred; logits (grid,
    grid) float32.
    """
    small = cv2.resize(target, (grid, grid), interpolation=cv2.INTER_AREA)
    side = np.sqrt(max(float(small.sum()), 1.0))
    shift = rng.normal(0.0, 0.06 * side, 2)
    moved = cv2.warpAffine(small, np.array([[1, 0, shift[0]], [0, 1, shift[1]]]), (grid, grid))
    soft = cv2.GaussianBlur(moved, (0, 0), float(rng.uniform(0.5, 0.5 + 0.12 * side)))
    return (np.clip((soft - rng.uniform(0.3, 0.7)) * 2.0, -1.0, 1.0) * rng.uniform(4.0, 8.0)).astype(
        np.float32
    )
