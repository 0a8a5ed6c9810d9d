"""A box that reaches beyond the image: clipped with a note, alike in every path; one that lies outside is
refused.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from phantoms import ellipse, speckled
from uniultra import Frame, Prompt, Segmenter
from uniultra.cli.main import app
from uniultra.errors import PromptError
from uniultra.prompt_checks import clipped
from uniultra.results import segment_frame

BEYOND, INSIDE = "200,60,600,170", "200,60,319.5,170"
NOTE = "box 200,60,600,170 reaches beyond the image of 320 x 240 pixels and is clipped to it"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    Image.fromarray(pixels()).save("in/scan.png")
    frames = [Image.fromarray(np.roll(pixels(), shift, axis=0)) for shift in (0, 3)]
    frames[0].save("cine.gif", save_all=True, append_images=frames[1:], duration=40)
    return tmp_path


def pixels() -> np.ndarray:
    return speckled(ellipse((240, 320), (290, 110), (60, 40))).pixels_hw


def run(*arguments: str) -> Result:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 0, done.output
    return done


def test_only_what_reaches_beyond_is_clipped() -> None:
    inside, beyond = Prompt((1, 2, 30, 40)), Prompt((-5, 2, 130, 40), ((3, 3),))
    outside, click = Prompt((200, 2, 230, 40)), Prompt(points_xy=((3, 3),))
    cut, notes = clipped([inside, beyond, outside, click], (50, 100))
    assert cut[:1] + cut[2:] == [inside, outside, click]
    assert cut[1] == Prompt((-0.5, 2, 99.5, 40), ((3, 3),))
    assert notes == ("box -5,2,130,40 reaches beyond the image of 100 x 50 pixels and is clipped to it",)


def test_the_result_in_python_says_so_and_is_that_of_the_clipped_box() -> None:
    segmenter = Segmenter.load()
    result = segment_frame(segmenter, Frame(pixels()), [Prompt((200, 60, 600, 170))])
    assert result.notes == (NOTE,)
    assert result.objects[0].prompt == Prompt((200, 60, 319.5, 170))
    [mask] = segmenter.segment(Frame(pixels()), [Prompt((200, 60, 319.5, 170))])
    np.testing.assert_array_equal(result.masks[0].mask_hw, mask.mask_hw)
    with pytest.raises(PromptError, match="less than a pixel on the image"):
        segment_frame(segmenter, Frame(pixels()), [Prompt((400, 60, 600, 170))])


@pytest.mark.parametrize("path", ["option", "prompts"])
def test_segment(folder: Path, path: str) -> None:
    Path("p.json").write_text(json.dumps([{"box": [200, 60, 600, 170]}]))
    given = ["--box", BEYOND] if path == "option" else ["--prompts", "p.json"]
    done = run("segment", "in/scan.png", *given, "--out", "out")
    assert f"note: {NOTE}" in done.stdout
    run("segment", "in/scan.png", "--box", INSIDE, "--out", "other")
    assert Path("out/scan.mask.png").read_bytes() == Path("other/scan.mask.png").read_bytes()
    report = json.loads(Path("out/scan.json").read_text())
    assert report["notes"] == [NOTE]
    assert report["objects"][0]["prompt"]["box"] == [200, 60, 319.5, 170]
    assert json.loads(Path("other/scan.json").read_text())["notes"] == []


def test_frames_of_a_cine(folder: Path) -> None:
    done = run("segment", "cine.gif", "--frames", "all", "--box", BEYOND, "--out", "out", "--write", "none")
    assert done.stdout.count(NOTE) == 1, "once for all frames"
    report = json.loads(Path("out/cine.frames.json").read_text())
    assert [frame["notes"] for frame in report["frames"]] == [[NOTE]] * 2


def test_batch(folder: Path) -> None:
    Path("p.csv").write_text("file,x0,y0,x1,y1\nscan.png,200,60,600,170\n")
    run("batch", "in", "out", "--prompts", "p.csv", "--write", "json", "--workers", "1")
    [report] = [json.loads(path.read_text()) for path in Path("out").rglob("*scan*.json")]
    assert report["notes"] == [NOTE]
    with open("out/results.csv", newline="") as file:
        [row] = csv.DictReader(file)
    assert row["prompt"] == "box 200,60,319.5,170"
