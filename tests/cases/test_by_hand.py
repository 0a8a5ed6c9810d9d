"""The calculation by hand in docs/dicom.md is that of the model of today: on a mismatch the test prints what
belongs there.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pydicom
import pytest
from typer.testing import CliRunner

from uniultra.cli.main import app

DOC = Path(__file__).resolve().parents[2] / "docs" / "dicom.md"
FIRST, LAST = "The file's one region has", "**This file also shows"
BOX = "130,60,200,170"


def by_hand(file: Path, out: Path) -> str:
    """The paragraph, each number of it worked out from the header and the JSON, as a reader with a calculator
    would.
    """
    done = CliRunner().invoke(
        app, ["segment", str(file), "--frame", "0", "--box", BOX, "--write", "csv", "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    [found] = json.loads((out / "examples_ybr_color.frame0.json").read_text())["objects"]
    [region] = pydicom.dcmread(file, stop_before_pixels=True).SequenceOfUltrasoundRegions
    assert region.PhysicalDeltaX == region.PhysicalDeltaY
    side = 10 * region.PhysicalDeltaX
    pixels, area = found["area_px"], found["area_mm2"]
    assert round(pixels * round(side**2, 10), 3) == area
    long = found["measures"]["long_diameter"]
    (x0, y0), (x1, y1) = long["ends_xy"]
    length = math.hypot(x1 - x0, y1 - y0)
    assert abs(length * side - long["value"]) < 0.01
    return (
        f"The file's one region has `PhysicalDeltaX` = `PhysicalDeltaY` = {region.PhysicalDeltaX} cm, so a "
        "pixel is"
        f" {side:.10f} mm wide and {side**2:.10f} mm2 large. The mask has {pixels} pixels:"
        f" {pixels} x {side**2:.10f} = {area:.3f} mm2; the JSON says `area_mm2` {area}. Its long diameter "
        "ends at"
        f" {x0:g},{y0:g} and {x1:g},{y1:g}: the square root of {abs(x1 - x0):.2f}² + {abs(y1 - y0):.2f}² is"
        f" {length:.3f} pixels, times {side:.6f} is {length * side:.3f} mm; the JSON, computed "
        f"from unrounded end points, says {long['value']}."
    )


@pytest.mark.shared
def test_the_docs_calculation_is_of_today(shared: Path, tmp_path: Path) -> None:
    text = DOC.read_text(encoding="utf-8")
    written = re.sub(r"\s+", " ", text[text.index(FIRST) : text.index(LAST)]).strip()
    assert written == by_hand(shared / "dicom" / "examples_ybr_color.dcm", tmp_path)
