"""A process of its own says, writes and leaves with what `commands.uniultra` does within the tests' one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands import process, uniultra
from dicoms import dataset, region, save
from phantoms import ellipse, speckled

BOX = "105,65,235,155"


def files(folder: Path) -> dict[str, object]:
    """What lies there. A report names those libraries that are loaded, of which tests have more."""
    return {
        path.relative_to(folder).as_posix(): report(path) if path.suffix == ".json" else path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def report(path: Path) -> dict[str, object]:
    found = json.loads(path.read_text())
    assert {"onnxruntime", "numpy"} <= found.pop("libraries").keys()
    return found


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("segment", "scan.png", "--box", BOX, "--out", "out"), 0),
        (("segment", "scan.png", "--box", "5,5", "--out", "out"), 2),
        (("segment", "cine.dcm", "--frames", "all", "--box", BOX, "--out", "out", "--write", "none"), 0),
        (("track", "cine.dcm", "--box", BOX, "--out", "out", "--write", "none"), 0),
        (("info", "cine.dcm", "scan.png", "none.dcm"), 2),
        (("measure", "mask.png", "--spacing", "0.2"), 0),
        (("serve", "--queue", "0"), 2),
        (("models",), 0),
    ],
    ids=["segment", "bad box", "frames", "track", "info", "measure", "serve", "models"],
)
def test_both_ways_are_one(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    true = ellipse((240, 320), (170, 110), (60, 40))
    Image.fromarray(speckled(true).pixels_hw).save(here / "scan.png")
    Image.fromarray(true.astype(np.uint8)).save(here / "mask.png")
    cine = np.stack([speckled(true, seed).pixels_hw for seed in range(2)])
    save(
        dataset(cine, SequenceOfUltrasoundRegions=[region((0, 0, 319, 239), 0.05)], FrameTime=40),
        here / "cine.dcm",
    )
    shutil.copytree(here, there)
    one, other = uniultra(*arguments, cwd=here), process(*arguments, cwd=there)
    assert (one.returncode, one.stdout, one.stderr) == (other.returncode, other.stdout, other.stderr)
    assert one.returncode == code, one.stderr
    assert files(here) == files(there)


def test_the_package_is_the_command_too(tmp_path: Path) -> None:
    """`python -m uniultra`, where the command isn't on the path."""
    named = subprocess.run([sys.executable, "-m", "uniultra", "models"], capture_output=True, text=True)
    assert (named.returncode, named.stdout, named.stderr) == (0, uniultra("models", cwd=tmp_path).stdout, "")
    refused = subprocess.run([sys.executable, "-m", "uniultra", "info", "none.dcm"], capture_output=True)
    assert refused.returncode == 2
