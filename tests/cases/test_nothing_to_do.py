"""A folder of nothing but earlier results is told as such, and one of .nii.gz is no empty folder.

117ac18 ignored NAME.mask.png and its like without a word, exit code 0; and called a folder of .nii.gz, the
usual form of NIfTI, "no images found", since a result of `--write nifti` ends alike. Such a result is known
by the .json or the mask beside it.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from phantoms import ellipse, speckled
from uniultra.cli.main import app
from uniultra.errors import FileError
from uniultra.io.images import find_images
from uniultra.io.nifti import write_labels
from uniultra.io.own_results import is_result
from uniultra.outputs.earlier import archive_images

PIXELS = speckled(ellipse((240, 320), (160, 120), (60, 40))).pixels_hw
BOX = ("--box", "95,75,225,165")
ALONE = "results: holds results of uniultra alone; give the folder of the images"


def tried(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("results", "scans"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_earlier_results_alone_are_said(folder: Path) -> None:
    for ending in ("mask", "overlay"):
        Image.fromarray(PIXELS).save(folder / "results" / f"a.{ending}.png")
    Image.fromarray(PIXELS).save(folder / "b.png")
    for places in (("results",), ("results/*.png",), ("b.png", "results")):
        done = tried("segment", *places, *BOX, "--out", "out")
        assert isinstance(done.exception, FileError)
        assert str(done.exception).startswith(places[-1])
        assert "holds results of uniultra alone; give the folder of the images" in str(done.exception)
        assert not (folder / "out").exists()
    done = tried("batch", "results", "out", "--grid", "2", "--dry-run")
    assert ALONE in str(done.exception)


def test_a_result_that_is_named_is_taken(folder: Path) -> None:
    Image.fromarray(PIXELS).save(folder / "results" / "a.overlay.png")
    assert find_images(["results/a.overlay.png"]) == [Path("results/a.overlay.png")]


def test_a_folder_and_a_pattern_of_nifti(folder: Path) -> None:
    write_labels(folder / "scans" / "a.nii.gz", PIXELS, (0.3, 0.2))
    (folder / "scans" / "backup.tar.gz").write_bytes(b"\x1f\x8b no image")
    for place in ("scans", "scans/*.gz", "scans/*"):
        assert find_images([place]) == [Path("scans/a.nii.gz")]
    done = tried("segment", "scans", *BOX, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["image"] == "a.nii.gz"
    assert "240 pixels" in tried("info", "scans").output
    done = tried("batch", "scans", "out", "--grid", "2", "--dry-run")
    assert done.exit_code == 0, done.output


def test_nifti_that_was_written_here_is_a_result_and_its_image_is_not(folder: Path) -> None:
    Image.fromarray(PIXELS).save(folder / "scans" / "a.png")
    assert tried("segment", "scans", *BOX, "--write", "nifti", "--out", "scans").exit_code == 0
    assert is_result(folder / "scans" / "a.nii.gz")
    assert find_images(["scans"]) == [Path("scans/a.png")]
    report = {"schema": "uniultra.segment/1", "image": "a.nii.gz"}  # what NIfTI itself gave, beside it
    (folder / "scans" / "a.json").write_text(json.dumps(report), encoding="utf-8")
    assert not is_result(folder / "scans" / "a.nii.gz")
    (folder / "scans" / "a.json").write_text('{"image": "another program\'s"}', encoding="utf-8")
    assert is_result(folder / "scans" / "a.nii.gz")  # by its mask
    (folder / "scans" / "a.mask.png").unlink()
    assert not is_result(folder / "scans" / "a.nii.gz")


def test_of_an_archive_elsewhere_the_names_decide() -> None:
    names = ["x/a.png", "x/a.mask.png", "x/a.nii.gz", "x/b.nii.gz", "y/a.nii.gz", "y/c.seg.dcm"]
    inputs = {name: f"s3://bucket/{name}" for name in names}
    assert list(archive_images(inputs, "s3://bucket")) == ["x/a.png", "x/b.nii.gz", "y/a.nii.gz"]
    with pytest.raises(FileError, match=r"s3://bucket: holds results of uniultra alone"):
        archive_images({"a.mask.png": "s3://bucket/a.mask.png"}, "s3://bucket")


def test_a_cine_is_read_from_a_folder_of_nifti_slices(folder: Path) -> None:
    from uniultra.io.cines import open_cine

    for i in range(2):
        write_labels(folder / "scans" / f"{i}.nii.gz", np.full((40, 50), 60 + i, np.uint8), None)
    assert open_cine(folder / "scans").count == 2
