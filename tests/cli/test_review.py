"""`uniultra data review`: what it prints, writes and refuses."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from phantom_manifest import Phantom, true_ids, write_manifest
from uniultra.cli.data import data
from uniultra.errors import DataError, OutputError


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(data, ["review", *(str(argument) for argument in arguments)])


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return write_manifest(tmp_path / "m", [Phantom("a"), Phantom("b", "train", group="1")])


def test_the_published_model_doubts_a_mask_beside_its_structure(manifest: Path, tmp_path: Path) -> None:
    Image.fromarray(np.roll(true_ids(1), (0, 30), (0, 1))).save(manifest.parent / "masks/b.png")
    result = _run(manifest, "--sheet", tmp_path / "r.png", "--csv", tmp_path / "r.csv")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[2].startswith("| b | train | breast 1 | 0.")
    assert lines[3].startswith("| a | val | breast 1 | 0.9")
    assert "2 structures reviewed" in result.stdout
    rows = list(csv.DictReader((tmp_path / "r.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["image"] for row in rows] == ["b", "a"]
    assert all(0 <= float(row["quality"]) <= 1 for row in rows)
    assert np.asarray(Image.open(tmp_path / "r.png")).ndim == 3


def test_one_split_alone(manifest: Path) -> None:
    assert "| a |" not in _run(manifest, "--split", "train", "--model", "ellipse").stdout
    wrong = _run(manifest, "--split", "tset", "--model", "ellipse")
    assert "split 'tset' is unknown; use train, val, test, external, or none for all" in str(wrong.exception)
    none = _run(manifest, "--split", "test", "--model", "ellipse")
    assert isinstance(none.exception, DataError)
    assert "shows no object" in str(none.exception)


def test_nothing_is_overwritten_unasked(manifest: Path, tmp_path: Path) -> None:
    taken = tmp_path / "r.png"
    taken.write_text("mine")
    assert isinstance(_run(manifest, "--sheet", taken, "--model", "ellipse").exception, OutputError)
    assert taken.read_text() == "mine"
    assert _run(manifest, "--sheet", taken, "--model", "ellipse", "--force").exit_code == 0
    assert taken.read_bytes().startswith(b"\x89PNG")
