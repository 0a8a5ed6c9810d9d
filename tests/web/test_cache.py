"""The embedding cache: the same answers, made once, within its bytes."""

from __future__ import annotations

import numpy as np
import pytest

from uniultra.backends.protocol import Backend
from uniultra.segmenter import Segmenter
from uniultra.types import Features, Frame, Prompt
from uniultra.web.cache import CachedBackend, EmbeddingCache, size_of


def features(bytes_: int) -> Features:
    return Features(np.zeros(bytes_, np.uint8), np.zeros(0, np.uint8), np.zeros(0, np.uint8))


def test_the_least_recently_used_goes_first() -> None:
    cache = EmbeddingCache(250)
    for name in "ab":
        cache.put((name, b""), features(100))
    assert cache.get(("a", b"")) is not None
    cache.put(("c", b""), features(100))
    assert cache.get(("b", b"")) is None
    assert cache.get(("a", b"")) is not None
    assert (cache.state.bytes, cache.state.hits, cache.state.misses) == (200, 2, 1)


def test_it_never_holds_more_than_it_may() -> None:
    cache, chance = EmbeddingCache(1000), np.random.default_rng(0)
    for _ in range(300):
        key = (str(chance.integers(5)), bytes([chance.integers(40)]))
        if cache.get(key) is None:
            cache.put(key, features(int(chance.integers(1, 1200))))
        if chance.random() < 0.05:
            cache.forget([str(chance.integers(5))])
        assert cache.state.bytes <= 1000
        assert cache.state.bytes == sum(size_of(kept) for kept in cache._kept.values())


def test_forgetting_drops_one_image_alone() -> None:
    cache = EmbeddingCache(1000)
    for key in (("a", b"1"), ("a", b"2"), ("b", b"1")):
        cache.put(key, features(10))
    cache.forget(["a", "unknown"])
    assert cache.state.bytes == 10
    assert cache.get(("b", b"1")) is not None


@pytest.mark.parametrize(
    "prompt",
    [Prompt(box_xyxy=(48, 28, 122, 82)), Prompt(points_xy=((85, 55),), point_labels=(1,))],
    ids=["box", "click"],
)
def test_a_cached_engine_gives_the_same_and_encodes_once(
    backend: Backend, frame: Frame, prompt: Prompt
) -> None:
    cache = EmbeddingCache(10**9)
    cached = Segmenter(CachedBackend(backend, cache, "a"))
    [expected] = Segmenter(backend).segment(frame, [prompt])
    made = []
    for _ in range(3):
        [answer] = cached.segment(frame, [prompt])
        np.testing.assert_array_equal(answer.logits_hw, expected.logits_hw)
        assert answer.quality == expected.quality
        made.append(cache.state.misses)
    assert made == [made[0]] * 3
    assert made[0] >= (1 if prompt.box_xyxy else 2)


def test_images_are_kept_apart(backend: Backend, frame: Frame) -> None:
    cache = EmbeddingCache(10**9)
    for name in "ab":
        Segmenter(CachedBackend(backend, cache, name)).encode(frame)
    assert cache.state.misses == 2
