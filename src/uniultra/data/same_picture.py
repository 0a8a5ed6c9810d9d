"""Two images that are one picture, each with a mask of its own, brought into one frame of pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from uniultra.data.loading import read_row
from uniultra.data.manifest import Row
from uniultra.errors import DataError
from uniultra.types import Frame

SAME_PICTURE = 0.95
"""Correlation of the speckle around the structures, at the best shift, from which two images are one picture:
saved again, it keeps 0.95 and more; the next frame of a cine mostly has less.
"""
_FINE_PX, _COARSE_PX = 1.0, 6.0
"""Speckle is what lies between these two blurs; what is dark and bright at large, two pictures of one organ
have in common.
"""
MOST_SHIFT_PX = 3
"""A picture saved again may be cropped a little otherwise."""
_MARGIN_PX = 12
_ASPECT = 0.02
MOST_TRIES = 3
"""Near-duplicates with which an image is compared, so that long cines take no longer than their frames."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Pair:
    """One picture twice, in the pixels of the first: the other's mask is brought to the first's size, and
    moved by up to MOST_SHIFT_PX.

    Attributes:
        ids_hw, other_ids_hw: uint8 (H, W).
    """

    one: Row
    other: Row
    frame: Frame
    ids_hw: np.ndarray
    other_ids_hw: np.ndarray


def held_twice(near: Iterable[tuple[Row, Row]]) -> Iterator[Pair]:
    """The pairs of near-duplicates that are one picture around their structures, in their order. No image is
    in two of them, and none is compared with more than MOST_TRIES others, or with frames of its own clip.

    Raises:
        RowError: a row's files can't be used.
    """
    tries: Counter[int] = Counter()
    for one, other in near:
        numbers = one.number, other.number
        if max(tries[number] for number in numbers) >= MOST_TRIES or _of_one_clip(one, other):
            continue
        pair = pair_of(one, other)
        tries.update(numbers)
        if pair is not None:
            tries.update(dict.fromkeys(numbers, MOST_TRIES))
            yield pair


def read_twice(
    rows: Sequence[Row], others: Sequence[Row], progress: Progress = lambda done, total: None
) -> Iterator[Pair]:
    """Each image that two manifests have by the same data set and id, with the masks of both.

    Raises:
        DataError: they have none in common, or two of one id aren't one picture.
        RowError: a row's files can't be used.
    """
    known = {(row.dataset, row.id): row for row in others}
    shared = [(row, known[row.dataset, row.id]) for row in rows if (row.dataset, row.id) in known]
    if not shared:
        raise DataError(
            "the two manifests have no image of the same dataset and id; give the second reader's images the "
            "names of the first's"
        )
    for done, (one, other) in enumerate(shared, start=1):
        pair = pair_of(one, other)
        if pair is None and read_row(one)[1].any() and read_row(other)[1].any():
            raise DataError(
                f"'{one.id}' of row {one.number} and of the second manifest's row {other.number} isn't one "
                "picture; both masks have to be of the same image"
            )
        progress(done, len(shared))
        if pair is not None:
            yield pair


def pair_of(one: Row, other: Row) -> Pair | None:
    """None where the two aren't one picture, or nothing is outlined on either.

    Raises:
        RowError: a row's files can't be used.
    """
    frame, ids_hw = read_row(one)
    pixels_hw, other_ids_hw = _at_size(other, frame)
    if pixels_hw is None:
        return None
    region = _around((ids_hw > 0) | (other_ids_hw > 0))
    if region is None:
        return None
    correlation, dy, dx = _best_shift(frame.pixels_hw, pixels_hw, region)
    if correlation < SAME_PICTURE:
        return None
    return Pair(one, other, frame, ids_hw, _moved_back(other_ids_hw, dy, dx))


def _of_one_clip(one: Row, other: Row) -> bool:
    return bool(one.clip) and (one.dataset, one.clip) == (other.dataset, other.clip)


def _at_size(row: Row, frame: Frame) -> tuple[np.ndarray | None, np.ndarray]:
    """A row's pixels and ids, uint8 (H, W), at the size of `frame`; no pixels where its proportions
    differ.
    """
    other, ids_hw = read_row(row)
    if (other.height, other.width) == (frame.height, frame.width):
        return other.pixels_hw, ids_hw
    if abs(other.height * frame.width / (other.width * frame.height) - 1) > _ASPECT:
        return None, ids_hw
    size_wh = frame.width, frame.height
    pixels_hw = cv2.resize(other.pixels_hw, size_wh, interpolation=cv2.INTER_AREA)
    return np.asarray(pixels_hw), np.asarray(cv2.resize(ids_hw, size_wh, interpolation=cv2.INTER_NEAREST))


def _around(mask_hw: np.ndarray) -> tuple[slice, slice] | None:
    """A mask and what is around it, as far from the frame's edge as it may be shifted; None for nothing."""
    ends = []
    for axis, length in enumerate(mask_hw.shape):
        places = np.flatnonzero(mask_hw.any(axis=1 - axis))
        if not len(places):
            return None
        start = max(int(places[0]) - _MARGIN_PX, MOST_SHIFT_PX)
        stop = min(int(places[-1]) + 1 + _MARGIN_PX, length - MOST_SHIFT_PX)
        if stop - start < 2:
            return None
        ends.append(slice(start, stop))
    return ends[0], ends[1]


def _best_shift(
    one_hw: np.ndarray, other_hw: np.ndarray, region: tuple[slice, slice]
) -> tuple[float, int, int]:
    """(correlation, dy, dx): by how much the other lies below and to the right of the first."""
    wider = tuple(slice(each.start - MOST_SHIFT_PX, each.stop + MOST_SHIFT_PX) for each in region)
    scores = cv2.matchTemplate(_speckle(other_hw)[wider], _speckle(one_hw)[region], cv2.TM_CCOEFF_NORMED)
    y, x = np.unravel_index(int(np.argmax(scores)), scores.shape)
    return float(scores[y, x]), int(y) - MOST_SHIFT_PX, int(x) - MOST_SHIFT_PX


def _speckle(pixels_hw: np.ndarray) -> np.ndarray:
    floats_hw = pixels_hw.astype(np.float32)
    fine, coarse = (cv2.GaussianBlur(floats_hw, (0, 0), sigma) for sigma in (_FINE_PX, _COARSE_PX))
    return np.asarray(fine - coarse)


def _moved_back(ids_hw: np.ndarray, dy: int, dx: int) -> np.ndarray:
    height, width = ids_hw.shape
    matrix = np.array([[1, 0, -dx], [0, 1, -dy]], np.float64)
    return np.asarray(cv2.warpAffine(ids_hw, matrix, (width, height), flags=cv2.INTER_NEAREST))
