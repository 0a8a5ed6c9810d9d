"""The images that clients work on, with the answers that are kept of each."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple

from uniultra.types import Frame
from uniultra.web.held import Store
from uniultra.web.messages import Origin
from uniultra.web.settings import KEPT_MASKS


class KeptMask(NamedTuple):
    """An answer: its mask as COCO's text, and its quality."""

    counts: str
    quality: float


@dataclass
class HeldImage:
    """One image: its pixels, the answers it was given by their ids, the lane that has its embeddings, and
    what DICOM results refer to (None where it isn't DICOM).
    """

    id: str
    frame: Frame
    lane: int
    used: float
    masks: OrderedDict[str, KeptMask] = field(default_factory=OrderedDict)
    origin: Origin | None = field(default=None, repr=False)

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.frame.height, self.frame.width

    @property
    def bytes(self) -> int:
        """What the image may take: its pixels, and as much again of kept masks."""
        return 2 * int(self.frame.pixels_hw.nbytes)

    def keep(self, counts: str, quality: float) -> str | None:
        """Keeps an answer to be named later, the oldest making room. Its id; None where it is larger than all
        the room.
        """
        room = int(self.frame.pixels_hw.nbytes)
        if len(counts) > room:
            return None
        name = secrets.token_urlsafe(9)
        self.masks[name] = KeptMask(counts, quality)
        while len(self.masks) > KEPT_MASKS or sum(len(one.counts) for one in self.masks.values()) > room:
            self.masks.popitem(last=False)
        return name


class ImageStore(Store[HeldImage]):
    """Images by id."""

    kind, fix = "image", "shrink it"

    def count(self, lane: int) -> int:
        """Images of one lane."""
        return sum(image.lane == lane for image in self._held.values())

    def add(self, frame: Frame, lane: int, origin: Origin | None = None) -> HeldImage:
        """Holds a frame under a new id that can't be guessed. Raises Problem: full."""
        return self.hold(HeldImage(secrets.token_urlsafe(18), frame, lane, self.clock(), origin=origin))
