"""COCO polygons become the masks that pycocotools gives.

After cocodataset/cocoapi#659: COCO counts from the corner of the first pixel, so the square 100..220 x
60..160 has 120 x 100 pixels. Right values: pycocotools 2.0.11, `frPyObjects` and `decode`. 117ac18 took
corners for centres: 12,221, 121, 2,260 and 49 pixels.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from uniultra.cli.main import app
from uniultra.errors import PromptError
from uniultra.io.polygons import filled

POLYGONS = [
    [[100, 60, 220, 60, 220, 160, 100, 160]],
    [[100.5, 60.5, 110.5, 60.5, 110.5, 70.5, 100.5, 70.5]],
    [[40, 40, 52, 40, 52, 52, 40, 52], [200, 100, 240, 100, 240, 150, 200, 150]],
    [[10, 10, 16, 10, 16, 16, 10, 16]],
]
PIXELS = [12000, 100, 2144, 36]
SHAPES = {
    "a triangle between pixels": (
        [1.2, 0.7, 7.4, 2.1, 2.6, 5.9],
        ".........\n.###.....\n..#####..\n..####...\n..##.....\n..#......\n.........",
    ),
    "beyond the image": (
        [-3.5, -2.0, 5.5, 1.5, 12.0, 9.0, 2.0, 4.5],
        "###......\n#####....\n######...\n.######..\n..######.\n....#####\n......###",
    ),
    "a bow tie": (
        [1, 1, 8, 6, 8, 1, 1, 6],
        ".........\n.#.....#.\n.##...##.\n.###.###.\n.##...##.\n.#.....#.\n.........",
    ),
    "closed, with a doubled corner": (
        [2, 1, 2, 1, 7, 1, 7, 5, 2, 5, 2, 1],
        ".........\n..#####..\n..#####..\n..#####..\n..#####..\n.........\n.........",
    ),
    "thinner than a pixel": ([1, 2.8, 8, 2.9, 8, 3.2, 1, 3.1], "\n".join(["........."] * 7)),
}


def test_imported_masks_have_as_many_pixels_as_pycocotools_gives(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for i in range(12):
        Image.fromarray(np.random.default_rng(i).integers(0, 255, (240, 320), np.uint8)).save(
            tmp_path / "images" / f"im{i}.png"
        )
    coco = {
        "images": [{"id": i + 1, "file_name": f"im{i}.png"} for i in range(12)],
        "annotations": [{"image_id": i + 1, "segmentation": polygon} for i, polygon in enumerate(POLYGONS)],
    }
    (tmp_path / "coco.json").write_text(json.dumps(coco), encoding="utf-8")
    done = CliRunner().invoke(
        app, ["data", "import", "coco", str(tmp_path / "coco.json"), "--out", str(tmp_path / "out")]
    )
    assert done.exit_code == 0, done.output
    masks = [next((tmp_path / "out" / "masks").glob(f"*im{i}.png")) for i in range(4)]
    assert [int(np.count_nonzero(np.asarray(Image.open(mask)))) for mask in masks] == PIXELS


@pytest.mark.parametrize("name", SHAPES)
def test_pixel_for_pixel(name: str) -> None:
    corners, rows = SHAPES[name]
    right = np.array([[sign == "#" for sign in row] for row in rows.split()])
    np.testing.assert_array_equal(filled(corners, (7, 9)), right)


def test_the_direction_and_the_first_corner_change_no_area() -> None:
    corners = np.array([[3.2, 4.1], [90.7, 12.3], [71.4, 55.5], [20.2, 40.9]])
    area = np.count_nonzero(filled(corners.ravel(), (60, 100)))
    for turned in (corners[::-1], np.roll(corners, 2, axis=0)):
        assert np.count_nonzero(filled(turned.ravel(), (60, 100))) == pytest.approx(area, abs=2)


@pytest.mark.parametrize(
    ("corners", "message"),
    [
        ([1, 2, 3, 4], "4 numbers are not a polygon; give x and y of 3 or more points"),
        ([1, 2, 3, 4, 5, 6, 7], "7 numbers are not a polygon"),
        ([1, 2, 3, 4, float("nan"), 6], "finite numbers within"),
        ([1, 2, 3, 4, 1e300, 6], "finite numbers within"),
    ],
)
def test_what_is_no_polygon(corners: list[float], message: str) -> None:
    with pytest.raises(PromptError, match=message):
        filled(corners, (7, 9))
