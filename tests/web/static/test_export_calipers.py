"""Calipers on pictures that the page exports without a server: crosses whole, labels beside an end."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from browsers import Visit
from exported import HW, KIDNEY, document, exported
from uniultra.io.dicom.notices import MEASURED

pytestmark = pytest.mark.browser
ARM = 5


def yellow(data: bytes) -> tuple[np.ndarray, int]:
    """Where a picture has the calipers' colour, and how much larger than the image it is."""
    picture = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    return (picture[..., 0] > 150) & (picture[..., 0] - picture[..., 2] > 60), picture.shape[1] // HW[1]


def test_no_label_covers_a_cross(alone: Visit, scans: Path) -> None:
    """The label of a short caliper at the edge lay over it, and a structure's over the end of another."""
    ends = [((1, 1), (6, 2)), ((60, 18), (60, 80)), ((0, 50), (139, 50)), ((120, 99), (139, 80))]
    doc = document({0: (KIDNEY,)})
    doc["calipers"] = [{"id": i, "frame": 0, "a": a, "b": b} for i, (a, b) in enumerate(ends, 1)]
    files = exported(alone, scans / "still.dcm", doc)
    light, zoom = yellow(files["still.overlay.png"])
    for x, y in ([(place + 0.5) * zoom for place in end] for pair in ends for end in pair):
        row = light[round(y) - 2 : round(y) + 2].any(0)[max(round(x) - ARM, 0) : round(x) + ARM]
        column = light[:, round(x) - 2 : round(x) + 2].any(1)[max(round(y) - ARM, 0) : round(y) + ARM]
        assert row.mean() > 0.6, f"no cross at {x},{y}"
        assert column.mean() > 0.6, f"no cross at {x},{y}"


def test_a_capture_of_calipers_alone_says_so(alone: Visit, scans: Path) -> None:
    """It was of "0 structures", and its series was called ": AI-generated"."""
    doc = document({}) | {"objects": [], "calipers": [{"id": 1, "frame": 1, "a": [20, 20], "b": [110, 20]}]}
    captured = dcmread(io.BytesIO(exported(alone, scans / "cine.dcm", doc)["cine.frames.sc.dcm"]))
    assert captured.SeriesDescription == MEASURED
    assert captured.DerivationDescription == f"Calipers drawn on the image. {MEASURED}"
