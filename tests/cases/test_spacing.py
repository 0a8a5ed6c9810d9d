"""`--spacing Y,X`, and one number where the file knows the shape of its pixels, in every place that takes a
size of a pixel.

DICOM PixelAspectRatio is height to width (PS3.3 C.7.6.3.1.7). At 117ac18 one number stood for both sides
everywhere.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from dicoms import dataset, picture, save
from uniultra.cli.main import app
from uniultra.cli.terminal.options import parse_scale
from uniultra.io.cines import open_cine, recalibrated
from uniultra.pixel_scale import Calibration
from uniultra.web.messages import FileOptions, Read
from uniultra.web.worker import read_upload


def reported(*arguments: str) -> dict[str, object]:
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("given", "area_mm2"), [("0.5", 200 * 0.25), ("0.5,0.2", 200 * 0.1), (" 0.5 , 0.2 ", 200 * 0.1)]
)
def test_measure_takes_down_and_right(tmp_path: Path, given: str, area_mm2: float) -> None:
    ids = np.zeros((40, 50), np.uint8)
    ids[10:20, 10:30] = 1
    Image.fromarray(ids).save(tmp_path / "m.png")
    [found] = reported("measure", str(tmp_path / "m.png"), "--spacing", given)["objects"]  # type: ignore[misc]
    assert found["area"]["value"] == pytest.approx(area_mm2)


@pytest.mark.parametrize("command", ["segment", "measure"])
@pytest.mark.parametrize("given", ["0", "0.3,0", "0.3,0.3,0.3", "nan", "0.3,inf", "0.3;0.2", "11"])
def test_what_is_no_size(tmp_path: Path, command: str, given: str) -> None:
    Image.fromarray(np.ones((40, 50), np.uint8)).save(tmp_path / "m.png")
    more = ["--box", "1,1,9,9"] if command == "segment" else []
    done = CliRunner().invoke(app, [command, str(tmp_path / "m.png"), "--spacing", given, *more])
    assert done.exit_code != 0
    legal = "give millimetres from 0.001 to 10, or Y,X for down and right"
    assert str(done.exception) == f"--spacing '{given}' is not a pixel size; {legal}"


def test_one_number_is_the_height_of_a_pixel(tmp_path: Path) -> None:
    path = save(dataset(picture(), PixelAspectRatio=[2, 1]), tmp_path / "a.dcm")
    for size, typed, right in ((0.4, "0.4", (0.4, 0.2)), ((0.4, 0.4), "0.4,0.4", (0.4, 0.4))):
        scale = parse_scale(typed, None)
        assert scale is not None
        assert recalibrated(open_cine(path), scale).read(0).spacing_mm_yx == pytest.approx(right)
        expected = FileOptions(None, size)  # what the server is asked
        frame = read_upload(Read(path.read_bytes(), 10**7, 10**7, expected)).frame
        assert frame.spacing_mm_yx == pytest.approx(right)


def test_the_shape_of_pixels_goes_with_them() -> None:
    pal = Calibration().with_aspect("the video", 16 / 15)
    half = pal.moved((-0.5, -0.5), (0.5, 1.0))
    assert half.with_fallback("a", 0.3).whole_mm_yx == pytest.approx((0.3, 0.64))
    assert Calibration().with_aspect("the video", 1.0) == Calibration()
