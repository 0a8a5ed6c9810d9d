"""The program of docs/export.md, which knows the files of a model alone, gives the product's own mask."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from uniultra.geometry import clip_box
from uniultra.io.images import read_frame
from uniultra.registry import DEFAULT, find, verified_folder
from uniultra.segmenter import Segmenter
from uniultra.types import Frame, Prompt

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "src/uniultra/examples"
FOLDER = verified_folder(find(DEFAULT))


def _documented() -> Any:
    section = (ROOT / "docs/export.md").read_text(encoding="utf-8").split("## By the files alone")[1]
    names: dict[str, Any] = {}
    exec(section.split("```python\n")[1].split("```")[0], names)
    return names["segment"]


def _boxes() -> list[tuple[str, tuple[float, ...]]]:
    """The bundled boxes; one beyond the image, one that is small, and one of the whole image."""
    examples = json.loads((EXAMPLES / "examples.json").read_text(encoding="utf-8"))
    found = [(one["image"], tuple(o["box"])) for one in examples for o in one["objects"] if "box" in o]
    name = found[0][0]
    return [*found, (name, (-40, 100, 300, 900)), (name, (200, 200, 212, 209)), (name, (0, 0, 510, 419))]


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.load(FOLDER)


@pytest.mark.parametrize(("name", "box"), _boxes())
def test_the_listing_gives_the_products_mask(
    segmenter: Segmenter, name: str, box: tuple[float, float, float, float]
) -> None:
    frame = read_frame(EXAMPLES / name)
    cut = clip_box(box, (frame.height, frame.width))  # as the command line and the server do first
    [mask] = segmenter.segment(frame, [Prompt(box_xyxy=cut)])
    found_hw, quality = _documented()(FOLDER, frame.pixels_hw, box)
    assert mask.mask_hw.any()
    assert np.array_equal(found_hw, mask.mask_hw)
    assert quality == pytest.approx(mask.quality, abs=1e-6)


def test_parts_and_holes_are_treated_alike(segmenter: Segmenter) -> None:
    """On noise, where answers are in pieces."""
    pixels_hw = np.random.default_rng(3).integers(0, 255, (90, 300), np.uint8)
    box = (20.0, 10.0, 280.0, 80.0)
    [mask] = segmenter.segment(Frame.from_array(pixels_hw), [Prompt(box_xyxy=box)])
    assert np.array_equal(_documented()(FOLDER, pixels_hw, box)[0], mask.mask_hw)
