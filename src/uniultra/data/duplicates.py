"""Near-duplicate images by a perceptual hash, and clusters of what must not be divided between splits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np

WORDS = 4
"""64-bit words of a hash."""
SIDE = 16
NEAR_BITS = 12
"""Hashes that differ in at most this many of their 256 bits are of one image: saved again, resized, a shade
brighter, the next frame.
"""
_CHUNK = 256


def perceptual_hash(pixels_hw: np.ndarray) -> np.ndarray:
    """uint64 (4,): for a 16 x 17 thumbnail, whether each pixel is brighter than its left neighbour (dHash,
    Krawetz 2013).
    """
    small = cv2.resize(pixels_hw, (SIDE + 1, SIDE), interpolation=cv2.INTER_AREA).astype(np.int16)
    bits = (small[:, 1:] > small[:, :-1]).ravel()
    return np.packbits(bits).view(np.uint64)


def near_pairs(hashes: np.ndarray, others: np.ndarray) -> Iterator[tuple[int, int]]:
    """(i, j) for each pair of `hashes` (N, 4) and `others` (M, 4) that are near. Blank images, whose bits are
    all 0, are near none.
    """
    for start in range(0, len(hashes), _CHUNK):
        part = hashes[start : start + _CHUNK]
        distance = np.zeros((len(part), len(others)), np.uint16)
        for word in range(WORDS):
            distance += np.bitwise_count(part[:, word, None] ^ others[None, :, word])
        marked, others_marked = (np.count_nonzero(words, axis=1) > 0 for words in (part, others))
        near = (distance <= NEAR_BITS) & marked[:, None] & others_marked[None, :]
        for i, j in np.argwhere(near):
            yield start + int(i), int(j)


def clusters(subjects: Sequence[str], pairs: Iterable[tuple[int, int]]) -> list[int]:
    """A cluster number for each item: items of one subject ('' is nobody), and items joined by `pairs`,
    directly or by way of others.

    A cluster is numbered by its first item.
    """
    parent = list(range(len(subjects)))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    def join(a: int, b: int) -> None:
        low, high = sorted((root(a), root(b)))
        parent[high] = low

    first: dict[str, int] = {}
    for item, subject in enumerate(subjects):
        if subject:
            join(first.setdefault(subject, item), item)
    for a, b in pairs:
        join(a, b)
    return [root(item) for item in range(len(subjects))]
