"""Colons in names, as recorders name files by the time: legal on Linux and macOS.

After opencv/opencv#15624 (reading) and #8013 (writing): FFmpeg takes what stands before the colon for a
protocol. Right is that they work as any other name; 117ac18 called the video damaged and the encoder missing.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from phantoms import ellipse, speckled
from uniultra.cli.main import app
from uniultra.io.images import read_frame
from uniultra.io.video_writer import write_movie

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows knows no such names")
TRUE = ellipse((240, 320), (160, 120), (60, 40))
BOX = ("--box", "95,75,225,165")
NAMES = ["10:30.mp4", "file:scan.mp4", "http:scan.mp4", "a:b:c.avi"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pictures = (np.dstack([speckled(TRUE, seed).pixels_hw] * 3) for seed in range(3))
    write_movie("clip.mp4", pictures, 25.0)
    return tmp_path


def segment(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["segment", *arguments, *BOX])


@pytest.mark.parametrize("name", NAMES)
def test_a_video_with_colons_in_its_name_is_read(folder: Path, name: str) -> None:
    (folder / "clip.mp4").rename(name)
    assert read_frame(name, 1).pixels_hw.shape == (240, 320)
    assert read_frame(Path(name), 1).pixels_hw.shape == (240, 320)


def test_and_segmented_with_its_overlay_video(folder: Path) -> None:
    (folder / "clip.mp4").rename("10:30.mp4")
    done = segment("10:30.mp4", "--frames", "all", "--write", "movie", "--out", "12:45")
    assert done.exit_code == 0, done.output
    [movie] = (folder / "12:45").glob("*.overlay.mp4")
    assert read_frame(movie, 2).pixels_hw.shape == (480, 640)


def test_an_image_and_a_batch_too(folder: Path) -> None:
    from PIL import Image

    (folder / "9:00").mkdir()
    Image.fromarray(speckled(TRUE).pixels_hw).save("9:00/9:15.png")
    assert segment("9:00/9:15.png", "--out", "9:30").exit_code == 0
    assert (folder / "9:30" / "9:15.mask.png").is_file()
    Path("p.csv").write_text("file,x0,y0,x1,y1\n9:15.png,95,75,225,165\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["batch", "9:00", "9:45", "--prompts", "p.csv", "--dry-run"])
    assert done.exit_code == 0, done.output
    assert "1" in done.output
