"""What is kept of an image's answers, and ids."""

from __future__ import annotations

import numpy as np

from uniultra.types import Frame
from uniultra.web.held_images import ImageStore
from uniultra.web.settings import KEPT_MASKS


def pixels(side: int = 10) -> Frame:
    return Frame(np.zeros((side, side), np.uint8))


def test_masks_are_kept_within_their_room() -> None:
    image = ImageStore(100, 10**6, idle_s=30).add(pixels(), 0)
    names = [image.keep("x", 0.5) for _ in range(KEPT_MASKS + 3)]
    assert list(image.masks) == names[3:]
    assert image.keep("y" * 101, 0.5) is None
    last = image.keep("y" * 100, 0.5)
    assert list(image.masks) == [last]


def test_ids_are_not_guessed() -> None:
    store = ImageStore(1000, 10**6, idle_s=30)
    ids = {store.add(pixels(), 0).id for _ in range(100)}
    assert len(ids) == 100
    assert min(map(len, ids)) >= 24
