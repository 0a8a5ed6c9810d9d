"""Embeddings kept between requests, so that an image is encoded once for many prompts. Bounded in bytes;
least recently used go first.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import astuple, dataclass

import numpy as np

from uniultra.backends.protocol import Backend
from uniultra.model_facts import ModelFacts
from uniultra.types import Features
from uniultra.web.messages import CacheState

Key = tuple[str, bytes]


class EmbeddingCache:
    """Features by image and view. One thread's own: nothing is locked."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._kept: OrderedDict[Key, Features] = OrderedDict()
        self._bytes = self._hits = self._misses = 0

    @property
    def state(self) -> CacheState:
        return CacheState(self._bytes, self._hits, self._misses)

    def get(self, key: Key) -> Features | None:
        found = self._kept.get(key)
        if found is None:
            self._misses += 1
            return None
        self._hits += 1
        self._kept.move_to_end(key)
        return found

    def put(self, key: Key, features: Features) -> None:
        """Keeps an embedding, unless it alone is over the limit."""
        if size_of(features) > self.max_bytes or key in self._kept:
            return
        self._kept[key] = features
        self._bytes += size_of(features)
        while self._bytes > self.max_bytes:
            self._bytes -= size_of(self._kept.popitem(last=False)[1])

    def forget(self, image_ids: Iterable[str]) -> None:
        """Drops all that belongs to these images."""
        gone = set(image_ids)
        for key in [key for key in self._kept if key[0] in gone]:
            self._bytes -= size_of(self._kept.pop(key))


@dataclass(frozen=True)
class CachedBackend:
    """An engine that encodes a view of one image only where the cache doesn't have it. A view is known by a
    hash of its pixels.
    """

    backend: Backend
    cache: EmbeddingCache
    image_id: str

    @property
    def facts(self) -> ModelFacts:
        return self.backend.facts

    def encode(self, images_bhw: np.ndarray) -> Features:
        key = self.image_id, hashlib.blake2b(np.ascontiguousarray(images_bhw).data, digest_size=16).digest()
        found = self.cache.get(key)
        if found is None:
            found = self.backend.encode(images_bhw)
            self.cache.put(key, found)
        return found

    def decode(
        self,
        features: Features,
        points: np.ndarray,
        labels: np.ndarray,
        masks: np.ndarray,
        has_mask: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        return self.backend.decode(features, points, labels, masks, has_mask)


def size_of(features: Features) -> int:
    """Bytes of an embedding."""
    return sum(array.nbytes for array in astuple(features))
