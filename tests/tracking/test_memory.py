"""A long cine takes no more memory than a short one. `python -m pytest -m slow tests/tracking/test_memory.py`
runs the long ones.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator

import numpy as np
import psutil
import pytest

from phantoms import ellipse, speckled
from test_segmenter import DarkIsInside
from uniultra.segmenter import Segmenter
from uniultra.tracking import track
from uniultra.types import Cine, Frame, Prompt

HW = (160, 240)
MOST_GROWTH = 20 * 2**20
"""Bytes, over 10,000 frames."""
KNOWN = [speckled(ellipse(HW, (100 + 4 * (n % 10), 80), (26, 20)), n) for n in range(20)]


def generated(count: int) -> Cine:
    """A cine whose frames are made when they are read, each an array of its own."""

    def read(number: int) -> Frame:
        return Frame(np.roll(KNOWN[number % 20].pixels_hw, number % 3, axis=0))

    def stream() -> Iterator[Frame]:
        return (read(number) for number in range(count))

    return Cine("generated", HW, count, read, stream, in_order=True)


def growth(count: int, at: int, warm: int = 300) -> int:
    """By how many bytes the process grows from `warm` frames to the last one, tracked from frame `at`."""
    process, begun, done = psutil.Process(), 0, 0
    for done, result in enumerate(track(Segmenter(DarkIsInside()), generated(count), {at: {1: BOX}})):
        assert result.objects[0].mask.mask_hw.any()
        if done == warm:
            gc.collect()
            begun = process.memory_info().rss
    assert done == count - 1
    gc.collect()
    return int(process.memory_info().rss - begun)


BOX = Prompt((73.5, 59.5, 126.5, 100.5))


@pytest.mark.slow
def test_ten_thousand_frames_forwards_take_no_memory() -> None:
    assert growth(10_000, 0) < MOST_GROWTH


@pytest.mark.slow
def test_ten_thousand_frames_backwards_take_little_memory() -> None:
    """Answers wait for their turn, compressed: measured from before the first one is handed out."""
    process = psutil.Process()
    gc.collect()
    before = process.memory_info().rss
    results = track(Segmenter(DarkIsInside()), generated(10_000), {9_999: {1: BOX}})
    assert next(results).number == 0
    gc.collect()
    assert process.memory_info().rss - before < MOST_GROWTH + 32 * 2**20  # and what is held of a video


def test_hundreds_of_frames_take_no_memory() -> None:
    assert growth(600, 0, warm=200) < 2 * 2**20
