"""A click finds a lesion of 120 x 80 pixels in a panorama as it does in a single view.

After facebookresearch/segment-anything#760: panoramas stretched onto a square are segmented badly. The right
mask is the phantom's own ellipse. 117ac18 gave Dice 0.05 in 8,000 x 600 (305,623 px), as the closer view grew
with the longer side.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from phantoms import ellipse, speckled
from uniultra.geometry import field_side
from uniultra.segmenter import Segmenter
from uniultra.types import Frame, Prompt

GEOMETRY = Path(__file__).parents[2] / "src" / "uniultra" / "web" / "static" / "core" / "geometry.mjs"


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.load(threads=1)


def dice_of_click(
    segmenter: Segmenter, frame: Frame, true_hw: np.ndarray, *points_xy: tuple[float, float]
) -> float:
    [mask] = segmenter.segment(frame, [Prompt(points_xy=points_xy, point_labels=(1,) * len(points_xy))])
    return float(2 * np.count_nonzero(mask.mask_hw & true_hw) / (mask.mask_hw.sum() + true_hw.sum()))


@pytest.mark.parametrize("width", [800, 2000, 4000, 8000])
def test_one_click_in_a_wide_panorama(segmenter: Segmenter, width: int) -> None:
    true_hw = ellipse((600, width), (0.75 * width, 300), (60, 40))
    assert dice_of_click(segmenter, speckled(true_hw), true_hw, (0.75 * width, 300.0)) > 0.9


def test_one_click_in_a_tall_strip(segmenter: Segmenter) -> None:
    true_hw = ellipse((6000, 500), (250, 1500), (60, 40))
    assert dice_of_click(segmenter, speckled(true_hw), true_hw, (250.0, 1500.0)) > 0.9


def test_two_clicks_on_one_lesion_of_a_panorama(segmenter: Segmenter) -> None:
    true_hw = ellipse((600, 8000), (2000, 300), (150, 40))
    assert dice_of_click(segmenter, speckled(true_hw), true_hw, (1900.0, 300.0), (2100.0, 300.0)) > 0.9


def test_a_view_of_usual_shape_is_sized_by_its_longer_side() -> None:
    assert field_side((600, 800)) == field_side((800, 600)) == 800
    assert field_side((500, 1000)) == 1000
    assert field_side((600, 8000)) == field_side((8000, 600)) == 1200


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_javascript_sizes_its_views_alike() -> None:
    sizes = [(600, 800), (600, 8000), (8000, 600), (333, 667)]
    calls = ", ".join(f"fieldSide({{ width: {width}, height: {height} }})" for height, width in sizes)
    script = f"import {{ fieldSide }} from {GEOMETRY.as_uri()!r}; console.log([{calls}].join())"
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == ",".join(str(field_side(size)) for size in sizes)
