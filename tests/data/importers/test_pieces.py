"""Ids that lie in several separate pieces: told at the import, and taken apart by `--pieces`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from phantom_manifest import FRAME_HW, Phantom, true_ids, write_manifest
from uniultra.cli.main import app
from uniultra.data.loading import read_row
from uniultra.data.manifest import read_manifest
from uniultra.data.pieces import in_pieces, separated
from uniultra.errors import DataError, FileError

TWO = np.where(true_ids(2) > 0, 1, 0).astype(np.uint8)
"""Two ellipses under one id."""


def _import(folder: Path, out: Path, *options: str) -> Result:
    arguments = [
        "data",
        "import",
        "folder",
        str(folder),
        "--out",
        str(out),
        "--fractions",
        "train=1",
        *options,
    ]
    return CliRunner().invoke(app, arguments)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One image of two lesions in a black and white mask, one of one."""
    write_manifest(tmp_path / "m", [Phantom("a", objects=2), Phantom("b", group="1")])
    Image.fromarray(TWO * np.uint8(255)).save(tmp_path / "m/masks/a.png")
    return tmp_path / "m"


def test_it_is_told_and_mended(folder: Path, tmp_path: Path) -> None:
    result = _import(folder, tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "1 of 2 masks has an id in several separate pieces, which count as one structure" in result.stderr
    assert "import again with --pieces" in result.stderr

    again = _import(folder, tmp_path / "apart", "--pieces", "--structures", "lesion")
    assert again.exit_code == 0, again.output
    assert "separate pieces" not in again.stderr
    rows = read_manifest(tmp_path / "apart/manifest.csv").rows
    assert {row.id: sorted(np.unique(read_row(row)[1]).tolist()) for row in rows} == {
        "a": [0, 1, 2],
        "b": [0, 1],
    }
    assert {row.structure_of(2) for row in rows} == {"lesion"}
    assert [
        line.split(",")[12] for line in (tmp_path / "apart/manifest.csv").read_text().splitlines()[1:]
    ] == [
        "2",
        "1",
    ]


def test_names_of_ids_and_pieces_exclude_each_other(folder: Path, tmp_path: Path) -> None:
    result = _import(folder, tmp_path / "out", "--pieces", "--structures", "1=lesion, 2=cyst")
    assert isinstance(result.exception, DataError)
    assert "names ids, which --pieces gives anew; give one name for all" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_slips_are_no_pieces() -> None:
    ids_hw = true_ids(2)
    assert not in_pieces(ids_hw)
    assert in_pieces(TWO)
    ids_hw[0, :20] = 1  # below 30 pixels
    assert not in_pieces(ids_hw)
    apart_hw = separated(ids_hw)
    np.testing.assert_array_equal(apart_hw, true_ids(2))


def test_pieces_of_the_first_id_come_first() -> None:
    ids_hw = np.zeros(FRAME_HW, np.uint8)
    ids_hw[:10, :10], ids_hw[20:30, :10], ids_hw[40:50, 40:50] = 7, 3, 3
    apart_hw = separated(ids_hw)
    assert (apart_hw[25, 5], apart_hw[45, 45], apart_hw[5, 5]) == (1, 2, 3)


def test_more_pieces_than_ids() -> None:
    ids_hw = np.zeros((34 * 8, 34 * 8), np.uint8)
    for top in range(0, 34 * 8, 16):
        for left in range(0, 34 * 8, 16):
            ids_hw[top : top + 6, left : left + 6] = 1
    with pytest.raises(FileError, match="its mask has 289 separate pieces, and holds up to 255 ids"):
        separated(ids_hw)
