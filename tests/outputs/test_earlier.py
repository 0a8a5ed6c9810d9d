"""Which scale a mask has that was written here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from uniultra.outputs.earlier import Written, of_frame, saved_beside, saved_structures
from uniultra.pixel_scale import Scale

KNOWN = {"spacing_mm_yx": [0.2, 0.3], "source": "region 1", "reason": None, "notes": ["a note"]}
STILL = (
    '{"schema": "uniultra.segment/1", "frame": %s, "measures": {"scale": {"spacing_mm_yx": %s, "notes": '
    "[]}}}]}"
)
UNKNOWN = {"spacing_mm_yx": None, "source": None, "reason": "it lies across regions 1 and 2", "notes": []}

ENDLESS = {"area_px": float("inf")}


def item(identity: int, scale: dict) -> dict:
    return {"id": identity, "area_px": 70, "measures": {"scale": scale}}


def test_a_still(tmp_path: Path) -> None:
    report = {"schema": "uniultra.segment/1", "frame": 3, "objects": [item(1, KNOWN), item(2, UNKNOWN)]}
    (tmp_path / "a.frame3.json").write_text(json.dumps(report))
    found = of_frame(saved_beside(tmp_path / "a.frame3.mask.png"), None)
    assert found[1] == Written(Scale((0.2, 0.3), "region 1", "", ("a note",)), 70)
    assert found[2].scale == Scale(None, "", "it lies across regions 1 and 2")
    assert saved_beside(tmp_path / "a.frame3.png") == saved_beside(tmp_path / "other.mask.png") == {}


def test_a_cine(tmp_path: Path) -> None:
    frames = [{"frame": number, "objects": [item(1, scale)]} for number, scale in ((4, KNOWN), (9, UNKNOWN))]
    (tmp_path / "a.frames.json").write_text(
        json.dumps({"schema": "uniultra.segment-frames/1", "frames": frames})
    )
    saved = saved_beside(tmp_path / "a.frames.masks.tif")
    assert of_frame(saved, 4)[1].scale.spacing_mm_yx == (0.2, 0.3)
    assert of_frame(saved, 9)[1].scale.spacing_mm_yx is None
    assert of_frame(saved, 5) == of_frame(saved, None) == {}


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"schema": "other", "frame": null, "objects": []}',
        '{"schema": "uniultra.segment/1", "frame": null, "objects": [7]}',
        STILL % ('null, "objects": [{"id": 1', "[0, 1]"),
        STILL % ('null, "objects": [{"id": 1', "[NaN, 1]"),
        STILL % ('[], "objects": [{"id": []', "[1, 1]"),
        json.dumps({"schema": "uniultra.segment/1", "frame": None, "objects": [item(1, KNOWN) | ENDLESS]}),
    ],
)
def test_what_is_no_result_of_ours_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    assert saved_structures(tmp_path / "a.json") == {}
