"""A correction of a saved mask goes on from all that it was prompted with."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from uniultra.io.priors import Prior
from uniultra.prompts.earlier import with_earlier
from uniultra.prompts.grouping import Typed, group_prior
from uniultra.types import NEGATIVE, POSITIVE, Prompt

HW = (40, 60)
LEFT, RIGHT = np.zeros(HW, np.bool_), np.zeros(HW, np.bool_)
LEFT[10:20, 5:15] = True
RIGHT[10:30, 40:50] = True
BOX = {"box": [4.0, 9.0, 16.0, 21.0], "points": [], "labels": [], "previous_mask": False, "box_fit": "tight"}
CLICKS = {"box": None, "points": [[45.0, 20.0], [30.0, 5.0]], "labels": [1, 0], "previous_mask": True}


def structures() -> list[dict[str, Any]]:
    return [
        {"id": 1, "name": None, "area_px": 100, "prompt": BOX},
        {"id": 2, "name": "left atrium", "area_px": 200, "prompt": CLICKS},
    ]


def beside(folder: Path, **changed: Any) -> Path:
    report = {"schema": "uniultra.segment/1", "frame": None, "objects": structures(), **changed}
    (folder / "scan.json").write_text(json.dumps(report))
    return folder / "scan.mask.png"


def prior() -> Prior:
    return Prior([LEFT, RIGHT], ["", ""])


def test_box_clicks_fit_and_name_are_known_again(tmp_path: Path) -> None:
    found = with_earlier(prior(), beside(tmp_path))
    assert found.prompts == [
        Prompt((4.0, 9.0, 16.0, 21.0), box_fit="tight"),
        Prompt(None, ((45.0, 20.0), (30.0, 5.0)), (POSITIVE, NEGATIVE)),
    ]
    assert found.names == ["", "left atrium"]
    assert with_earlier(Prior([LEFT, RIGHT], ["thyroid", ""]), beside(tmp_path)).names[0] == "thyroid"


def test_a_correction_has_them_before_its_own_click(tmp_path: Path) -> None:
    found = with_earlier(prior(), beside(tmp_path))
    left, right = group_prior(Typed(points=((8.0, 12.0),), negatives=((44.0, 12.0),)), found)
    assert (left.box_xyxy, left.box_fit, left.points_xy) == ((4.0, 9.0, 16.0, 21.0), "tight", ((8.0, 12.0),))
    assert np.array_equal(left.mask_hw, LEFT)
    assert right.points_xy == ((45.0, 20.0), (30.0, 5.0), (44.0, 12.0))
    assert right.point_labels == (POSITIVE, NEGATIVE, NEGATIVE)
    assert (right.box_xyxy, right.name) == (None, "left atrium")


def test_a_structure_without_a_click_is_its_mask_alone(tmp_path: Path) -> None:
    found = with_earlier(prior(), beside(tmp_path))
    left, right = group_prior(Typed(points=((8.0, 12.0),)), found)
    assert left.points_xy == ((8.0, 12.0),)
    assert (right.box_xyxy, right.points_xy, right.name) == (None, (), "left atrium")


@pytest.mark.parametrize(
    "changed",
    [
        {"schema": "other/1"},
        {"objects": structures()[:1]},
        {"objects": [{"id": 1}]},
        {"objects": [structures()[0] | {"area_px": math.inf}, structures()[1]]},
        {"objects": [structures()[0] | {"area_px": math.nan}, structures()[1]]},
        {"objects": ["left", "right"]},
        {"objects": None},
        {"frames": [{"frame": 3, "objects": structures()}, {"frame": 4, "objects": structures()}]},
    ],
)
def test_a_file_that_speaks_of_other_masks_is_left_alone(tmp_path: Path, changed: dict[str, Any]) -> None:
    assert with_earlier(prior(), beside(tmp_path, **changed)) == prior()
    assert with_earlier(prior(), tmp_path / "elsewhere.mask.png") == prior()


def test_a_structure_that_was_edited_since_is_its_mask_alone(tmp_path: Path) -> None:
    """It has another number of pixels, and its box may be another, too; the others stay what they are."""
    objects = [structures()[0], structures()[1] | {"area_px": 199}]
    found = with_earlier(prior(), beside(tmp_path, objects=objects))
    assert (found.prompts[0], found.prompts[1]) == (Prompt((4.0, 9.0, 16.0, 21.0), box_fit="tight"), None)
    assert found.names == ["", ""]


@pytest.mark.parametrize("said", [None, "box", {"box": "wide"}, {"box": None, "points": [], "labels": []}])
def test_a_structure_that_nobody_prompted_has_no_prompt(tmp_path: Path, said: Any) -> None:
    objects = [structures()[0] | {"prompt": said, "name": 7}, structures()[1]]
    found = with_earlier(prior(), beside(tmp_path, objects=objects))
    assert found.prompts[0] is None
    assert found.prompts[1] is not None


def test_the_frame_of_a_cine(tmp_path: Path) -> None:
    frames = [{"frame": number, "objects": structures()[: 3 - number]} for number in (1, 2)]
    path = beside(tmp_path, schema="uniultra.segment-frames/1", frames=frames)
    pages = path.with_name("scan.masks.tif")
    assert with_earlier(prior(), pages, 1).prompts[0] is not None
    assert with_earlier(Prior([LEFT], [""]), pages, 2).prompts[0] is not None
    assert with_earlier(prior(), pages, 2) == prior()
