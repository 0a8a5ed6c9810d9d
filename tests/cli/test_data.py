"""`uniultra data`: what it prints, and with which exit code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from phantom_manifest import Phantom, write_manifest
from uniultra.cli.data import data, parse_fractions
from uniultra.errors import DataError


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(data, [str(argument) for argument in arguments])


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return write_manifest(tmp_path / "m", [Phantom("a"), Phantom("b", split="test", group="1")])


def test_own_folders_are_imported(manifest: Path, tmp_path: Path) -> None:
    result = _run(
        "import",
        "folder",
        manifest.parent,
        "--out",
        tmp_path / "out",
        "--organ",
        "liver",
        "--fractions",
        "train=0.5,test=0.5",
    )
    assert result.exit_code == 0, result.output
    assert "2 images in 2 groups" in result.stdout
    assert "liver" in (tmp_path / "out/manifest.csv").read_text(encoding="utf-8")
    assert _run("check", tmp_path / "out/manifest.csv").stdout.endswith("OK\n")


def test_problems_are_listed_and_nothing_is_written(manifest: Path, tmp_path: Path) -> None:
    (manifest.parent / "masks/a.png").unlink()
    result = _run("import", "folder", manifest.parent, "--out", tmp_path / "out")
    assert isinstance(result.exception, DataError)
    assert "a.png: no mask 'a'" in result.stderr
    assert not (tmp_path / "out").exists()


def test_all_problems_of_a_manifest_are_listed(manifest: Path) -> None:
    text = (
        manifest.read_text(encoding="utf-8")
        .replace("images/a.png", "images\\a.png")
        .replace("masks/b.png", "/b.png")
    )
    manifest.write_text(text.replace(",test,", ",tset,"), encoding="utf-8")
    result = _run("check", manifest)
    assert isinstance(result.exception, DataError)
    for what in (
        "row 2, image: 'images\\a.png' is a Windows path",
        "row 3, mask: '/b.png' is not below",
        "row 3, split: 'tset' is unknown",
    ):
        assert what in result.stderr


def test_near_duplicates_across_splits_are_found(manifest: Path) -> None:
    (manifest.parent / "images/b.png").write_bytes((manifest.parent / "images/a.png").read_bytes())
    assert "row 3, image: a near-duplicate of row 2" in _run("check", manifest).stderr


@pytest.mark.parametrize("text", ["train", "x=1", "train=2", "train=a"])
def test_fractions_that_are_not_usable(text: str) -> None:
    with pytest.raises(DataError, match="is not usable; write train="):
        parse_fractions(text)


def test_frames_are_simulated_by_a_seed(tmp_path: Path) -> None:
    for folder, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        result = _run("simulate", tmp_path / folder, "--images", "2", "--seed", seed, "--split", "val")
        assert result.exit_code == 0, result.output
        assert result.stdout.replace("\n", "").endswith("manifest.csv: 2 simulated frames")
    first, again, other = ((tmp_path / folder / "images").glob("*.png") for folder in "abc")
    contents = [sorted(path.read_bytes() for path in paths) for paths in (first, again, other)]
    assert contents[0] == contents[1] != contents[2]
    assert _run("check", tmp_path / "a/manifest.csv").stdout.endswith("OK\n")


def test_a_number_of_frames_out_of_range_is_told(tmp_path: Path) -> None:
    result = _run("simulate", tmp_path / "set", "--images", "0")
    assert isinstance(result.exception, DataError)
    assert str(result.exception) == "images is 0; it must be 1 to 1000000"
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize(
    ("ids", "warned"),
    [
        (("p1_a", "p1_b", "p2_a"), True),
        (("case 1 left", "case 1 right", "case 2 left"), True),
        (("img_1", "img_2", "img_3"), False),
        (("a", "b"), False),
    ],
)
def test_names_that_begin_alike_are_pointed_out(tmp_path: Path, ids: tuple[str, ...], warned: bool) -> None:
    write_manifest(tmp_path / "m", [Phantom(one.replace(" ", "_"), group=one) for one in ids])
    result = _run("import", "folder", tmp_path / "m", "--out", tmp_path / "out", "--fractions", "train=1")
    assert result.exit_code == 0, result.output
    assert ("begin alike but the splits are by image" in result.stderr) == warned
    again = _run(
        "import",
        "folder",
        tmp_path / "m",
        "--out",
        tmp_path / "by",
        "--subject",
        "^(.+)_",
        "--fractions",
        "train=1",
    )
    assert "begin alike" not in again.stderr


def test_check_says_where_splits_are_by_image(tmp_path: Path) -> None:
    alone = write_manifest(tmp_path / "m", [Phantom("a", group="0"), Phantom("b", group="1")])
    result = _run("check", alone)
    assert result.stdout.endswith("OK\n")
    assert "splits are by image in" in result.stderr
    grouped = write_manifest(tmp_path / "g", [Phantom("a", group="0"), Phantom("b", group="0")])
    assert "by image" not in _run("check", grouped).stderr


def test_cines_are_simulated_of_a_manifests_stills(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "m", [Phantom("a", "val"), Phantom("b", "val")])
    options = ("--split", "val", "--cines", "1", "--frames", "5", "--events", "none, leaves")
    result = _run("simulate-cine", manifest, tmp_path / "out", *options)
    assert result.exit_code == 0, result.output
    assert result.stdout.replace("\n", "").endswith("manifest.csv: 1 cine of 5 frames")
    assert "left out" not in result.stderr
    assert _run("check", tmp_path / "out/manifest.csv").stdout.endswith("OK\n")
    empty = tmp_path / "m/masks/b.png"
    Image.fromarray(np.zeros_like(np.array(Image.open(empty)))).save(empty)
    fewer = _run("simulate-cine", manifest, tmp_path / "fewer", "--split", "val", "--frames", "5")
    assert fewer.stdout.replace("\n", "").endswith("manifest.csv: 1 cine of 5 frames")
    assert "1 of 2 stills left out: no object in it" in fewer.stderr
    assert "follows clips of" not in fewer.stderr
    short = _run("simulate-cine", manifest, tmp_path / "short", "--split", "val", "--frames", "4")
    assert "`evaluate --protocol track` follows clips of 5 frames or more, and no shorter" in short.stderr
    wrong = _run("simulate-cine", manifest, tmp_path / "other", "--split", "val", "--events", "rain")
    assert "event 'rain' is unknown; use none, leaves, cut, slip, freeze, fades" in str(wrong.exception)
