"""Masks and id images: what is inside, which id wins, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from uniultra.data.manifest import read_manifest
from uniultra.errors import FileError, PromptError
from uniultra.io.images import read_frame
from uniultra.io.masks import MISSING, check_ids, ids_of, read_ids, read_mask
from uniultra.types import Mask

HW = (10, 14)
INSIDE = np.zeros(HW, dtype=bool)
INSIDE[2:7, 3:11] = True


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for property tests, whose examples overwrite the same file."""
    return tmp_path_factory.mktemp("masks")


def save(path: Path, pixels: np.ndarray | Image.Image, **options: object) -> Path:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(path, **options)
    return path


def mask_of(logits_hw: np.ndarray) -> Mask:
    logits_hw = logits_hw.astype(np.float32)
    return Mask(logits_hw > 0, logits_hw, quality=0.9)


# read_mask


@pytest.mark.parametrize("value", [1, 127, 255])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA"])
def test_every_value_above_zero_is_inside(tmp_path: Path, value: int, mode: str) -> None:
    path = save(tmp_path / "mask.png", Image.fromarray(INSIDE * np.uint8(value)).convert(mode))
    np.testing.assert_array_equal(read_mask(path, HW), INSIDE)


@pytest.mark.parametrize(
    ("name", "pixels"),
    [("m.png", INSIDE), ("m.png", INSIDE * np.uint16(300)), ("m.tif", INSIDE * np.float32(0.5))],
)
def test_other_depths(tmp_path: Path, name: str, pixels: np.ndarray) -> None:
    read = read_mask(save(tmp_path / name, pixels), HW)
    assert read.dtype == np.bool_
    np.testing.assert_array_equal(read, INSIDE)


def test_a_dark_colour_is_inside_though_its_grey_is_black(tmp_path: Path) -> None:
    blue = np.zeros((*HW, 3), dtype=np.uint8)
    blue[..., 2] = INSIDE * np.uint8(3)
    np.testing.assert_array_equal(read_mask(save(tmp_path / "mask.png", blue), HW), INSIDE)


@pytest.mark.parametrize("name", ["overlay.png", "overlay.jpg"])
def test_a_picture_is_no_mask(tmp_path: Path, name: str) -> None:
    """An overlay given back in place of the mask beside it would be a structure as large as all that isn't
    black.
    """
    grey = np.random.default_rng(0).integers(0, 200, (60, 60), dtype=np.uint8)
    drawn = np.stack([grey, grey, np.maximum(grey, 200)], axis=-1)
    path = save(tmp_path / name, drawn)
    with pytest.raises(FileError, match=r"overlay\.\w+: a picture, not a mask: .*; give NAME.mask.png"):
        read_mask(path, (60, 60))


def test_a_painted_mask_in_few_colours_is_one(tmp_path: Path) -> None:
    painted = np.zeros((*HW, 3), dtype=np.uint8)
    painted[INSIDE] = (200, 30, 30)
    painted[0, 0] = (90, 10, 10)
    assert read_mask(save(tmp_path / "mask.png", painted), HW).sum() == INSIDE.sum() + 1 - INSIDE[0, 0]


def test_transparent_is_outside(tmp_path: Path) -> None:
    white = np.full((*HW, 4), 255, dtype=np.uint8)
    white[..., 3] = INSIDE * np.uint8(255)
    np.testing.assert_array_equal(read_mask(save(tmp_path / "mask.png", white), HW), INSIDE)


def test_a_jpeg_is_cut_in_the_middle(tmp_path: Path) -> None:
    inside = np.kron(np.array([[0, 1], [1, 0]], dtype=bool), np.ones((20, 20), dtype=bool))
    path = save(tmp_path / "mask.jpg", inside * np.uint8(255), quality=60)
    assert (np.asarray(Image.open(path)) > 0).sum() > inside.sum()
    np.testing.assert_array_equal(read_mask(path, inside.shape), inside)


