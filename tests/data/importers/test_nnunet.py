"""nnU-Net's own layout: splits, slices with their pixel size, and what can't be a row of a manifest."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from miniatures import HW, mask, nifti, nnunet, picture
from uniultra.data.importers.registry import input_file
from uniultra.data.set_import import Imported, ImportSettings, import_set
from uniultra.errors import DataError


def run(raw: Path, out: Path, settings: ImportSettings | None = None) -> Imported:
    return import_set(input_file("nnunet"), raw, out, settings or ImportSettings())


def _facts(root: Path, **changed: object) -> None:
    path = root / "Dataset001_US/dataset.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changed}), encoding="utf-8")


def test_the_sets_own_test_cases_stay_test_cases(tmp_path: Path) -> None:
    nnunet(tmp_path / "raw")
    settings = ImportSettings(published_splits=True, fractions={"train": 1.0}, organ="breast")
    rows = run(tmp_path / "raw", tmp_path / "out", settings).rows
    assert [(row["id"], row["split"], row["organ"]) for row in rows] == [
        ("a", "train", "breast"),
        ("b", "train", "breast"),
        ("c", "test", "breast"),
    ]


def test_slices_keep_the_size_of_a_pixel(tmp_path: Path) -> None:
    nnunet(tmp_path / "raw")
    _facts(tmp_path / "raw", file_ending=".nii.gz", labels={"background": 0, "wall": 2, "lumen": 1})
    for patient in range(2):
        base = tmp_path / "raw/Dataset001_US"
        values_hw = np.random.default_rng(patient).integers(0, 255, HW)
        nifti(base / f"imagesTr/p{patient}_0000.nii.gz", values_hw)
        nifti(base / f"labelsTr/p{patient}.nii.gz", np.pad(np.full((16, 16), 2), ((16, 16), (24, 24))))
    rows = run(tmp_path / "raw", tmp_path / "out").rows
    assert [(row["id"], row["pixel_mm"], row["width"]) for row in rows] == [
        ("p0", "0.15", "128"),
        ("p1", "0.15", "128"),
    ]


def test_what_is_no_row_is_named(tmp_path: Path) -> None:
    nnunet(tmp_path / "raw")
    base = tmp_path / "raw/Dataset001_US"
    picture(base / "imagesTr/a_0001.png", 7)
    (base / "labelsTr/b.png").unlink()
    mask(base / "labelsTr/z.png", 1)
    problems = "\n".join(map(str, run(tmp_path / "raw", tmp_path / "out").problems))
    assert "a_0000.png: one of several channels" in problems
    assert "b_0000.png: no mask 'b.png'" in problems
    assert "z.png: no image 'z_0000.png'; add it" in problems


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"file_ending": ".xyz"}, "file_ending '.xyz' can't be read; legal are .png"),
        ({"labels": {"background": 0, "ignore": 2}}, "label 2 is 'ignore'"),
        ({"file_ending": ".bmp"}, "holds no image named CASE_0000.bmp, as dataset.json says"),
        ({"labels": 3}, "is not nnU-Net's dataset.json"),
    ],
)
def test_a_data_set_that_fits_no_manifest_is_refused(
    tmp_path: Path, changed: dict[str, object], says: str
) -> None:
    nnunet(tmp_path / "raw")
    _facts(tmp_path / "raw", **changed)
    with pytest.raises(DataError, match=says):
        run(tmp_path / "raw", tmp_path / "out")
