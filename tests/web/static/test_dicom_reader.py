"""What the page without a server reads of a DICOM file is what Python reads: colours, frames, scale."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.pixels import pixel_array
from pydicom.uid import JPEGBaseline8Bit

from dicoms import dataset, encapsulated, jpeg, picture, region, save
from uniultra.io.images import read_frame
from uniultra.web.workspace.static_files import STATIC

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
SCRIPT = f"""
import {{ readFileSync }} from "node:fs";
import {{ readDicom }} from "{(STATIC / "local/dicom.mjs").as_uri()}";
globalThis.ImageData = class {{
    constructor(width, height) {{
        Object.assign(this, {{ width, height, data: new Uint8ClampedArray(4 * width * height) }});
    }}
}};
let found;
try {{
    const {{ width, height, count, calibration, frame }} = readDicom(new Uint8Array(readFileSync(0)));
    const frames = Array.from({{ length: count }}, (_, n) => frame(n));
    found = {{ width, height, calibration, frames: frames.map((one) => Array.from(one.data ?? [])) }};
}} catch (error) {{
    found = {{ refused: error.message }};
}}
console.log(JSON.stringify(found));
"""


def read(path: Path) -> dict[str, Any]:
    command = ["node", "--input-type=module", "-e", SCRIPT]
    done = subprocess.run(command, input=path.read_bytes(), capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("photometric", "more"),
    [
        ("MONOCHROME2", {}),
        ("MONOCHROME1", {}),
        ("RGB", {}),
        ("RGB", {"PlanarConfiguration": 1}),
        ("YBR_FULL", {}),
        ("YBR_FULL", {"PlanarConfiguration": 1}),
    ],
)
def test_colours_of_each_frame(tmp_path: Path, photometric: str, more: dict[str, Any]) -> None:
    channels = 1 if photometric.startswith("MONO") else 3
    path = save(dataset(picture(3, channels), photometric, **more), tmp_path / "a.dcm")
    truth = pixel_array(path).astype(int)
    if photometric == "MONOCHROME1":
        truth = 255 - truth
    found = read(path)
    pixels = np.array(found["frames"]).reshape(3, found["height"], found["width"], 4)[..., :3]
    assert np.abs(pixels - (truth if channels == 3 else truth[..., None])).max() <= 1


def test_what_would_come_out_in_other_colours_is_refused(tmp_path: Path) -> None:
    half = dataset(picture(1, 3), "YBR_FULL_422")
    assert "YBR_FULL_422, aren't read here" in read(save(half, tmp_path / "a.dcm"))["refused"]
    dark = dataset(picture(), "MONOCHROME1")
    dark = encapsulated(dark, JPEGBaseline8Bit, [jpeg(picture()[0])])
    assert "MONOCHROME1, aren't read here" in read(save(dark, tmp_path / "b.dcm"))["refused"]
    split = encapsulated(
        dataset(picture(2)), JPEGBaseline8Bit, [jpeg(one) for one in picture(2)], fragments=2
    )
    assert "its 2 frames lie in 4 pieces" in read(save(split, tmp_path / "c.dcm"))["refused"]


@pytest.mark.parametrize(
    ("items", "more"),
    [
        ([region((0, 0, 35, 23), (0.02, 0.03))], {}),
        ([region((0, 0, 35, 23), (0.02, -0.03))], {}),
        ([region((0, 0, 35, 23), (-0.02, -0.03))], {"PixelSpacing": [0.5, 0.5]}),
        ([region((0, 0, 35, 23), (0.0, 0.03))], {"PixelSpacing": [0.5, 0.4]}),
        ([region((0, 0, 35, 23), (float("inf"), 0.03))], {}),
        ([region((20, 0, 5, 23)), region((0, 0, 35, 23), 0.01, 2, (4, 3))], {}),
        ([], {"PixelSpacing": [0.3, 0.2], "NominalScannedPixelSpacing": [0.5, 0.5]}),
        ([], {"PixelSpacing": [0, 0.2]}),
        ([], {"PixelSpacing": [-0.3, 0.2]}),
        ([], {}),
    ],
)
def test_the_scale(tmp_path: Path, items: list[Any], more: dict[str, Any]) -> None:
    if items:
        more = {**more, "SequenceOfUltrasoundRegions": items}
    path = save(dataset(picture(), **more), tmp_path / "a.dcm")
    truth, found = read_frame(path).calibration, read(path)["calibration"]
    assert len(found["regions"]) == len(truth.regions)
    for one, other in zip(found["regions"], truth.regions, strict=True):
        assert one["box_xyxy"] == list(other.box_xyxy)
        assert one["shape"] == other.shape
        assert bool(one["fault"]) == bool(other.fault)
        mm = None if one["spacing_mm_yx"] is None else tuple(one["spacing_mm_yx"])
        assert mm == pytest.approx(other.spacing_mm_yx)
    assert found["fallbacks"] == [[name, list(mm)] for name, mm in truth.fallbacks]
