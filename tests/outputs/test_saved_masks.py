"""Masks read back with their scale: phantoms of known size, one by one and as a beat."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from phantoms import ellipse
from uniultra.errors import PromptError
from uniultra.io.label_tiff import LabelFile
from uniultra.outputs.saved_masks import MaskPlace, open_masks, volume_json
from uniultra.pixel_scale import Calibration


def half_mm(calibration: Calibration) -> Calibration:
    return calibration.with_fallback("the test", (0.5, 0.5))


@pytest.fixture
def beat(tmp_path: Path) -> Path:
    """The label of a cine: axes 50 and 40 px on frames 1 and 2, on frame 3 nothing."""
    path = tmp_path / "a.frames.masks.tif"
    with LabelFile(path) as file:
        for number, radius in ((1, 50), (2, 40)):
            file.add(number, ellipse((240, 320), (170, 110), (radius, 30)).astype(np.uint8))
        file.add(3, np.zeros((240, 320), np.uint8))
    return path


def test_a_mask_is_measured_in_the_given_scale(tmp_path: Path) -> None:
    Image.fromarray(2 * ellipse((240, 320), (170, 110), (50, 30)).astype(np.uint8)).save(tmp_path / "a.png")
    [mask] = open_masks(tmp_path / "a.png", rescale=half_mm)
    assert mask.ids() == [2]
    shape = mask.measured(mask.only_id()).shape
    assert shape is not None
    assert shape.area.value == pytest.approx(np.pi * 25 * 15, rel=0.01)
    [unscaled] = open_masks(tmp_path / "a.png")
    with pytest.raises(PromptError, match=r"a.png: a volume needs millimetres, but no calibration is known"):
        unscaled.view()
    with pytest.raises(PromptError, match="no structure 1; there are 2"):
        mask.ids(1)


def test_the_ejection_fraction_of_a_beat(beat: Path) -> None:
    masks = list(open_masks(beat, rescale=half_mm))
    assert [(mask.place.frame, mask.ids()) for mask in masks] == [(1, [1]), (2, [1]), (3, [])]
    report = volume_json("ef", 1, masks)
    assert [report[key]["frame"] for key in ("end_diastolic", "end_systolic")] == [1, 2]
    assert report["ejection_fraction"]["value"] == pytest.approx(
        20, abs=1
    )  # 1 - 40/50, the width being equal
    assert report["ejection_fraction"]["notes"][1].endswith("1 of 3 frames")

    pair = volume_json("ef", 2, [replace(one, place=MaskPlace(beat, None)) for one in masks[:2]])
    assert pair["ejection_fraction"]["value"] == report["ejection_fraction"]["value"]


@pytest.mark.parametrize(
    ("method", "paths", "says"),
    [
        ("cube", 1, "--volume 'cube' is unknown; give ellipsoid, simpson, ef"),
        ("ellipsoid", 1, "--volume ellipsoid takes 2 masks, not 1"),
        ("simpson", 1, "a label of a cine; --volume simpson takes masks of one frame"),
    ],
)
def test_what_no_volume_is_made_of(beat: Path, method: str, paths: int, says: str) -> None:
    with pytest.raises(PromptError, match=says):
        volume_json(method, paths, open_masks(beat, rescale=half_mm))
