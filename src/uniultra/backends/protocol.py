"""What an engine must do: turn pixels into features, and prompts on features into logits. No state between
calls.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from uniultra.model_facts import ModelFacts
from uniultra.types import Features


class Backend(Protocol):
    """One loaded model. Both methods are pure and may be called from several threads."""

    @property
    def facts(self) -> ModelFacts:
        """What the model is called, the side of its input, and how it is to be prompted."""
        ...

    def encode(self, images_bhw: np.ndarray) -> Features:
        """Grey uint8 images (B, S, S) to features of batch B."""
        ...

    def decode(
        self,
        features: Features,
        points: np.ndarray,
        labels: np.ndarray,
        masks: np.ndarray,
        has_mask: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """P prompts on features of batch 1.

        Args:
            features: batch 1.
            points: (P, N, 2) float32 model pixels.
            labels: (P, N) int64; 1, 0, 2 and 3 (box corners), -1 (padding, which models see: none where it
                can be helped).
            masks: (P, 1, S/4, S/4) float32 logits of previous masks.
            has_mask: (P,) float32, 1 where `masks` counts.

        Returns:
            logits (P, S/4, S/4) float32 and quality (P,) float32, the predicted IoU.
        """
        ...
