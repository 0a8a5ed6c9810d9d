"""EchoNet-Dynamic's layout: the traced frames of its clips, their masks, phases, fractions and splits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import echonet_set as miniature
from uniultra.data.importers.echonet import inside
from uniultra.data.importers.registry import input_file
from uniultra.data.manifest import read_manifest
from uniultra.data.set_import import Imported, ImportSettings, import_set
from uniultra.errors import DataError
from uniultra.io.cines import chosen_frames, open_cine


def imported(root: Path, **settings: object) -> Imported:
    chosen = ImportSettings(**{"published_splits": True, **settings})  # type: ignore[arg-type]
    return import_set(input_file("echonet"), root / "raw", root / "out", chosen)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    miniature.build(tmp_path / "raw")
    return tmp_path / "raw/EchoNet-Dynamic"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_frames_phases_fractions_and_splits_are_the_sets_own(raw: Path, tmp_path: Path) -> None:
    rows = imported(tmp_path).rows
    assert [(row["clip"], row["frame"], row["split"], row["class"]) for row in rows] == [
        ("0X10A0", "3", "train", "ES, EF 55.1 %"),
        ("0X10A0", "7", "train", "ED, EF 55.1 %"),
        ("0X10A1", "3", "val", "ES, EF 56.1 %"),
        ("0X10A1", "7", "val", "ED, EF 56.1 %"),
        ("0X10A2", "3", "test", "ES, EF 57.1 %"),
        ("0X10A2", "7", "test", "ED, EF 57.1 %"),
    ]
    assert {row["subject"] for row in rows} == {"0X10A0", "0X10A1", "0X10A2"}
    again = list(read_manifest(tmp_path / "out/manifest.csv"))
    assert [(row.clip, row.frame) for row in again[:2]] == [("0X10A0", 3), ("0X10A0", 7)]


def test_each_image_is_its_own_frame_and_each_mask_its_outline(raw: Path, tmp_path: Path) -> None:
    for row in imported(tmp_path).rows:
        number = int(row["frame"])
        pixels = np.array(Image.open(tmp_path / "out" / row["image"]))
        assert abs(int(pixels[4:12, 4:12].mean()) - (20 * number + 10)) <= 2
        mask = np.array(Image.open(tmp_path / "out" / row["mask"])) > 0
        truth = miniature.ellipse(miniature.SHORT[number])
        assert 2 * np.count_nonzero(mask & truth) / (mask.sum() + truth.sum()) > 0.97


@pytest.mark.shared
def test_real_clips(shared: Path, tmp_path: Path) -> None:
    """Frames of real ultrasound, through Motion JPEG as the set's own clips are, in the right order."""
    cine = open_cine(shared / "clips/tongue_a1.mp4")
    chosen = [frame.pixels_hw[:112, 100:212] for _, frame in chosen_frames(cine, range(0, 90, 3))]
    miniature.build(tmp_path / "raw", [chosen[:10], chosen[10:20], chosen[20:]])
    found = imported(tmp_path, published_splits=False).rows
    for row in found:
        pixels = np.array(Image.open(tmp_path / "out" / row["image"])).astype(int)
        off = [np.abs(pixels - frame).mean() for frame in chosen]
        assert np.argmin(off) == 10 * int(row["clip"][-1]) + int(row["frame"])


def test_edges_and_corners_are_inside() -> None:
    square = np.array([[2, 1], [5, 1], [5, 4], [2, 4]])
    truth = np.zeros((7, 8), bool)
    truth[1:5, 2:6] = True
    np.testing.assert_array_equal(inside(square, (7, 8)), truth)
    diamond = np.array([[3, 0], [6, 3], [3, 6], [0, 3]])
    rows, columns = np.mgrid[:7, :8]
    np.testing.assert_array_equal(inside(diamond, (7, 8)), abs(rows - 3) + abs(columns - 3) <= 3)


def test_an_outline_beyond_the_image_is_clipped() -> None:
    assert inside(np.array([[-3, -3], [9, -3], [9, 9], [-3, 9]]), (4, 5)).all()


@pytest.mark.parametrize(
    ("file", "old", "new", "what"),
    [
        ("VolumeTracings.csv", ",7\n", ",10\n", "frame 10 is traced, but there are 10"),
        ("VolumeTracings.csv", "0X10A1.avi", "0X99.avi", "not traced in 'VolumeTracings.csv'"),
        ("VolumeTracings.csv", "0X10A1.avi", "0X99.avi", "traces '0X99', which 'FileList.csv' doesn't list"),
        ("FileList.csv", "112,112", "224,224", "112 x 112 pixels, 'FileList.csv' says 224 x 224"),
        ("FileList.csv", "VAL", "DEV", "split 'DEV' is unknown"),
        ("FileList.csv", "112,112", "112,", "size ' x 112' in 'FileList.csv' is none"),
        ("FileList.csv", "0X10A2", "0X10A3", "0X10A3.avi: no such file, but 'FileList.csv' lists it"),
    ],
)
def test_problems_are_named(raw: Path, tmp_path: Path, file: str, old: str, new: str, what: str) -> None:
    edit(raw / file, old, new)
    found = imported(tmp_path)
    assert not found.written
    assert any(what in str(problem) for problem in found.problems), found.problems


@pytest.mark.parametrize(
    ("file", "old", "new", "what"),
    [
        ("VolumeTracings.csv", "X1,Y1,X2,Y2,", "X,Y,A,B,", "no column X1, Y1, X2, Y2"),
        ("VolumeTracings.csv", ",7\n", ",No Diastolic\n", "row 23: .*legal are numbers"),
        ("VolumeTracings.csv", ",7\n", ",-7\n", "row 23: legal are finite numbers, frames from 0"),
        ("FileList.csv", "Split", "Part", "no column Split"),
    ],
)
def test_another_table_is_refused(
    raw: Path, tmp_path: Path, file: str, old: str, new: str, what: str
) -> None:
    edit(raw / file, old, new)
    with pytest.raises(DataError, match=what):
        imported(tmp_path)


def test_two_chords_are_no_outline(raw: Path, tmp_path: Path) -> None:
    lines = (raw / "VolumeTracings.csv").read_text(encoding="utf-8").splitlines()[:3]
    (raw / "VolumeTracings.csv").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError, match="'0X10A0' has 2 chords; legal are 3 or more"):
        imported(tmp_path)
