"""A black and white mask with soft edges is refused wherever a mask is read, as `data import` refuses it.

After NVIDIA/DALI#5507 and NKI-AI/dlup#141: interpolation invents labels. 117ac18 took such a mask for 214
structures, exit code 0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from phantoms import ellipse, speckled
from uniultra.cli.main import app
from uniultra.errors import FileError
from uniultra.io.label_tiff import LabelFile
from uniultra.io.masks import read_mask, read_previous
from uniultra.io.nifti import write_labels

TRUE = ellipse((240, 320), (160, 120), (60, 40))
LEGAL = r"grey values up to 255 \(soft edges\?\); one object is 0 and one other value.*cut it at 128"
POINT = ("--point", "160,120")


def soft() -> Image.Image:
    """The ellipse made half as large and large again, as a resize or a brush leaves it."""
    small = Image.fromarray(TRUE.astype(np.uint8) * 255).resize((160, 120), Image.Resampling.LANCZOS)
    return small.resize((320, 240), Image.Resampling.BILINEAR)


def brushed() -> Image.Image:
    """White with a soft alpha channel."""
    white = Image.new("RGBA", (320, 240), (255, 255, 255, 0))
    white.putalpha(soft())
    return white


def tried(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    Image.fromarray(speckled(TRUE).pixels_hw).save(tmp_path / "scan.png")
    return tmp_path / "scan.png"


def check_refused(result: Result) -> None:
    assert result.exit_code != 0
    reported = str(result.exception) if isinstance(result.exception, FileError) else result.output
    assert re.search(LEGAL, reported), reported


def test_measure_and_segment_refuse_it(scan: Path, tmp_path: Path) -> None:
    soft().save(tmp_path / "mask.png")
    check_refused(tried("measure", tmp_path / "mask.png", "--spacing", "0.3"))
    check_refused(tried("segment", scan, "--mask", tmp_path / "mask.png", *POINT, "--out", tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("made", [soft, lambda: soft().convert("RGB"), brushed])
def test_in_other_modes_too(tmp_path: Path, made: Callable[[], Image.Image]) -> None:
    made().save(tmp_path / "mask.png")
    with pytest.raises(FileError, match=LEGAL):
        read_mask(tmp_path / "mask.png", (240, 320))
    with pytest.raises(FileError, match=LEGAL):
        read_previous(tmp_path / "mask.png", (240, 320))


def test_of_float_and_sixteen_bits_too(tmp_path: Path) -> None:
    levels = np.asarray(soft()).astype(np.float32)
    Image.fromarray(levels / 255).save(tmp_path / "float.tif")
    Image.fromarray((levels * 257).astype(np.uint16)).save(tmp_path / "wide.png")
    for name in ("float.tif", "wide.png"):
        with pytest.raises(FileError, match="ids are whole numbers from 0 to 255"):
            read_previous(tmp_path / name, (240, 320))
    Image.fromarray(TRUE.astype(np.uint16) * 65535).save(tmp_path / "wide.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "wide.png", (240, 320)), TRUE)


def test_labels_of_nifti_and_of_frames_too(tmp_path: Path) -> None:
    write_labels(tmp_path / "mask.nii", np.asarray(soft()), (0.3, 0.3))
    check_refused(tried("measure", tmp_path / "mask.nii"))
    with LabelFile(tmp_path / "a.frames.masks.tif") as file:
        file.add(3, np.asarray(soft()))
    check_refused(tried("measure", tmp_path / "a.frames.masks.tif", "--spacing", "0.3"))


def test_sharp_masks_and_ids_are_measured_as_before(tmp_path: Path) -> None:
    Image.fromarray(TRUE.astype(np.uint8) * 255).save(tmp_path / "mask.png")
    [found] = json.loads(tried("measure", tmp_path / "mask.png", "--json").stdout)["objects"]
    assert found["area"]["value"] == np.count_nonzero(TRUE)
    ids = np.zeros((100, 100), np.uint8)
    for number in range(1, 81):  # 80 structures of which some lie under others
        ids[number : number + 9, number % 7 * 9 : number % 7 * 9 + 9] = number
    ids[np.isin(ids, [7, 21, 22, 60])] = 0
    Image.fromarray(ids).save(tmp_path / "ids.png")
    there = len(np.unique(ids)) - 1
    assert len(json.loads(tried("measure", tmp_path / "ids.png", "--json").stdout)["objects"]) == there
    assert len(read_previous(tmp_path / "ids.png", (100, 100))) == there
