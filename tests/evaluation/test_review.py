"""Masks to look at first: those with which a model agrees least, given their box."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from phantom_manifest import FRAME_HW, Phantom, phantom_manifest, true_ids
from uniultra.data.manifest import Manifest
from uniultra.data.problems import RowError
from uniultra.evaluation.baselines import BASELINES
from uniultra.evaluation.review import csv_rows, draw, review


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """Ellipses, of which the second image's first has lost its lower half but for a line down to its end."""
    found = phantom_manifest(tmp_path, [Phantom("a", objects=2), Phantom("b", "train", group="1", objects=2)])
    ids_hw = true_ids(2)
    ids_hw[28:, :28] = 0
    ids_hw[28:42, 15] = 1
    Image.fromarray(ids_hw).save(found.rows[1].mask)
    return found


def test_the_mask_that_is_no_ellipse_comes_first(manifest: Manifest) -> None:
    seen: list[tuple[int, int]] = []
    found = review(BASELINES["ellipse"](), manifest.rows, lambda *done: seen.append(done))
    assert (found[0].row.id, found[0].number) == ("b", 1)
    assert found[0].dice < 0.75
    assert all(each.dice > 0.9 for each in found[1:])
    assert [each.quality for each in found] == [None] * 4
    assert seen == [(1, 2), (2, 2)]
    first = next(iter(csv_rows(found)))
    area = int(np.count_nonzero(np.asarray(Image.open(manifest.rows[1].mask)) == 1))
    assert first == ["breast", "phantoms", "b", "train", "", 1, round(found[0].dice, 4), "", area]


def test_the_sheet_has_no_more_than_it_should(manifest: Manifest) -> None:
    ellipse = BASELINES["ellipse"]()
    found = review(ellipse, manifest.rows)
    one, all_ = draw(ellipse, found, most=1), draw(ellipse, found)
    assert one.shape[1] < all_.shape[1]
    assert one.dtype == np.uint8


def test_a_row_that_cannot_be_read_is_named(manifest: Manifest) -> None:
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(manifest.rows[0].mask)
    with pytest.raises(RowError, match=rf"row 2, mask: 9 x 9 pixels but its image is {FRAME_HW[1]}"):
        review(BASELINES["ellipse"](), manifest.rows)
