"""Published images whose mask is another picture's: nothing is learned from them, nothing is scored on
them, and both are said.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from phantom_manifest import Phantom, write_manifest
from uniultra.data.manifest import read_manifest
from uniultra.data.simulation.cine_set import CineSettings, simulate_cine_set
from uniultra.data.splits import report_split, selection_split, train_split
from uniultra.data.wrong_masks import left_out
from uniultra.errors import DataError
from uniultra.evaluation.preflight import check
from uniultra.evaluation.records import Skipped

SET = "muscle_apo"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    ids = {"train": ("apo_00300", "apo_00534"), "val": ("apo_00535",), "test": ("apo_00555", "apo_00554")}
    return write_manifest(
        tmp_path / "m",
        [
            *(Phantom(id, split, "muscle", id, dataset=SET) for split, of in ids.items() for id in of),
            Phantom("apo_00540", "val", "liver", "other", dataset="mine"),
        ],
    )


def test_no_split_has_them(data: Path) -> None:
    manifest = read_manifest(data)
    assert [row.id for row in train_split(manifest)] == ["apo_00300"]
    assert [row.id for row in report_split(manifest, "test")] == ["apo_00555"]
    assert [(row.dataset, row.id) for row in selection_split(manifest)] == [("mine", "apo_00540")]


def test_a_report_says_which_were_left_out(data: Path) -> None:
    checked = check(data, lambda manifest: report_split(manifest, "test"))
    assert [row.id for row in checked.rows] == ["apo_00555"]
    assert checked.skipped == (Skipped(6, SET, "apo_00554", ("mask: another picture's, as published",)),)


def test_a_split_of_nothing_else_has_no_rows(tmp_path: Path) -> None:
    manifest = read_manifest(write_manifest(tmp_path, [Phantom("apo_00550", "train", dataset=SET)]))
    with pytest.raises(DataError, match="no rows of split 'train'"):
        train_split(manifest)


def test_they_are_counted_by_set(data: Path) -> None:
    assert list(left_out(read_manifest(data))) == [
        "3 images of muscle_apo left out: their masks are another picture's, as published (apo_00534, "
        "apo_00535, apo_00554; see docs/data.md)"
    ]
    assert list(left_out(train_split(read_manifest(data)))) == []


def test_they_are_not_set_in_motion(data: Path, tmp_path: Path) -> None:
    settings = CineSettings("test", 0, 3, 0, ("none",))
    assert simulate_cine_set(data, tmp_path / "cines", settings, lambda done, total: None) == (1, 1)
    assert {row.clip for row in read_manifest(tmp_path / "cines/manifest.csv")} == {"muscle_apo_apo_00555"}
