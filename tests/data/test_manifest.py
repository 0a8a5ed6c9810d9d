"""The manifest: what a good one gives, and what a bad one is told."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest

from phantom_manifest import Phantom, phantom_manifest, true_ids, write_manifest
from uniultra.data.manifest import COLUMNS, SMALLEST_OBJECT, objects_in, read_manifest
from uniultra.errors import DataError

GOOD = {**dict.fromkeys(COLUMNS, ""), "id": "a", "dataset": "d", "organ": "breast", "split": "val", "image": "i/a.png", "mask": "m/a.png"}


def _write(folder: Path, *lines: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> Path:
    path = folder / "manifest.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(lines)
    return path


def test_rows_are_read_as_written(tmp_path: Path) -> None:
    [row] = read_manifest(_write(tmp_path, {**GOOD, "pixel_mm": "0.25", "group": "7", "licence": "CC BY 4.0"}))
    assert (row.image, row.mask) == (tmp_path / "i/a.png", tmp_path / "m/a.png")
    assert (row.id, row.organ, row.split, row.licence) == ("a", "breast", "val", "CC BY 4.0")
    assert (row.cluster, row.pixel_mm, row.spacing_mm_yx) == ("d/7", 0.25, (0.25, 0.25))


def test_an_unknown_spacing_is_none(tmp_path: Path) -> None:
    [row] = read_manifest(_write(tmp_path, GOOD))
    assert row.pixel_mm is None
    assert row.spacing_mm_yx is None


def test_the_hash_is_that_of_the_file(tmp_path: Path) -> None:
    path = _write(tmp_path, GOOD)
    assert read_manifest(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_order_is_kept_and_a_byte_order_mark_is_no_column(tmp_path: Path) -> None:
    path = write_manifest(tmp_path, [Phantom(name) for name in "cab"])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert [row.id for row in read_manifest(path)] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split": "validation"}, "row 2: split 'validation' is unknown; use one of train, val, test, external"),
        ({"image": "/data/a.png"}, "row 2: image '/data/a.png' must be a path below the manifest's folder"),
        ({"mask": "../a.png"}, r"row 2: mask '\.\./a\.png' must be a path below"),
        ({"image": "i/../../a.png"}, r"row 2: image 'i/\.\./\.\./a\.png' must be a path below"),
        ({"image": "i\\a.png"}, r"row 2: image 'i\\a\.png' must be a path below the manifest's folder, with /"),
        ({"mask": ""}, "row 2: mask '' must be a path below"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, change: dict[str, str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_manifest(_write(tmp_path, {**GOOD, **change}))


def test_the_row_number_is_the_line_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 3: split 'x'"):
        read_manifest(_write(tmp_path, GOOD, {**GOOD, "split": "x"}))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv' is not a file"):
        read_manifest(tmp_path / "none.csv")
    with pytest.raises(DataError, match="is not a file"):
        read_manifest(tmp_path)


def test_missing_columns_are_named(tmp_path: Path) -> None:
    columns = tuple(column for column in COLUMNS if column not in ("group", "organ"))
    with pytest.raises(DataError, match=r"lacks the column\(s\) organ, group; it needs id,dataset,organ"):
        read_manifest(_write(tmp_path, GOOD, columns=columns))


@pytest.mark.parametrize("text", ["", ",".join(COLUMNS) + "\n"])
def test_a_manifest_without_rows_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="has no rows; it needs a header"):
        read_manifest(tmp_path / "manifest.csv")


def test_a_group_in_two_splits_is_refused(tmp_path: Path) -> None:
    rows = [Phantom("a", split="train", group="7"), Phantom("b", split="test", group="7")]
    with pytest.raises(DataError, match="group 'phantoms/7' is in both 'train' and 'test'"):
        phantom_manifest(tmp_path, rows)
    other = [rows[0], Phantom("b", split="test", group="7", dataset="others")]
    assert len(phantom_manifest(tmp_path, other).rows) == 2


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


@pytest.mark.parametrize("dataset", ["busi", "muscle_apo"])
def test_specks_are_no_objects(dataset: str) -> None:
    ids_hw = np.zeros((20, 40), np.uint8)
    ids_hw[0, : SMALLEST_OBJECT - 1] = 1
    ids_hw[10, :SMALLEST_OBJECT] = 2
    [mask_hw] = objects_in(ids_hw, dataset)
    assert mask_hw[10, 0]
    assert np.count_nonzero(mask_hw) == SMALLEST_OBJECT