def test_another_size_names_both(tmp_path: Path) -> None:
    with pytest.raises(
        PromptError, match=r"the mask is 14 x 10 pixels but the frame is 20 x 16; save the mask at"
    ):
        read_mask(save(tmp_path / "mask.png", INSIDE), (16, 20))


def test_empty(tmp_path: Path) -> None:
    with pytest.raises(
        PromptError, match=r"mask.png: the mask is empty; at least 1 pixel must be above 0; paint"
    ):
        read_mask(save(tmp_path / "mask.png", np.zeros(HW, np.uint8)), HW)


def test_not_a_number(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"1 pixels are NaN or infinite"):
        read_mask(
            save(
                tmp_path / "mask.tif", np.where(np.arange(140).reshape(HW) == 3, np.nan, 1).astype(np.float32)
            ),
            HW,
        )


@pytest.mark.parametrize("read", [read_ids, lambda path: read_mask(path, HW)])
def test_not_a_plain_image(tmp_path: Path, read: object) -> None:
    (tmp_path / "seg.dcm").write_bytes(b"anything")
    with pytest.raises(FileError, match=r"seg.dcm: DICOM is not a plain image; convert it to PNG"):
        read(tmp_path / "seg.dcm")
    with pytest.raises(FileError, match=r"none.png: no such file"):
        read(tmp_path / "none.png")


# read_ids


@given(ids=arrays(np.uint8, HW))
@settings(max_examples=30, deadline=None)
def test_ids_come_back_as_stored(folder: Path, ids: np.ndarray) -> None:
    palette = Image.fromarray(ids)
    palette.putpalette(list(range(256)) * 3)
    wide = ids.astype(np.uint16)
    for stored in (
        ids,
        palette,
        wide,
        np.repeat(ids[..., None], 3, axis=2),
        Image.fromarray(ids).convert("RGBA"),
    ):
        read = read_ids(save(folder / "ids.png", stored))
        assert read.dtype == np.uint8
        np.testing.assert_array_equal(read, ids)


def test_one_bit_gives_0_and_1(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_ids(save(tmp_path / "ids.png", INSIDE)), INSIDE.astype(np.uint8))


def test_colour_is_refused(tmp_path: Path) -> None:
    pixels = np.zeros((*HW, 3), dtype=np.uint8)
    pixels[4, 4] = (1, 2, 1)
    with pytest.raises(
        FileError, match=r"ids.png: coloured, so its values are not ids; the channels must be equal"
    ):
        read_ids(save(tmp_path / "ids.png", pixels))


def test_half_transparent_ids_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"has transparent pixels"):
        read_ids(save(tmp_path / "ids.png", Image.new("LA", HW, (3, 128))))


@pytest.mark.parametrize("value", [256, 32768, 65535])
def test_black_and_white_in_16_bits_is_one_object(tmp_path: Path, value: int) -> None:
    pixels = np.zeros(HW, np.uint16)
    pixels[1:3, 1:4] = value
    found = read_ids(save(tmp_path / "ids.png", pixels))
    np.testing.assert_array_equal(found, np.where(pixels > 0, 255, 0))
    pixels[0, 0] = 1
    with pytest.raises(FileError, match=f"holds the value {value}; ids are"):
        read_ids(save(tmp_path / "ids.png", pixels))


@pytest.mark.parametrize(
    ("value", "stated"),
    [(np.uint16(256), "256"), (np.float32(1.5), "1.5"), (np.float32(-1), "-1"), (np.int32(70000), "70000")],
)
def test_what_is_no_id_is_named(tmp_path: Path, value: np.number, stated: str) -> None:
    with pytest.raises(
        FileError, match=rf"holds the value {stated}; ids are whole numbers from 0 to 255; renumber them"
    ):
        read_ids(save(tmp_path / "ids.tif", np.full(HW, value)))


