"""Real frames for int8: some to learn the range of every activation from, others to see what quantising does.
Both of `train` alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from uniultra.data.dataset import PromptDataset, SampleSpec
from uniultra.data.draw_sampler import DrawSampler
from uniultra.data.manifest import read_manifest
from uniultra.data.splits import TrainSplit, few_shot, train_split
from uniultra.errors import DataError
from uniultra.types import Features

IMAGES_AN_ORGAN = 8
"""Half of them to calibrate on, half held back to choose on."""
CALIBRATION_VIEWS, HELD_VIEWS = 64, 48


@dataclass(frozen=True)
class View:
    """One augmented view with its prompt, as the graphs take them: image (1, S, S) uint8; points (1, N, 2),
    labels (1, N), mask (1, 1, S/4, S/4), has_mask (1,).
    """

    image: np.ndarray
    points: np.ndarray
    labels: np.ndarray
    mask: np.ndarray
    has_mask: np.ndarray

    def decoder_inputs(self, features: Features) -> dict[str, np.ndarray]:
        return {
            "image_embed": features.image_embed,
            "high_res_feats_0": features.high_res_feats_0,
            "high_res_feats_1": features.high_res_feats_1,
            "point_coords": self.points,
            "point_labels": self.labels,
            "mask_input": self.mask,
            "has_mask_input": self.has_mask,
        }


def draw_views(
    manifest: Path, image_size: int, focus_stretch: float, seed: int = 0
) -> tuple[list[View], list[View]]:
    """Views to calibrate on, and views of other images to choose on; a seed gives the same ones anywhere.

    Raises:
        DataError: no such manifest, or fewer than two images to train on with an object on them.
    """
    rows = few_shot(train_split(read_manifest(manifest)), IMAGES_AN_ORGAN, seed).rows
    if len(rows) < 2:
        raise DataError(
            f"manifest '{manifest}' has 1 image of split 'train'; int8 takes 2 or more: to calibrate on, "
            "and to choose on"
        )
    spec = SampleSpec(image_size=image_size, focus_stretch=focus_stretch)
    halves = ((rows[0::2], CALIBRATION_VIEWS), (rows[1::2], HELD_VIEWS))
    calibrating, held = (_views(TrainSplit("train", part), spec, count, seed) for part, count in halves)
    return calibrating, held


def _views(split: TrainSplit, spec: SampleSpec, count: int, seed: int) -> list[View]:
    examples = PromptDataset(split, spec, seed)
    keys = iter(DrawSampler(examples.weights(), seed, least=count))
    return [_view(examples[next(keys)]) for _ in range(count)]


def _view(example: dict) -> View:
    arrays = {name: value.numpy()[None] for name, value in example.items()}
    return View(arrays["image"], arrays["points"], arrays["labels"], arrays["mask"], arrays["has_mask"])
