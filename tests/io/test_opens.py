"""Each input file of `uniultra segment` is opened twice: to see what it is, and to read it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from dicoms import dataset, picture, region, save
from phantoms import ellipse, speckled

COUNT = """
import json, os, sys
path, *arguments = sys.argv[1:]
opens = []

def hook(event, values):
    if event == "open" and isinstance(values[0], (str, bytes, os.PathLike)):
        if os.path.abspath(os.fsdecode(values[0])) == path:
            opens.append(values[1])

sys.addaudithook(hook)
from uniultra.cli.main import app
app(["segment", path, *arguments], standalone_mode=False)
print(json.dumps(opens))
"""


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.png", ()),
        ("a.dcm", ("--write", "seg,sr,csv", "--frame", "1", "--keep-patient")),
        ("a.dcm", ("--frames", "all", "--write", "seg,csv,movie")),
    ],
)
def test_an_input_is_opened_twice(tmp_path: Path, name: str, options: tuple[str, ...]) -> None:
    if name == "a.png":
        Image.fromarray(speckled(ellipse((120, 160), (80, 60), (40, 30))).pixels_hw).save(tmp_path / name)
    else:
        box = (0, 0, 35, 23)
        save(dataset(picture(3), SequenceOfUltrasoundRegions=[region(box)], FrameTime=40), tmp_path / name)
    arguments = [str(tmp_path / name), "--box", "5,5,30,20", "--out", str(tmp_path / "out"), *options]
    done = subprocess.run(
        [sys.executable, "-c", COUNT, *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout.splitlines()[-1])) == 2
