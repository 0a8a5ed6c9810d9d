"""Two images that are one picture are found although one was cropped or shrunk, and their masks laid over
each other.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from phantom_manifest import Phantom, phantom_manifest
from phantoms import ellipse, speckled
from uniultra.data.manifest import Manifest, Row
from uniultra.data.same_picture import MOST_TRIES, held_twice, pair_of, read_twice
from uniultra.errors import DataError

HW = (180, 240)
IDS = np.where(ellipse(HW, (120, 90), (50, 34)), 1, 0).astype(np.uint8)
PIXELS = cv2.GaussianBlur(speckled(IDS > 0, 5).pixels_hw, (0, 0), 2)
Change = Callable[[np.ndarray], np.ndarray]


def _save(row: Row, pixels_hw: np.ndarray, ids_hw: np.ndarray) -> None:
    Image.fromarray(pixels_hw).save(row.image)
    Image.fromarray(ids_hw).save(row.mask)


@pytest.fixture
def rows(tmp_path: Path) -> tuple[Row, ...]:
    rows = phantom_manifest(tmp_path, [Phantom("a"), Phantom("b"), Phantom("c")]).rows
    for row in rows:
        _save(row, PIXELS, IDS)
    return rows


def _overlap(one_hw: np.ndarray, other_hw: np.ndarray) -> float:
    both = np.count_nonzero((one_hw > 0) & (other_hw > 0))
    return 2 * both / (np.count_nonzero(one_hw) + np.count_nonzero(other_hw))


@pytest.mark.parametrize(("dy", "dx"), [(0, 0), (2, -3), (-3, 1)])
def test_a_shift_is_found_and_taken_back(rows: tuple[Row, ...], dy: int, dx: int) -> None:
    _save(rows[1], np.roll(PIXELS, (dy, dx), (0, 1)), np.roll(IDS, (dy, dx), (0, 1)))
    pair = pair_of(rows[0], rows[1])
    assert pair is not None
    np.testing.assert_array_equal(pair.other_ids_hw, IDS)


def test_another_size_is_brought_to_the_first(rows: tuple[Row, ...]) -> None:
    size_wh = HW[1] * 3 // 2, HW[0] * 3 // 2
    larger = cv2.resize(PIXELS, size_wh, interpolation=cv2.INTER_CUBIC)
    _save(rows[1], larger, cv2.resize(IDS, size_wh, interpolation=cv2.INTER_NEAREST))
    pair = pair_of(rows[0], rows[1])
    assert pair is not None
    assert pair.other_ids_hw.shape == HW
    assert _overlap(pair.ids_hw, pair.other_ids_hw) > 0.98


def _other_speckle(pixels_hw: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(speckled(IDS > 0, 6).pixels_hw, (0, 0), 2)


def _other_proportions(pixels_hw: np.ndarray) -> np.ndarray:
    return pixels_hw[:, :200]


@pytest.mark.parametrize("change", [_other_speckle, np.flipud, _other_proportions])
def test_what_is_another_picture(rows: tuple[Row, ...], change: Change) -> None:
    changed = np.ascontiguousarray(change(PIXELS))
    _save(rows[1], changed, np.ascontiguousarray(IDS[:, : changed.shape[1]]))
    assert pair_of(rows[0], rows[1]) is None


def test_masks_that_touch_the_edge_and_empty_ones(rows: tuple[Row, ...]) -> None:
    _save(rows[0], PIXELS, np.ones(HW, np.uint8))
    pair = pair_of(rows[0], rows[1])
    assert pair is not None
    assert pair.ids_hw.all()
    for row in rows[:2]:
        _save(row, PIXELS, np.zeros(HW, np.uint8))
    assert pair_of(rows[0], rows[1]) is None


def test_no_image_is_in_two_pairs(rows: tuple[Row, ...]) -> None:
    a, b, c = rows
    found = list(held_twice([(a, b), (a, c), (b, c)]))
    assert [(pair.one.id, pair.other.id) for pair in found] == [("a", "b")]


def test_a_long_cine_is_compared_a_few_times(rows: tuple[Row, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, int]] = []
    monkeypatch.setattr(
        "uniultra.data.same_picture.pair_of", lambda one, other: compared.append((one.number, other.number))
    )
    frames = [replace(rows[0], number=number) for number in range(2, 42)]
    assert list(held_twice(itertools.combinations(frames, 2))) == []
    assert max(Counter(itertools.chain(*compared)).values()) == MOST_TRIES
    compared.clear()
    clip = [replace(each, clip="cine") for each in frames]
    assert list(held_twice(itertools.combinations(clip, 2))) == []
    assert not compared
    assert list(held_twice([(clip[0], replace(clip[1], clip="other"))])) == []
    assert compared


def test_two_readers_are_matched_by_set_and_id(rows: tuple[Row, ...], tmp_path: Path) -> None:
    second = _second(tmp_path, "b", "a", "z")
    for row in second:
        _save(row, PIXELS, IDS * np.uint8(2))
    found = list(read_twice(rows, second.rows))
    assert [(pair.one.id, int(pair.other_ids_hw.max())) for pair in found] == [("a", 2), ("b", 2)]


def test_two_readers_of_different_pictures(rows: tuple[Row, ...], tmp_path: Path) -> None:
    second = _second(tmp_path, "a")
    _save(second.rows[0], np.ascontiguousarray(PIXELS[::-1]), IDS)
    with pytest.raises(DataError, match=r"'a' of row 2 and of the second manifest's row 2 isn't one picture"):
        list(read_twice(rows, second.rows))
    with pytest.raises(DataError, match="no image of the same dataset and id"):
        list(read_twice(rows, _second(tmp_path, "x").rows))


def _second(folder: Path, *ids: str) -> Manifest:
    return phantom_manifest(folder / "second", [Phantom(id) for id in ids])
