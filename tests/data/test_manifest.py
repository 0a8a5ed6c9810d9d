"""The manifest: what a good one gives, and what a bad one is told."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from phantom_manifest import GOOD, Phantom, true_ids, write_manifest, write_rows
from uniultra.data.manifest import SMALLEST_OBJECT, objects_in, open_manifest, read_manifest
from uniultra.errors import DataError


def test_rows_are_read_as_written(tmp_path: Path) -> None:
    [row] = read_manifest(
        write_rows(tmp_path, {**GOOD, "pixel_mm": "0.25", "group": "7", "licence": "CC BY 4.0"})
    )
    assert (row.image, row.mask) == (tmp_path / "i/a.png", tmp_path / "m/a.png")
    assert (row.id, row.organ, row.split, row.licence) == ("a", "breast", "val", "CC BY 4.0")
    assert (row.cluster, row.pixel_mm, row.spacing_mm_yx) == ("d/7", 0.25, (0.25, 0.25))


def test_an_unknown_spacing_is_none(tmp_path: Path) -> None:
    [row] = read_manifest(write_rows(tmp_path, GOOD))
    assert row.pixel_mm is None
    assert row.spacing_mm_yx is None


def test_the_hash_is_that_of_the_file(tmp_path: Path) -> None:
    path = write_rows(tmp_path, GOOD)
    assert read_manifest(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_order_is_kept_and_a_byte_order_mark_is_no_column(tmp_path: Path) -> None:
    path = write_manifest(tmp_path, [Phantom(name) for name in "cab"])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert [row.id for row in read_manifest(path)] == ["c", "a", "b"]


def test_a_row_knows_its_line_and_its_stated_size(tmp_path: Path) -> None:
    path = write_rows(
        tmp_path, {**GOOD, "width": "80", "height": "60"}, {**GOOD, "id": "b", "image": "i/b.png"}
    )
    path.write_text(
        path.read_text(encoding="utf-8").replace("\nb,", "\n\nb,"), encoding="utf-8"
    )  # an empty line is no row
    first, second = read_manifest(path)
    assert (first.number, first.width, first.height) == (2, 80, 60)
    assert (second.number, second.width, second.height) == (4, None, None)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv' is not a file"):
        read_manifest(tmp_path / "none.csv")
    with pytest.raises(DataError, match="is not a file"):
        read_manifest(tmp_path)


def test_all_that_is_wrong_with_the_text_is_told_at_once(tmp_path: Path) -> None:
    path = write_rows(
        tmp_path, GOOD, {**GOOD, "split": "x", "image": "C:\\a.png"}, {**GOOD, "id": "c", "mask": "/m.png"}
    )
    with pytest.raises(DataError, match=r"manifest '.*' has 4 problems; fix them:\n") as caught:
        read_manifest(path)
    assert str(caught.value).splitlines()[1:] == [
        "  row 3, split: 'x' is unknown; use one of train, val, test, external",
        "  row 3, image: 'C:\\a.png' is a Windows path; write it with / and relative to the manifest's "
        "folder",
        "  row 4, mask: '/m.png' is not below the manifest's folder; write it relative to that",
        "  row 3, id: 'a' is the id of row 2 too; give each its own",
    ]


def test_what_can_be_used_of_a_faulty_manifest_is_read(tmp_path: Path) -> None:
    manifest, problems = open_manifest(
        write_rows(tmp_path, {**GOOD, "mask": ""}, {**GOOD, "id": "b", "split": "x", "pixel_mm": "0"})
    )
    assert [(row.id, row.split, row.pixel_mm) for row in manifest] == [("b", "x", None)]
    assert len(problems) == 3


def test_objects_come_one_an_id_in_their_order() -> None:
    ids_hw = true_ids(3)
    ids_hw[ids_hw == 2] = 9
    found = objects_in(ids_hw, "busi")
    assert [int(ids_hw[mask_hw][0]) for mask_hw in found] == [1, 3, 9]
    assert all(mask_hw.dtype == np.bool_ for mask_hw in found)
    np.testing.assert_array_equal(np.sum(found, axis=0), ids_hw > 0)
    assert objects_in(np.zeros((5, 5), np.uint8), "busi") == []


def test_objects_are_components_where_one_id_marks_them_all() -> None:
    ids_hw = (true_ids(3) > 0).astype(np.uint8)
    assert len(objects_in(ids_hw, "muscle_apo")) == 3
    assert len(objects_in(ids_hw, "busi")) == 1


def test_components_of_different_ids_stay_apart_where_they_touch() -> None:
    ids_hw = np.zeros((20, 40), np.uint8)
    ids_hw[2:10, 2:10], ids_hw[2:10, 10:20], ids_hw[2:10, 30:38] = 1, 2, 2
    nerve, *vessels = objects_in(ids_hw, "usgra")
    assert [int(mask_hw.sum()) for mask_hw in (nerve, *vessels)] == [64, 80, 64]
    assert (ids_hw[nerve] == 1).all()


@pytest.mark.parametrize("dataset", ["busi", "muscle_apo"])
def test_specks_are_no_objects(dataset: str) -> None:
    ids_hw = np.zeros((20, 40), np.uint8)
    ids_hw[0, : SMALLEST_OBJECT - 1] = 1
    ids_hw[10, :SMALLEST_OBJECT] = 2
    [mask_hw] = objects_in(ids_hw, dataset)
    assert mask_hw[10, 0]
    assert np.count_nonzero(mask_hw) == SMALLEST_OBJECT
