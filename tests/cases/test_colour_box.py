"""A colour box in the B-mode image has the image's own scale: what lies half in it has millimetres.

After cornerstonejs/cornerstoneTools PR 1466 and OHIF/Viewers#5216. PS3.3 C.8.5.5: a region gives the scale of
every pixel in it; here region 1 holds every pixel, and region 2 says the same. Right is area_px * 0.3 mm *
0.3 mm; where the two differ, pixels. 117ac18 answered in pixels, "it lies across regions 1 and 2".
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from typer.testing import CliRunner

from dicoms import dataset, region, save
from phantoms import ellipse, speckled
from uniultra.cli.main import app
from uniultra.geometry import scale_of
from uniultra.pixel_scale import Calibration, ScanRegion
from uniultra.types import Prompt

MM = 0.3
TRUE = ellipse((240, 320), (160, 120), (60, 40))
B_MODE = ScanRegion((-0.5, -0.5, 319.5, 239.5), "2D", "tissue", ("cm", "cm"), (0.03, 0.03))
COLOUR = replace(B_MODE, box_xyxy=(119.5, 79.5, 199.5, 159.5), data="colour flow")
ACROSS, WITHIN, BESIDE = (100, 90, 150, 130), (130, 90, 150, 130), (20, 90, 80, 130)


def image(path: Path, colour: Dataset, frames: int = 1) -> Path:
    pixels = np.stack([speckled(TRUE, seed).pixels_hw for seed in range(frames)])
    items = [region((0, 0, 319, 239), 0.03), colour]
    save(dataset(pixels, SequenceOfUltrasoundRegions=items, FrameTime=40), path)
    return path


def segmented(path: Path, *options: str) -> list[dict]:
    done = CliRunner().invoke(
        app, ["segment", str(path), "--box", "95,75,225,165", "--json", *options], catch_exceptions=False
    )
    return [json.loads(line)["objects"][0] for line in done.stdout.splitlines()]


def test_a_nodule_half_in_the_colour_box_has_millimetres(tmp_path: Path) -> None:
    [found] = segmented(image(tmp_path / "a.dcm", region((120, 80, 199, 159), 0.03, RegionDataType=2)))
    assert found["area_mm2"] == pytest.approx(found["area_px"] * MM * MM, abs=0.01)
    assert found["measures"]["scale"]["source"] == "region 1"


def test_where_the_scales_differ_pixels_are_right(tmp_path: Path) -> None:
    [found] = segmented(image(tmp_path / "a.dcm", region((120, 80, 199, 159), 0.02, RegionDataType=2)))
    assert found["area_mm2"] is None
    assert found["measures"]["scale"]["reason"] == "it lies across regions 1 and 2"


def test_the_unit_is_that_of_every_frame(tmp_path: Path) -> None:
    """A box that a mask reaches on some frames only."""
    cine = image(tmp_path / "a.dcm", region((90, 70, 102, 170), 0.03, RegionDataType=2), frames=4)
    found = segmented(cine, "--frames", "all")
    assert [one["measures"]["scale"]["source"] for one in found] == ["region 1"] * 4


@pytest.mark.parametrize("box", [ACROSS, WITHIN, BESIDE])
@pytest.mark.parametrize("regions", [(B_MODE, COLOUR), (COLOUR, B_MODE)])
@pytest.mark.parametrize("low", [(False, False), (True, False), (False, True), (True, True)])
def test_the_order_and_the_priority_of_regions_of_one_scale_change_nothing(
    box: tuple, regions: tuple[ScanRegion, ScanRegion], low: tuple[bool, bool]
) -> None:
    one, other = (replace(each, low_priority=behind) for each, behind in zip(regions, low, strict=True))
    assert Calibration((one, other)).at(box).spacing_mm_yx == pytest.approx((MM, MM))


def test_a_box_of_another_scale_behind_the_image_does_not_count() -> None:
    """PS3.3 C.8.5.5.1.3, bit 0: the image's pixels have the priority."""
    behind = replace(COLOUR, delta_xy=(0.02, 0.02), low_priority=True)
    for box in (ACROSS, WITHIN):
        assert Calibration((B_MODE, behind)).at(box).spacing_mm_yx == pytest.approx((MM, MM))
    in_front = replace(behind, low_priority=False)
    assert Calibration((replace(B_MODE, low_priority=True), in_front)).at(ACROSS).spacing_mm_yx is None
    assert Calibration((replace(B_MODE, low_priority=True), in_front)).at(
        WITHIN
    ).spacing_mm_yx == pytest.approx((0.2, 0.2))


def test_a_prompt_in_the_colour_box_of_a_structure_beside_it() -> None:
    mask = np.zeros((240, 320), bool)
    mask[90:130, 20:80] = True
    inside = Prompt(points_xy=((150.0, 100.0), (50.0, 100.0)), point_labels=(1, 1))
    in_front = replace(B_MODE, low_priority=True), COLOUR
    for regions in ((B_MODE, COLOUR), (COLOUR, B_MODE), in_front):
        assert scale_of(Calibration(regions), mask, inside).spacing_mm_yx == pytest.approx((MM, MM))
    finer = replace(COLOUR, delta_xy=(0.02, 0.02))
    assert (
        scale_of(Calibration((in_front[0], finer)), mask, inside).reason
        == "its prompt lies across region 1 and region 2"
    )


def test_two_images_side_by_side_are_two_even_at_one_scale() -> None:
    """A length from one into the other is no length in the body."""
    left, right = (
        replace(B_MODE, box_xyxy=(-0.5, -0.5, 159.5, 239.5)),
        replace(B_MODE, box_xyxy=(159.5, -0.5, 319.5, 239.5)),
    )
    assert Calibration((left, right)).at((140, 90, 180, 130)).reason == "it lies across regions 1 and 2"
    mask = np.zeros((240, 320), bool)
    mask[90:130, 20:80] = True
    across = Prompt(box_xyxy=(20.0, 90.0, 180.0, 130.0))
    assert (
        scale_of(Calibration((left, right)), mask, across).reason
        == "its prompt lies across region 1 and region 2"
    )
