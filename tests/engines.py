"""Engines for tests that answer in a known way and keep what they were given."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from uniultra.model_facts import ModelFacts
from uniultra.types import Features

SIZE = 128
GRID = SIZE // 4


@dataclass(frozen=True)
class Recording:
    """Answers each prompt with `grid`, in which it sees nothing of the image.

    Attributes:
        calls: of each prompt whether it had a mask, and its labels.
        seen: of each call to the encoder how many views it was given.
    """

    facts: ModelFacts
    calls: list[tuple[bool, list[int]]] = field(default_factory=list, init=False)
    seen: list[int] = field(default_factory=list, init=False)

    def encode(self, images_bhw: np.ndarray) -> Features:
        self.seen.append(len(images_bhw))
        coarse = np.zeros((len(images_bhw), 1, GRID, GRID), np.float32)
        return Features(coarse, coarse, coarse)

    def decode(self, _: Features, *prompts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        points, labels, _masks, has_mask = prompts
        asked = [
            (bool(mask), [int(label) for label in row]) for mask, row in zip(has_mask, labels, strict=True)
        ]
        self.calls.extend(asked)
        grids = [self.grid(mask) for mask, _ in asked]
        return np.stack(grids).astype(np.float32), np.full(len(points), 0.9, np.float32)

    def grid(self, has_mask: bool) -> np.ndarray:
        """The logits (GRID, GRID) of a prompt."""
        raise NotImplementedError
