"""`uniultra data agreement`, and what `data check` says of pictures that are held twice."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from phantom_manifest import FRAME_HW, Phantom, true_ids, write_manifest
from phantoms import ellipse
from uniultra.cli.data import data
from uniultra.errors import DataError, OutputError

ELSEWHERE = np.where(ellipse(FRAME_HW, (62, 30), (8, 12)), 1, 0).astype(np.uint8)


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(data, [str(argument) for argument in arguments])


def _mask(manifest: Path, id: str, ids_hw: np.ndarray) -> None:
    Image.fromarray(ids_hw).save(manifest.parent / f"masks/{id}.png")


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Of three images, two are the same."""
    path = write_manifest(tmp_path / "m", [Phantom("a"), Phantom("b"), Phantom("c", group="1")])
    (path.parent / "images/b.png").write_bytes((path.parent / "images/a.png").read_bytes())
    return path


def test_pictures_held_twice(manifest: Path, tmp_path: Path) -> None:
    larger = np.where(ellipse(FRAME_HW, (15, 28), (11, 16)), 1, 0).astype(np.uint8)
    _mask(manifest, "b", larger)
    result = _run("agreement", manifest, "--csv", tmp_path / "a.csv", "--sheet", tmp_path / "a.png")
    assert result.exit_code == 0, result.output
    one, other = np.count_nonzero(true_ids(1)), np.count_nonzero(larger)
    expected = 2 * one / (one + other)
    assert f"| breast | 1 | 1 | 0 | {expected:.3f} | {expected:.3f} |" in result.stdout
    [row] = csv.DictReader((tmp_path / "a.csv").read_text(encoding="utf-8").splitlines())
    assert (row["image"], row["second_image"], float(row["dice"])) == ("a", "b", round(expected, 4))
    assert (int(row["area_px"]), int(row["second_area_px"])) == (one, other)
    red, _, blue = np.moveaxis(np.asarray(Image.open(tmp_path / "a.png")).astype(int), 2, 0)
    assert (blue - red > 80).any()  # the first's outline
    assert (red - blue > 80).any()  # the second's


def test_masks_with_nothing_in_common(manifest: Path, tmp_path: Path) -> None:
    _mask(manifest, "b", ELSEWHERE)
    checked = _run("check", manifest)
    assert checked.exit_code == 0, checked.output
    assert (
        "1 picture has two masks that have nothing in common (a and b); look at them: uniultra data agreement"
        in checked.stderr
    )
    result = _run("agreement", manifest, "--sheet", tmp_path / "a.png")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "a.png").is_file()
    _mask(manifest, "b", true_ids(1))
    assert "nothing in common" not in _run("check", manifest).stderr


def test_two_readers(manifest: Path, tmp_path: Path) -> None:
    second = write_manifest(tmp_path / "second", [Phantom("a"), Phantom("b"), Phantom("c", group="1")])
    (second.parent / "images/b.png").write_bytes((second.parent / "images/a.png").read_bytes())
    _mask(second, "b", ELSEWHERE)
    result = _run("agreement", manifest, "--second", second)
    assert result.exit_code == 0, result.output
    assert "| breast | 3 | 2 | 2 | 1.000 [1.000, 1.000] |" in result.stdout
    assert "1 picture has two masks that have nothing in common (b); look at them" in result.stderr
    assert f"--second {second} --sheet" in result.stderr


def test_what_cannot_be_compared(tmp_path: Path, manifest: Path) -> None:
    alone = write_manifest(tmp_path / "alone", [Phantom("x"), Phantom("y", group="1")])
    nothing = _run("agreement", alone)
    assert isinstance(nothing.exception, DataError)
    assert "is outlined twice; give a second reader's masks of the same images with --second" in str(
        nothing.exception
    )
    other = _run("agreement", manifest, "--second", alone)
    assert "no image of the same dataset and id" in str(other.exception)
    taken = tmp_path / "taken.csv"
    taken.write_text("mine")
    refused = _run("agreement", manifest, "--csv", taken)
    assert isinstance(refused.exception, OutputError)
    assert taken.read_text() == "mine"
    (manifest.parent / "masks/c.png").unlink()
    broken = _run("agreement", manifest)
    assert isinstance(broken.exception, DataError)
    assert "row 4, mask: 'masks/c.png': no such file" in broken.stderr


def test_known_wrong_masks_are_left_out(tmp_path: Path) -> None:
    ids = "apo_00300", "apo_00534"
    path = write_manifest(tmp_path, [Phantom(id, dataset="muscle_apo") for id in ids])
    (path.parent / "images/apo_00534.png").write_bytes((path.parent / "images/apo_00300.png").read_bytes())
    _mask(path, "apo_00534", ELSEWHERE)
    checked = _run("check", path)
    assert "1 image of muscle_apo left out: its mask is another picture's" in checked.stderr
    assert "nothing in common" not in checked.stderr
