"""The images that clients work on: held in memory alone, bounded in number and bytes, dropped when nobody
uses them.
"""

from __future__ import annotations

import math
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from uniultra.types import Frame
from uniultra.web.dicom_messages import Origin
from uniultra.web.problems import Problem
from uniultra.web.settings import KEPT_MASKS

_LONGEST_WAIT_S = 60
"""Retry-After is never longer: others may delete theirs before they run out."""


@dataclass
class HeldImage:
    """One image: its pixels, the answers it was given (mask id to COCO's text), the lane that has its
    embeddings, and what DICOM results refer to (None where it isn't DICOM).
    """

    id: str
    frame: Frame
    lane: int
    used: float
    masks: OrderedDict[str, str] = field(default_factory=OrderedDict)
    origin: Origin | None = field(default=None, repr=False)

    @property
    def size_hw(self) -> tuple[int, int]:
        return self.frame.height, self.frame.width

    @property
    def bytes(self) -> int:
        """What the image may take: its pixels, and as much again of kept masks."""
        return 2 * int(self.frame.pixels_hw.nbytes)

    def keep(self, counts: str) -> str | None:
        """Keeps an answer to be named later, the oldest making room. Its id; None where it is larger than all
        the room.
        """
        room = int(self.frame.pixels_hw.nbytes)
        if len(counts) > room:
            return None
        name = secrets.token_urlsafe(9)
        self.masks[name] = counts
        while len(self.masks) > KEPT_MASKS or sum(map(len, self.masks.values())) > room:
            self.masks.popitem(last=False)
        return name


class ImageStore:
    """Images by id, oldest use first. Belongs to the event loop: nothing is locked.

    `clock` is in seconds; `on_gone` hears of images that were deleted or ran out.
    """

    def __init__(
        self, most: int, max_bytes: int, idle_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.most, self.max_bytes, self.idle_s, self.clock = most, max_bytes, idle_s, clock
        self.on_gone: Callable[[list[HeldImage]], None] = lambda gone: None
        self.bytes = 0
        self._held: OrderedDict[str, HeldImage] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def count(self, lane: int) -> int:
        """Images of one lane."""
        return sum(image.lane == lane for image in self._held.values())

    def check_room(self, pixels: int = 0) -> None:
        """Passes where another image of so many pixels has room. Raises Problem: full."""
        self.sweep()
        if len(self._held) < self.most and self.bytes + 2 * pixels <= self.max_bytes:
            return
        if 2 * pixels > self.max_bytes:
            raise Problem(
                "image", f"the image: {pixels} pixels are more than this server holds in all; shrink it"
            )
        oldest = next(iter(self._held.values()))
        wait = min(max(1, math.ceil(oldest.used + self.idle_s - self.clock())), _LONGEST_WAIT_S)
        held = (
            f"{len(self._held)} images with {self.bytes / 1e6:.0f} MB are held, of {self.most} and "
            f"{self.max_bytes / 1e6:.0f} MB"
        )
        raise Problem("full", f"{held}; delete those that you are done with, or wait", retry_s=wait)

    def add(self, frame: Frame, lane: int, origin: Origin | None = None) -> HeldImage:
        """Holds a frame under a new id that can't be guessed. Raises Problem: full."""
        self.check_room(int(frame.pixels_hw.size))
        image = HeldImage(secrets.token_urlsafe(18), frame, lane, self.clock(), origin=origin)
        self._held[image.id] = image
        self.bytes += image.bytes
        return image

    def get(self, image_id: str) -> HeldImage:
        """An image, whose time begins anew. Raises Problem: no-image."""
        self.sweep()
        image = self._held.get(image_id)
        if image is None:
            raise Problem(
                "no-image", "no image has this id; it was deleted, or not used for too long: upload it again"
            )
        image.used = self.clock()
        self._held.move_to_end(image_id)
        return image

    def delete(self, image_id: str) -> None:
        """Drops an image. Raises Problem: no-image."""
        self._drop([self.get(image_id)])

    def sweep(self) -> None:
        """Drops what nobody used for `idle_s`."""
        oldest = self.clock() - self.idle_s
        gone = []
        for image in self._held.values():
            if image.used > oldest:
                break
            gone.append(image)
        self._drop(gone)

    def _drop(self, gone: list[HeldImage]) -> None:
        for image in gone:
            del self._held[image.id]
            self.bytes -= image.bytes
        if gone:
            self.on_gone(gone)
