"""An answer that waits for its turn: one bit a pixel, compressed; a thousandth of the mask and its logits."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

import numpy as np

from uniultra.pixel_scale import Scale
from uniultra.results import TrackStatus
from uniultra.tracking.beginning import TrackedMask
from uniultra.tracking.state import FAR
from uniultra.types import Mask


@dataclass(frozen=True)
class Kept:
    """A tracked mask without its logits; `packed` is its bits, compressed."""

    status: TrackStatus
    confidence: float
    quality: float
    scale: Scale
    packed: bytes = field(repr=False)

    def restored(self, number: int, frame_hw: tuple[int, int]) -> TrackedMask:
        """The mask of a frame of this (height, width); its logits are +-FAR."""
        bits = np.frombuffer(zlib.decompress(self.packed), np.uint8)
        mask_hw = np.unpackbits(bits, count=frame_hw[0] * frame_hw[1]).reshape(frame_hw).astype(np.bool_)
        mask = Mask(mask_hw, np.where(mask_hw, np.float32(FAR), np.float32(-FAR)), self.quality, self.scale)
        return TrackedMask(number, mask, self.status, self.confidence, mask)


def keep(found: TrackedMask) -> Kept:
    """What is needed to write this mask later."""
    packed = zlib.compress(np.packbits(found.mask.mask_hw).tobytes(), 1)
    return Kept(found.status, found.confidence, found.mask.quality, found.mask.scale, packed)
