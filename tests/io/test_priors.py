"""Previous masks from a cine's own TIFF: the page of the frame that is prompted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from uniultra.errors import FileError, PromptError
from uniultra.io.label_tiff import LabelFile
from uniultra.io.priors import read_prior

HW = (20, 30)


def ids_at(*values: int) -> np.ndarray:
    ids = np.zeros(HW, np.uint8)
    for place, value in enumerate(values):
        ids[2:8, 3 + 8 * place : 9 + 8 * place] = value
    return ids


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """Masks of frames 4, 5 (where all is lost) and 9."""
    path = tmp_path / "cine.track.masks.tif"
    with LabelFile(path) as file:
        for number, ids in ((4, ids_at(1, 2)), (5, ids_at()), (9, ids_at(2))):
            file.add(number, ids)
    return path


def test_the_page_of_a_frame(pages: Path) -> None:
    both = read_prior(pages, HW, None, 4)
    assert len(both.masks) == len(both.names) == 2
    assert np.array_equal(both.masks[1], ids_at(1, 2) == 2)
    [second] = read_prior(pages, HW, None, 9).masks
    assert np.array_equal(second, ids_at(2) > 0)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (None, "it has masks on frames 4, 9; name one with --frame"),
        (5, "it has no mask on frame 5; there are masks on 4, 9"),
        (0, "it has no mask on frame 0; there are masks on 4, 9"),
    ],
)
def test_a_frame_without_a_mask_is_refused(pages: Path, frame: int | None, message: str) -> None:
    with pytest.raises(PromptError, match=message):
        read_prior(pages, HW, None, frame)


def test_pages_of_another_size_are_refused(pages: Path) -> None:
    with pytest.raises(PromptError, match="its pages have 30 x 20 pixels but the frame is 30 x 21"):
        read_prior(pages, (21, 30), None, 4)


def test_a_single_page_that_names_its_frame_needs_no_number(tmp_path: Path) -> None:
    path = tmp_path / "cine.frames.masks.tif"
    with LabelFile(path) as file:
        file.add(7, ids_at(3))
    for frame in (None, 7):
        assert np.array_equal(read_prior(path, HW, None, frame).masks[0], ids_at(3) > 0)
    with pytest.raises(PromptError, match="no mask on frame 2; there are masks on 7"):
        read_prior(path, HW, None, 2)


def test_an_empty_file_and_grey_levels_are_refused(tmp_path: Path) -> None:
    nothing, soft = tmp_path / "nothing.tif", tmp_path / "soft.tif"
    with LabelFile(nothing) as file:
        file.add(0, ids_at())
    with pytest.raises(PromptError, match="no mask on frame 0; there are masks on none"):
        read_prior(nothing, HW, None, None)
    with LabelFile(soft) as file:
        file.add(0, ids_at(255, 120, 60))
    with pytest.raises(FileError, match="grey"):
        read_prior(soft, HW, None, 0)
