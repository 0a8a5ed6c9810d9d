"""The store of what clients work on: its bounds and its clock."""

from __future__ import annotations

import numpy as np
import pytest

from uniultra.types import Frame
from uniultra.web.held_cines import CineStore
from uniultra.web.held_images import ImageStore
from uniultra.web.problems import Problem


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def pixels(side: int = 10) -> Frame:
    return Frame(np.zeros((side, side), np.uint8))


def test_images_run_out_when_nobody_uses_them() -> None:
    clock = Clock()
    store = ImageStore(10, 10**6, idle_s=60, clock=clock)
    dropped: list[str] = []
    store.on_drop = lambda images: dropped.extend(image.id for image in images)
    first, second = store.add(pixels(), 0), store.add(pixels(), 0)
    clock.now = 50
    assert store.get(first.id) is first
    clock.now = 70
    with pytest.raises(Problem, match="404"):
        store.get(second.id)
    assert dropped == [second.id]
    clock.now = 111
    store.sweep()
    assert (dropped, len(store), store.bytes) == ([second.id, first.id], 0, 0)


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
    with pytest.raises(Problem, match="1800 bytes are more than this server holds in all; shrink it"):
        store.add(pixels(30), 0)


def test_deleted_means_gone() -> None:
    store = ImageStore(100, 1000, idle_s=30)
    image = store.add(pixels(), 0)
    store.delete(image.id)
    assert store.bytes == 0
    with pytest.raises(Problem, match="404"):
        store.delete(image.id)


def test_cines_are_bounded_by_their_files() -> None:
    store = CineStore(100, 1000, idle_s=30)
    cine = store.add(b"x" * 600, None, None, ("a", 0))  # type: ignore[arg-type]
    with pytest.raises(Problem, match="1 cines with 0 MB are held, of 100 and 0 MB"):
        store.check_room(401)
    with pytest.raises(Problem, match="the cine: 1001 bytes are more than this server holds in all; cut it"):
        store.check_room(1001)
    store.delete(cine.id)
    with pytest.raises(Problem, match="404: no cine has this id"):
        store.get("a")
    assert store.bytes == 0
