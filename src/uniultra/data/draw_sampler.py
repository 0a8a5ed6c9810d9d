"""Which example is drawn when: by weight, with replacement, every draw with a number of its own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler


class DrawSampler(Sampler[int]):
    """An epoch of keys for `PromptDataset`: objects drawn by their weights with replacement, every draw with
    its own number.
    """

    def __init__(self, weights: np.ndarray, seed: int, least: int = 0) -> None:
        """`least`: draws an epoch where there are fewer objects than that, so that a handful of images fills
        a batch.
        """
        self.weights = weights / weights.sum()
        self.seed = seed
        self.length = max(len(weights), least)
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch, and on resume."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[int]:
        count = len(self.weights)
        picks = np.random.default_rng((self.seed, self.epoch)).choice(count, size=self.length, p=self.weights)
        first = self.epoch * self.length
        yield from (int((first + position) * count + pick) for position, pick in enumerate(picks))
