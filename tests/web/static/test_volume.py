"""Volumes and the ejection fraction in the page without a server, against Python's."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from itertools import chain
from typing import Any

import numpy as np
import pytest

from uniultra.io.coco import compressed, run_lengths
from uniultra.measure.ejection import EQUAL, SQUARE, ejection
from uniultra.measure.measured import measure_mask
from uniultra.measure.volume import (
    CUBE,
    View,
    apart_notes,
    ejection_fraction,
    ellipsoid,
    share_lost,
    simpson,
    turned_notes,
)
from uniultra.pixel_scale import UNCALIBRATED, Scale
from uniultra.web.workspace.static_files import STATIC

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
HW = (180, 240)
MM = (0.5, 0.4)
ODD = "region 1: 12 x 12 mm per pixel is not plausible for ultrasound"
SCRIPT = f"""
import {{ readFileSync }} from "node:fs";
import {{ ejection, twoPlanes }} from "{(STATIC / "local/volume.mjs").as_uri()}";
const found = JSON.parse(readFileSync(0)).map(({{ views, frames, times }}) => {{
    try {{
        return frames ? ejection(views, frames, times) : twoPlanes(views);
    }} catch (error) {{
        return {{ refused: error.message }};
    }}
}});
console.log(JSON.stringify(found));
"""


def leaning(centre: tuple[float, float], axes: tuple[float, float], degrees: float) -> np.ndarray:
    """An ellipse whose long axis leans from the vertical."""
    y, x = np.mgrid[: HW[0], : HW[1]]
    turn = np.radians(degrees)
    dx, dy = x - centre[0], y - centre[1]
    along, across = dx * np.sin(turn) + dy * np.cos(turn), dx * np.cos(turn) - dy * np.sin(turn)
    return np.asarray((along / axes[0]) ** 2 + (across / axes[1]) ** 2 <= 1)


def view(mask: np.ndarray, mm: tuple[float, float] | None = MM, *notes: str) -> dict[str, Any]:
    size = {"width": HW[1], "height": HW[0]}
    reason = "" if mm else "no calibration is known"
    said = {reason: {"code": "uncalibrated"}}
    scale = {"mm": mm, "reason": reason, "notes": notes, "said": said}
    return {"counts": compressed(run_lengths(mask)), "size": size, "scale": scale}


def asked(*given: dict[str, Any]) -> list[dict[str, Any]]:
    command = ["node", "--input-type=module", "-e", SCRIPT]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def test_volumes_and_the_fraction_are_pythons() -> None:
    full = [leaning((120, 90), (70, 40), degrees) for degrees in (-50, -20, 0, 15, 60)]
    full.append(full[3] | leaning((20, 20), (9, 9), 0))  # a second part, which no length is of
    empty = [leaning((120, 90), (56, 27), degrees) for degrees in (-50, -20, 0, 15, 60, 15)]
    given = [
        {"views": [view(a, MM, ODD), view(b, MM, ODD)], "frames": [0, 9], "times": [0.0, 0.4]}
        for a, b in zip(full, empty, strict=True)
    ]
    scale = Scale(MM, "test", notes=(ODD,))
    for found, a, b in zip(asked(*given), full, empty, strict=True):
        end, start = (simpson((View(mask, scale),)) for mask in (a, b))
        fraction = ejection_fraction(end, start)
        pairs = (("diastole", end.volume), ("systole", start.volume), ("fraction", fraction))
        areas = [measure_mask(mask, scale).shape for mask in (a, b)]
        assert areas[0] is not None
        assert areas[1] is not None
        change = share_lost(areas[0].area, areas[1].area)
        pairs = (*pairs, ("area_change", change))
        for name, truth in pairs:
            assert found[name]["unit"] == truth.unit
            assert found[name]["value"] == pytest.approx(truth.value, rel=0.015), name
            assert found[name]["uncertainty"] == pytest.approx(truth.uncertainty, rel=0.05), name
        assert (found["method"], found["notes"]) == (end.method, [ODD, CUBE])


def test_both_methods_of_two_planes_are_pythons() -> None:
    scale = Scale(MM, "test", notes=(ODD,))
    pairs = [
        (leaning((120, 90), (70, 40), 10), leaning((110, 90), (68, 33), -15)),
        (leaning((120, 90), (70, 40), 10), leaning((110, 90), (50, 33), -15)),
    ]
    given = [{"views": [view(a, MM, ODD), view(b)]} for a, b in pairs]
    for found, (a, b) in zip(asked(*given), pairs, strict=True):
        measured, views = (measure_mask(a, scale), measure_mask(b, scale)), (View(a, scale), View(b, scale))
        ours = ellipsoid(*measured), simpson(views)
        for theirs, truth in zip((found["ellipsoid"], found["simpson"]), ours, strict=True):
            assert theirs["volume"]["value"] == pytest.approx(truth.volume.value, rel=0.03)
            assert theirs["volume"]["uncertainty"] == pytest.approx(truth.volume.uncertainty, rel=0.08)
            assert theirs["method"] == truth.method
            assert len(theirs["notes"]) == len(truth.notes)
            for note, other in zip(theirs["notes"], truth.notes, strict=True):
                assert note.split()[:3] == other.split()[:3]


@pytest.mark.parametrize("aspect", [1.0, 1.5])
def test_without_millimetres_there_is_a_fraction_as_pythons(aspect: float) -> None:
    """By the shape of pixels, as far as it is known; only the volumes are missing."""
    reason, odd = "no calibration is known", "pixels are not square"
    scale = Scale(reason=UNCALIBRATED, notes=(odd,), pixel_aspect=aspect)
    pairs = [(leaning((120, 90), (70, 40), lean), leaning((120, 90), (50, 30), lean)) for lean in (0, 40)]
    views = [[view(mask, None, odd) for mask in pair] for pair in pairs]
    for one in chain(*views):
        one["scale"]["aspect"] = aspect
    given = [{"views": two, "frames": [0, 9], "times": None} for two in views]
    plain = {**given[0], "views": [view(mask, None) for mask in pairs[0]]}
    for theirs, pair in zip(asked(*given), pairs, strict=True):
        truth = ejection(*((View(mask, scale),) for mask in pair))
        assert (theirs["diastole"], theirs["systole"]) == (None, None)
        assert theirs["reason"].startswith(f"a volume needs millimetres, but {reason}; set the scale")
        assert truth.area_change is not None
        for name, ours in (("fraction", truth.fraction), ("area_change", truth.area_change)):
            assert theirs[name]["value"] == pytest.approx(ours.value, rel=0.015), name
            assert theirs[name]["uncertainty"] == pytest.approx(ours.uncertainty, rel=0.05), name
        assert theirs["notes"] == [odd, SQUARE if aspect == 1 else EQUAL] == list(truth.notes)
    [unnamed] = asked(plain)
    assert unnamed["notes"] == [SQUARE]
    [swapped] = asked({**plain, "views": plain["views"][::-1]})
    assert re.search(r"volume, \d+\.\d px3, is above the diastolic one, \d+\.\d px3", swapped["refused"])


def test_what_has_no_answer_is_said() -> None:
    large, small = leaning((120, 90), (70, 40), 0), leaning((120, 90), (50, 30), 0)
    turned, nothing, close = asked(
        {"views": [view(small), view(large)], "frames": [0, 9], "times": [0.0, 0.4]},
        {"views": [view(large), view(np.zeros(HW, bool))]},
        {"views": [view(large), view(small)], "frames": [3, 4], "times": None},
    )
    assert "is above the diastolic one" in turned["refused"]
    assert "at least 1 pixel must be set" in nothing["simpson"]["problem"]
    assert close["notes"] == apart_notes(3, 4)
    [soon] = asked({"views": [view(large), view(small)], "frames": [3, 5], "times": [0.12, 0.2]})
    assert soon["notes"] == apart_notes(3, 5, 0.12, 0.2)
    outside = view(large, None)
    outside["scale"]["said"] = {outside["scale"]["reason"]: {"code": "across-regions"}}
    [refused] = asked({"views": [outside, outside], "frames": [0, 9], "times": None})
    assert refused["refused"].endswith("; keep the mask within one region of the image")


@pytest.mark.parametrize("degrees", [0, 10, 80, -75])
def test_axes_that_turn_between_the_two_frames_are_noted(degrees: float) -> None:
    large, small = leaning((120, 90), (70, 50), 5), leaning((120, 90), (50, 30), degrees)
    [found] = asked({"views": [view(large), view(small)], "frames": [0, 9], "times": [0.0, 0.4]})
    volumes = [simpson((View(mask, Scale(MM, "test")),)) for mask in (large, small)]
    assert found["notes"] == turned_notes(*volumes)
    assert len(found["notes"]) == (abs(degrees) > 30)
