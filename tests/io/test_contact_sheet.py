"""Sheets of pictures: tiles in rows, proportions, captions."""

from __future__ import annotations

import numpy as np
import pytest

from uniultra.io.contact_sheet import contact_sheet


def tile(height: int, width: int, value: int = 200) -> np.ndarray:
    return np.full((height, width, 3), value, dtype=np.uint8)


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 3, 1), (3, 3, 1), (4, 3, 2), (5, 1, 5)])
def test_tiles_stand_in_rows(count: int, columns: int, rows: int) -> None:
    sheet = contact_sheet([tile(60, 80)] * count, ["a"] * count, columns, tile_hw=(60, 80))
    one = contact_sheet([tile(60, 80)], ["a"], 1, tile_hw=(60, 80))
    pitch_y, pitch_x = one.shape[0] - 14, one.shape[1] - 14
    assert sheet.shape == (rows * pitch_y + 14, min(columns, count) * pitch_x + 14, 3)
    assert sheet.dtype == np.uint8


@pytest.mark.parametrize("shape", [(30, 80), (300, 40), (60, 80), (1, 500)])
def test_tiles_keep_their_proportions(shape: tuple[int, int]) -> None:
    sheet = contact_sheet([tile(*shape)], [""], 1, tile_hw=(120, 160))
    rows, columns = np.nonzero((sheet == 200).all(axis=2))
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    scale = min(120 / shape[0], 160 / shape[1])
    assert (height, width) == (max(round(shape[0] * scale), 1), max(round(shape[1] * scale), 1))


def test_captions_are_seen_and_cut_to_the_tile() -> None:
    sheet = contact_sheet([tile(60, 80)] * 2, ["long words " * 20, ""], 2, tile_hw=(60, 80)).astype(int)
    written = np.nonzero((sheet[14 + 60 :].max(axis=2) > 120).any(axis=0))[0]
    assert written.min() >= 14
    assert 60 < written.max() <= 14 + 80


def test_signs_that_the_font_lacks_are_replaced() -> None:
    plain = contact_sheet([tile(60, 80)], ["12 x 34 mm2 e"], 1)
    np.testing.assert_array_equal(contact_sheet([tile(60, 80)], ["12 × 34 mm² é"], 1), plain)


def test_inputs_are_not_touched() -> None:
    tiles = [tile(60, 80), tile(200, 10)]
    for array in tiles:
        array.flags.writeable = False
    contact_sheet(tiles, ["one\ntwo", "three"], 2)
