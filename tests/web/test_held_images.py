"""The store of images: its bounds, its clock, and what it keeps of answers."""

from __future__ import annotations

import numpy as np
import pytest

from uniultra.types import Frame
from uniultra.web.held_images import ImageStore
from uniultra.web.problems import Problem
from uniultra.web.settings import KEPT_MASKS


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def pixels(side: int = 10) -> Frame:
    return Frame(np.zeros((side, side), np.uint8))


def test_images_run_out_when_nobody_uses_them() -> None:
    clock = Clock()
    store = ImageStore(10, 10**6, idle_s=60, clock=clock)
    gone: list[str] = []
    store.on_gone = lambda images: gone.extend(image.id for image in images)
    first, second = store.add(pixels(), 0), store.add(pixels(), 0)
    clock.now = 50
    assert store.get(first.id) is first
    clock.now = 70
    with pytest.raises(Problem, match="404"):
        store.get(second.id)
    assert gone == [second.id]
    clock.now = 111
    store.sweep()
    assert (gone, len(store), store.bytes) == ([second.id, first.id], 0, 0)


def test_a_full_store_says_when_to_come_back() -> None:
    clock = Clock()
    store = ImageStore(2, 10**6, idle_s=30, clock=clock)
    store.add(pixels(), 0)
    clock.now = 12.5
    store.add(pixels(), 0)
    with pytest.raises(Problem, match="2 images with 0 MB are held, of 2 and 1 MB") as caught:
        store.check_room()
    assert caught.value.headers["retry-after"] == "18"
    clock.now = 31
    store.check_room()


def test_bytes_are_bounded() -> None:
    store = ImageStore(100, 1000, idle_s=30)
    store.add(pixels(20), 0)
    with pytest.raises(Problem, match="are held"):
        store.add(pixels(11), 0)
    assert store.bytes == 800
    with pytest.raises(Problem, match="900 pixels are more than this server holds"):
        store.add(pixels(30), 0)


def test_deleted_means_gone() -> None:
    store = ImageStore(100, 1000, idle_s=30)
    image = store.add(pixels(), 0)
    store.delete(image.id)
    assert store.bytes == 0
    with pytest.raises(Problem, match="404"):
        store.delete(image.id)


def test_masks_are_kept_within_their_room() -> None:
    image = ImageStore(100, 10**6, idle_s=30).add(pixels(), 0)
    names = [image.keep("x") for _ in range(KEPT_MASKS + 3)]
    assert list(image.masks) == names[3:]
    assert image.keep("y" * 101) is None
    last = image.keep("y" * 100)
    assert list(image.masks) == [last]


def test_ids_are_not_guessed() -> None:
    store = ImageStore(1000, 10**6, idle_s=30)
    ids = {store.add(pixels(), 0).id for _ in range(100)}
    assert len(ids) == 100
    assert min(map(len, ids)) >= 24