def test_jpeg_ids_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        FileError, match=r"a JPEG doesn't keep ids exactly; save the label image as an 8-bit grey PNG"
    ):
        read_ids(save(tmp_path / "ids.jpg", INSIDE.astype(np.uint8)))


# check_ids


@pytest.mark.parametrize(
    "values",
    [
        [],
        [1],
        [7],
        [255],
        [1, 2, 3],
        [3, 9, 254],
        list(range(1, 33)),
        list(range(2, 66, 2)),
        list(range(1, 255)),
    ],
)
def test_values_that_can_be_ids(values: list[int]) -> None:
    check_ids(np.kron(np.array([[0, 0, *values]], np.uint8), np.ones((6, 5), np.uint8)), "m.png")


@pytest.mark.parametrize("values", [[1, 255], [254, 255], list(range(2, 68, 2)), list(range(1, 256))])
def test_grey_levels_are_no_ids(values: list[int]) -> None:
    with pytest.raises(
        FileError,
        match=rf"^m\.png: {len(values)} grey values up to {values[-1]} \(soft edges\?\); .* cut it at 128",
    ):
        check_ids(np.array([[0, *values]], np.uint8), "m.png")


def test_many_small_structures_apart_are_ids() -> None:
    """254 structures of 2 x 2 pixels."""
    ids = np.zeros((16, 16), np.uint8)
    ids.flat[1:255] = range(1, 255)
    check_ids(np.kron(ids, np.pad(np.ones((2, 2), np.uint8), 1)), "m.png")


@pytest.mark.shared
@pytest.mark.parametrize("dataset", ["cca", "usgra", "hc18", "muscle_apo"])
def test_real_ultrasound_is_no_mask(shared: Path, dataset: str) -> None:
    """These sets' images often have no pixel of 255, and few gaps; their masks are read."""
    manifest = read_manifest(shared / "data/manifest.csv")
    for row in [row for row in manifest if (row.dataset, row.split) == (dataset, "train")][:8]:
        with pytest.raises(FileError, match=r"a picture, not a mask|soft edges"):
            check_ids(read_frame(row.image).pixels_hw, "m.png", MISSING)
        check_ids(read_ids(row.mask), "m.png", MISSING)


def test_a_grey_picture_is_no_mask_though_its_values_have_no_gap() -> None:
    levels = np.random.default_rng(0).integers(0, 200, (80, 90)).astype(np.uint8)
    with pytest.raises(FileError, match=r"^scan\.png: a picture, not a mask: 199 grey values that change"):
        check_ids(levels, "scan.png")


# ids_of


@given(
    logits=arrays(
        np.float32, st.tuples(st.integers(1, 6), st.just(5), st.just(4)), elements=st.floats(-9, 9, width=32)
    )
)
def test_the_highest_logit_wins_the_first_of_equals(logits: np.ndarray) -> None:
    expected = np.where((logits > 0).any(axis=0), logits.argmax(axis=0) + 1, 0)
    ids = ids_of([mask_of(one) for one in logits])
    assert ids.dtype == np.uint8
    np.testing.assert_array_equal(ids, expected)


def test_a_mask_counts_where_it_says_and_not_where_its_logits_do() -> None:
    cleaned = Mask(INSIDE, np.full(HW, 5, np.float32), quality=0.9)
    np.testing.assert_array_equal(ids_of([mask_of(np.full(HW, 1.0)), cleaned]), INSIDE + np.uint8(1))


def test_255_masks_fit() -> None:
    masks = [mask_of(np.where(np.arange(256).reshape(16, 16) == i, 1.0, -1.0)) for i in range(255)]
    assert ids_of(masks).ravel()[:255].tolist() == list(range(1, 256))


@pytest.mark.parametrize("count", [0, 256])
def test_too_few_or_too_many(count: int) -> None:
    with pytest.raises(PromptError, match=rf"{count} masks for one id image; legal are 1 to 255"):
        ids_of([mask_of(np.ones((2, 2)))] * count)
