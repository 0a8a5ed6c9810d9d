"""Masks of many frames: bits that come back as they were, and a TIFF whose pages know their frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from uniultra.errors import FileError
from uniultra.io.label_tiff import LabelFile, PackedMasks, read_label_pages


def test_packed_masks_come_back_and_take_a_bit_a_pixel() -> None:
    random = np.random.default_rng(0)
    masks = {number: random.random((13, 11)) > 0.5 for number in (7, 2)}
    packed = PackedMasks((13, 11))
    for number, mask in masks.items():
        packed.add(number, mask)
    assert sorted(packed) == [2, 7]
    for number, mask in masks.items():
        np.testing.assert_array_equal(packed[number], mask)
        assert packed[number].dtype == np.bool_
    assert sum(bits.nbytes for bits in packed._bits.values()) == 2 * -(-13 * 11 // 8)


def test_pages_come_back_with_their_frames(tmp_path: Path) -> None:
    pages = {
        number: np.random.default_rng(number).integers(0, 256, (20, 31)).astype(np.uint8)
        for number in (3, 5, 12)
    }
    with LabelFile(tmp_path / "a.tif") as file:
        for number, ids in pages.items():
            file.add(number, ids)
    found = dict(read_label_pages(tmp_path / "a.tif"))
    assert list(found) == [3, 5, 12]
    for number, ids in pages.items():
        np.testing.assert_array_equal(found[number], ids)


def test_pages_of_other_hands_are_numbered_in_their_order(tmp_path: Path) -> None:
    images = [Image.fromarray(np.full((10, 12), value, np.uint8)) for value in (1, 2)]
    images[0].save(tmp_path / "a.tif", save_all=True, append_images=images[1:])
    assert [(number, int(ids.max())) for number, ids in read_label_pages(tmp_path / "a.tif")] == [
        (0, 1),
        (1, 2),
    ]


def test_bad_pages(tmp_path: Path) -> None:
    grey = Image.new("L", (12, 10))
    grey.save(tmp_path / "size.tif", save_all=True, append_images=[Image.new("L", (12, 11))])
    with pytest.raises(
        FileError, match=r"page 1 is L of 12 x 11 pixels; legal are 8-bit grey pages of one size"
    ):
        list(read_label_pages(tmp_path / "size.tif"))
    grey.save(tmp_path / "colour.tif", save_all=True, append_images=[Image.new("RGB", (12, 10))])
    with pytest.raises(FileError, match=r"page 1 is RGB of 12 x 10"):
        list(read_label_pages(tmp_path / "colour.tif"))
    (tmp_path / "cut.tif").write_bytes((tmp_path / "size.tif").read_bytes()[:40])
    with pytest.raises(FileError, match=r"the TIFF data is damaged, truncated"):
        list(read_label_pages(tmp_path / "cut.tif"))
