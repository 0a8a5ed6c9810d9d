"""The size of a pixel as it is typed: beside what a file says, or in its place."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from dicoms import dataset, region, save
from phantoms import ellipse, speckled
from uniultra.cli.main import app
from uniultra.cli.terminal.options import one_frame, parse_scale, parse_size
from uniultra.errors import PromptError

TRUE = ellipse((96, 128), (60, 50), (30, 20))
BOX = ["--box", "25,25,95,75"]


def scale_of(*arguments: object) -> dict:
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code == 0, done.output
    [found] = json.loads(done.stdout)["objects"]
    return found["measures"]["scale"] if "measures" in found else found["scale"]


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """Calibrated with 0.5 mm per pixel."""
    save(
        dataset(speckled(TRUE).pixels_hw[None], SequenceOfUltrasoundRegions=[region((0, 0, 127, 95), 0.05)]),
        tmp_path / "a.dcm",
    )
    return tmp_path / "a.dcm"


def test_one_number_or_two() -> None:
    assert parse_size("0.3", "--spacing") == 0.3
    assert parse_size("0.3, 0.32", "--spacing") == (0.3, 0.32)
    assert parse_size(None, "--spacing") is parse_scale(None, None) is None


@pytest.mark.parametrize("text", ["0", "11", "nan", "x", "", "0.3,", "0.3,0.3,0.3", "-1,0.3", "0.3;0.3"])
@pytest.mark.parametrize("option", ["--spacing", "--override-scale"])
def test_what_is_no_size_of_a_pixel(text: str, option: str) -> None:
    with pytest.raises(
        PromptError, match=rf"{option} .*is not a pixel size; give millimetres from 0.001 to 10"
    ):
        parse_size(text, option)


def test_both_are_refused() -> None:
    with pytest.raises(
        PromptError, match=r"--spacing 1 and --override-scale 2 both give the pixel size; give one of them"
    ):
        parse_scale("1", "2")


def test_spacing_stands_behind_the_file_and_override_before_it(scan: Path) -> None:
    behind = scale_of("segment", scan, *BOX, "--spacing", "0.3", "--json")
    assert (behind["spacing_mm_yx"], behind["source"]) == ([0.5, 0.5], "region 1")
    assert behind["notes"] == ["--spacing says 0.3 mm, but region 1 says 0.5 mm, which is used"]
    before = scale_of("segment", scan, *BOX, "--override-scale", "0.3,0.4", "--json")
    assert (before["spacing_mm_yx"], before["source"]) == ([0.3, 0.4], "--override-scale")
    assert before["notes"] == ["--override-scale overrides the file: region 1 says 0.5 mm"]


def test_measure_and_frames_take_it_too(scan: Path, tmp_path: Path) -> None:
    Image.fromarray(TRUE.astype(np.uint8)).save(tmp_path / "mask.png")
    measured = scale_of(
        "measure", tmp_path / "mask.png", "--image", scan, "--override-scale", "0.3", "--json"
    )
    assert (measured["spacing_mm_yx"], measured["source"]) == ([0.3, 0.3], "--override-scale")
    frames = np.stack([speckled(TRUE, seed).pixels_hw for seed in range(2)])
    save(dataset(frames, SequenceOfUltrasoundRegions=[region((0, 0, 127, 95), 0.05)]), tmp_path / "b.dcm")
    call = ["segment", str(tmp_path / "b.dcm"), *BOX, "--frames", "all", "--override-scale", "0.3", "--json"]
    done = CliRunner().invoke(app, call)
    for line in done.stdout.splitlines():
        assert json.loads(line)["objects"][0]["measures"]["scale"]["spacing_mm_yx"] == [0.3, 0.3]


def test_a_picture_without_calibration_has_nothing_to_override(tmp_path: Path) -> None:
    Image.fromarray(speckled(TRUE).pixels_hw).save(tmp_path / "a.png")
    found = scale_of("segment", tmp_path / "a.png", *BOX, "--override-scale", "0.3", "--json")
    assert (found["spacing_mm_yx"], found["notes"]) == ([0.3, 0.3], [])


def test_what_plus_minus_means_is_said_where_it_is_printed(tmp_path: Path) -> None:
    Image.fromarray(TRUE.astype(np.uint8)).save(tmp_path / "mask.png")
    done = CliRunner().invoke(app, ["measure", str(tmp_path / "mask.png"), "--spacing", "0.5"])
    assert "ellipse circumference, HC" in done.stdout
    said = "± reflects the pixel size alone, not the model's error, for which see docs/models.md"
    assert said in done.stdout


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("12", 12), (" 7 ", 7)])
def test_one_number(text: str, number: int) -> None:
    assert one_frame(text) == number


@pytest.mark.parametrize("text", ["1-5", "1,2", "0-9:2", "all", "ALL", "-1"])
def test_several_frames_are_sent_to_frames(text: str) -> None:
    with pytest.raises(PromptError, match=f"--frame '{text}' is not one frame; .*--frames 1-5"):
        one_frame(text)


@pytest.mark.parametrize("text", ["x", "", "1.5", "٣"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(PromptError, match="is not a frame's number; give a whole number from 0"):
        one_frame(text)


@pytest.mark.parametrize("command", ["segment", "measure", "show"])
def test_every_command_says_so(command: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [command, str(tmp_path / "cine.dcm"), "--frame", "1-5"])
    assert isinstance(done.exception, PromptError)
    assert "--frames" in str(done.exception)
