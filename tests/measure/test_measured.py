"""Which scale a structure gets, and how its measures are told."""

from __future__ import annotations

import numpy as np
import pytest

from phantoms import ellipse
from uniultra.geometry import scale_of
from uniultra.measure.measured import CSV_COLUMNS, as_json, measure_mask, rows
from uniultra.pixel_scale import Calibration, ScanRegion
from uniultra.types import Frame, Prompt

HW = (100, 200)
LEFT = ScanRegion((-0.5, -0.5, 99.5, 99.5), "2D", "tissue", ("cm", "cm"), (0.02, 0.02))
RIGHT = ScanRegion((99.5, -0.5, 199.5, 99.5), "2D", "tissue", ("cm", "cm"), (0.05, 0.05))
SCREEN = Calibration((LEFT, RIGHT))
INSIDE = ellipse(HW, (50, 50), (30, 20))


def test_the_region_of_the_mask_counts() -> None:
    assert scale_of(SCREEN, INSIDE).source == "region 1"
    assert scale_of(SCREEN, np.roll(INSIDE, 100, axis=1)).source == "region 2"
    assert scale_of(SCREEN, np.roll(INSIDE, 50, axis=1)).reason == "it lies across regions 1 and 2"


@pytest.mark.parametrize(
    "prompt",
    [Prompt(box_xyxy=(20, 20, 130, 80)), Prompt(points_xy=((50, 50), (120, 50)), point_labels=(1, 1))],
)
def test_a_prompt_across_regions_takes_the_millimetres_away(prompt: Prompt) -> None:
    scale = scale_of(SCREEN, INSIDE, prompt)
    assert (scale.spacing_mm_yx, scale.reason) == (None, "its prompt lies across region 1 and region 2")
    assert measure_mask(INSIDE, scale).shape.area.unit == "px2"  # type: ignore[union-attr]


def test_negative_points_and_boxes_beyond_the_frame_do_not() -> None:
    prompt = Prompt(box_xyxy=(-40, -40, 90, 120), points_xy=((150, 50),), point_labels=(0,))
    assert scale_of(SCREEN, INSIDE, prompt).source == "region 1"


def test_a_frame_of_one_spacing() -> None:
    scale = scale_of(Frame.from_array(np.zeros(HW, np.uint8), (0.3, 0.3)).calibration, INSIDE)
    assert (scale.spacing_mm_yx, scale.source) == ((0.3, 0.3), "the frame")


def test_json_and_rows_say_the_same() -> None:
    measured = measure_mask(INSIDE, scale_of(SCREEN, INSIDE))
    report, table = as_json(measured), rows("a.png", 3, 2, measured)
    assert report["scale"]["spacing_mm_yx"] == (0.2, 0.2)
    assert report["area"]["value"] == pytest.approx(INSIDE.sum() * 0.04)
    assert {row[4] for row in table} <= set(report)
    for row in table:
        line = dict(zip(CSV_COLUMNS, row, strict=True))
        assert (line["image"], line["frame"], line["id"], line["scale"]) == ("a.png", 3, 2, "region 1")
        assert (line["value"], line["unit"]) == (
            report[line["measure"]]["value"],
            report[line["measure"]]["unit"],
        )


def test_an_empty_mask_has_a_scale_and_no_sizes() -> None:
    measured = measure_mask(np.zeros(HW, bool), scale_of(SCREEN, np.zeros(HW, bool)))
    assert list(as_json(measured)) == ["scale"]
    [row] = rows("a.png", 0, 1, measured)
    assert row[3:6] == ["", "none", ""]
    assert row[-1] == "there is nothing to measure"
