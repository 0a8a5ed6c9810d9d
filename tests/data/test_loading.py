"""A row's two files: what is taken as a mask, and what is wrong with either, together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from phantom_manifest import FRAME_HW, Phantom, phantom_manifest, true_ids
from uniultra.data.loading import look_at, read_row
from uniultra.data.manifest import Row, objects_in
from uniultra.data.problems import RowError

ONE, THREE = true_ids(1), true_ids(3)


@pytest.fixture
def row(tmp_path: Path) -> Row:
    return phantom_manifest(tmp_path, [Phantom("a", objects=3)]).rows[0]


def _soft() -> Image.Image:
    return Image.fromarray(ONE * np.uint8(255)).filter(ImageFilter.GaussianBlur(1))


def _colour() -> Image.Image:
    return Image.merge("RGB", [Image.fromarray(channel) for channel in (ONE, ONE * np.uint8(0), ONE)])


def test_a_sound_row_gives_frame_spacing_and_ids(row: Row) -> None:
    frame, ids_hw = read_row(row)
    assert frame.pixels_hw.shape == FRAME_HW
    assert frame.spacing_mm_yx == (0.2, 0.2)
    np.testing.assert_array_equal(ids_hw, THREE)


@pytest.mark.parametrize(
    ("mask", "objects"),
    [
        (Image.fromarray(ONE * np.uint8(255)), 1),
        (Image.fromarray(ONE * np.uint8(128)), 1),
        (Image.fromarray(ONE > 0), 1),
        (Image.fromarray(ONE * np.uint8(255)).convert("RGB"), 1),
        (Image.fromarray(THREE).convert("RGB"), 3),
        (Image.fromarray(THREE).convert("RGBA"), 3),
        (Image.fromarray(THREE * np.uint8(80)), 3),
        (Image.fromarray(THREE * np.uint8(0)), 0),
    ],
    ids=["255", "128", "one bit", "grey in RGB", "ids in RGB", "opaque RGBA", "spread ids", "empty"],
)
def test_masks_that_are_taken(row: Row, mask: Image.Image, objects: int) -> None:
    mask.save(row.mask)
    assert look_at(row).problems == ()
    assert len(objects_in(read_row(row)[1], row.dataset)) == objects


@pytest.mark.parametrize(
    ("mask", "what"),
    [
        (
            _soft(),
            r"grey values up to 255 \(soft edges\?\); one object is 0 and one other value, several are 1, "
            r"2, ...; cut it at 128",
        ),
        (_colour(), "coloured, so its values are not ids"),
        (
            Image.fromarray(THREE).resize((40, 30)),
            "40 x 30 pixels but its image is 80 x 60; save both at one size",
        ),
        (
            Image.fromarray((np.arange(4800).reshape(FRAME_HW) % 127 * 2).astype(np.uint8)),
            "126 grey values up to 252",
        ),
    ],
    ids=["soft", "coloured", "size", "ramp"],
)
def test_masks_that_are_refused(row: Row, mask: Image.Image, what: str) -> None:
    mask.save(row.mask)
    with pytest.raises(RowError, match=f"^manifest row 2, mask: .*({what})"):
        read_row(row)


def test_both_files_and_the_stated_size_are_told_together(row: Row) -> None:
    row.image.write_bytes(b"")
    row.mask.unlink()
    assert [str(problem) for problem in look_at(row).problems] == [
        "row 2, image: 'images/a.png': the file is empty (0 bytes); copy or export it again",
        "row 2, mask: 'masks/a.png': no such file; check the path",
    ]


def test_the_stated_size_must_be_the_true_one(tmp_path: Path) -> None:
    path = phantom_manifest(tmp_path, [Phantom("a")])
    row = path.rows[0]
    stated = Row(**{**row.__dict__, "width": 81, "height": 60})
    assert [str(problem) for problem in look_at(stated).problems] == [
        "row 2, width: '81' but the image has 80; correct it"
    ]


def test_a_jpeg_mask_is_refused(row: Row) -> None:
    Image.fromarray(ONE * np.uint8(255)).save(row.mask, format="JPEG")
    with pytest.raises(RowError, match=r"row 2, mask: 'masks/a\.png': a JPEG doesn't keep ids exactly"):
        read_row(row)
