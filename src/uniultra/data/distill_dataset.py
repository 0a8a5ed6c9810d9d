"""Frames without masks, for what needs no answer: a distillation's features. And the mix of them with
prompted examples.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

from uniultra.data.augmentation import draw_placement
from uniultra.data.dataset import POINTS, PromptDataset, changed, warp
from uniultra.data.draw_sampler import DrawSampler
from uniultra.data.draws import SampleSpec
from uniultra.data.loading import read_row
from uniultra.data.manifest import objects_in
from uniultra.data.splits import TrainSplit
from uniultra.geometry import ModelMap, whole
from uniultra.io.cines import chosen_frames, open_cine
from uniultra.named import NAME_POINTS
from uniultra.types import Region

MOST_FRAMES = 60
"""Of one file, evenly spaced: the frames of a cine are much alike."""


def empty_images(split: TrainSplit) -> list[np.ndarray]:
    """The pixels, uint8 (H, W), of images on which nothing is marked."""
    looked = ((*read_row(row), row.dataset) for row in split)
    return [
        frame.pixels_hw for frame, ids, dataset in looked if not any(True for _ in objects_in(ids, dataset))
    ]


def frames_of(paths: Sequence[Path]) -> list[np.ndarray]:
    """At most MOST_FRAMES of each cine, video, image, or folder of images, uint8 (H, W).

    Raises:
        FileError: a file can't be read.
    """
    found = []
    for path in paths:
        cine = open_cine(path)
        numbers = sorted({int(n) for n in np.linspace(0, cine.count - 1, min(cine.count, MOST_FRAMES))})
        found += [frame.pixels_hw for _, frame in chosen_frames(cine, numbers)]
    return found


def pixels_sha256(frames: Iterable[np.ndarray]) -> str:
    """Of frames in their order."""
    digest = hashlib.sha256()
    for frame in frames:
        digest.update(frame.tobytes())
    return digest.hexdigest()


class DistillDataset(Dataset):
    """A `PromptDataset`'s examples with `known` () 1, and views of frames without masks, of the same shapes,
    with `known` 0.

    With `views`, each object and frame has only so many views, which recur; `view` () is then the view's
    number below len * views, and -1 without.
    """

    def __init__(self, prompted: PromptDataset, frames: Sequence[np.ndarray] = (), views: int = 0) -> None:
        self.prompted = prompted
        self.frames = list(frames)
        self.views = views

    def __len__(self) -> int:
        return len(self.prompted) + len(self.frames)

    def weights(self, prompted: np.ndarray, share: float) -> np.ndarray:
        """Sampling weights: `share` of the draws are frames, where there are any."""
        if not self.frames:
            return prompted
        return np.concatenate(
            [prompted / prompted.sum() * (1.0 - share), np.full(len(self.frames), share / len(self.frames))]
        )

    def __getitem__(self, key: int) -> dict[str, torch.Tensor]:
        draw, index = divmod(key, len(self))
        view = -1
        if self.views:
            draw = view = index * self.views + draw % self.views
        number = torch.tensor(view)
        if index < len(self.prompted):
            return self.prompted[draw * len(self.prompted) + index] | {
                "known": torch.tensor(1.0),
                "view": number,
            }
        rng = np.random.default_rng((self.prompted.seed, draw))
        example = draw_view(self.frames[index - len(self.prompted)], self.prompted.spec, rng)
        return example | {"known": torch.tensor(0.0), "view": number}


class RecurringViews(Dataset):
    """The first `views` draws of a sampler, over and over: what is computed of a view can be kept.

    Rare sets get the share of the views that their weight gives them, which `DistillDataset`, with equally
    many views of each object, does not. An item's key is that of `DrawSampler` over `len`; `view` () is its
    row, and `known` () whether its target is a labelled object: in a share `unnamed` of the views it is a
    region that no label names, of which only a teacher knows anything.
    """

    def __init__(
        self, prompted: PromptDataset, weights: np.ndarray, views: int, unnamed: float = 0.0
    ) -> None:
        self.prompted = prompted
        self.unnamed = unnamed
        self.keys = list(islice(DrawSampler(weights, prompted.seed, least=views), views))

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, key: int) -> dict[str, torch.Tensor]:
        view = key % len(self.keys)
        draw, index = divmod(self.keys[view], len(self.prompted))
        known = np.random.default_rng((self.prompted.seed, draw, 1)).random() >= self.unnamed
        example = self.prompted[self.keys[view]] if known else self.prompted.unnamed(draw, index)
        return example | {"known": torch.tensor(float(known)), "view": torch.tensor(view)}


def draw_view(pixels_hw: np.ndarray, spec: SampleSpec, rng: np.random.Generator) -> dict[str, torch.Tensor]:
    """A view as an object anywhere in the frame would give it, or the whole frame; no target, no prompt."""
    height, width = pixels_hw.shape
    region = whole((height, width))
    if rng.random() >= spec.whole_share:
        side = float(rng.uniform(0.25, 1.0)) * min(height, width)
        longer = side * float(rng.uniform(1.0, spec.focus_stretch))
        half_x, half_y = (longer / 2, side / 2) if rng.random() < 0.5 else (side / 2, longer / 2)
        cx, cy = rng.uniform(0, width), rng.uniform(0, height)
        region = Region(cx - half_x, cy - half_y, cx + half_x, cy + half_y)
    placed = draw_placement(rng, spec.rotation, spec.mirror_share).matrix(
        ((region.x0 + region.x1) / 2, (region.y0 + region.y1) / 2)
    )
    target = np.zeros((spec.image_size, spec.image_size), np.float32)
    image = changed(warp(pixels_hw, ModelMap(region, spec.image_size), placed), target, spec, rng)
    grid = spec.image_size // 4
    count = POINTS + (NAME_POINTS if spec.structures else 0)
    return {
        "image": torch.from_numpy(image),
        "target": torch.from_numpy(target),
        "points": torch.zeros(count, 2),
        "labels": torch.full((count,), -1, dtype=torch.int64),
        "mask": torch.zeros(1, grid, grid),
        "has_mask": torch.tensor(0.0),
    }
