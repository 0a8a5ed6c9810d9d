"""The paper's protocol: square, a box a component, united by the maximum, per image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from phantom_manifest import FRAME_HW, Phantom, phantom_manifest
from phantoms import speckled
from uniultra.data.splits import selection_split
from uniultra.evaluation.journal import Journal
from uniultra.evaluation.paper.paper_protocol import (
    PaperImage,
    PaperScore,
    component_boxes,
    evaluate_paper,
    parse_paper,
    score_stretched,
    stretch,
    united,
)
from uniultra.types import Frame, Mask, Prompt


class Boxes:
    """The whole box, with logits of 8 inside and -12 outside; nothing where the box is wider than `most`;
    counts its calls.
    """

    name = "boxes"

    def __init__(self, most: float = math.inf) -> None:
        self.most, self.calls, self.sizes = most, 0, set[tuple[int, int]]()

    def segment(self, frame: Frame, prompts: Sequence[Prompt]) -> list[Mask]:
        self.calls += 1
        self.sizes.add((frame.height, frame.width))
        return [self._one(frame, prompt) for prompt in prompts]

    def _one(self, frame: Frame, prompt: Prompt) -> Mask:
        assert prompt.box_xyxy is not None
        x0, y0, x1, y1 = prompt.box_xyxy
        y, x = np.mgrid[: frame.height, : frame.width]
        found = (x > x0) & (x < x1) & (y > y0) & (y < y1) & (x1 - x0 <= self.most)
        return Mask(found, np.where(found, 8.0, -12.0).astype(np.float32), math.nan)


def test_the_square_is_stretched() -> None:
    true_hw = np.zeros((64, 256), bool)
    true_hw[16:32, 64:192] = True
    frame, stretched_hw = stretch(speckled(true_hw, spacing=0.1), true_hw)
    assert frame.pixels_hw.shape == stretched_hw.shape == (1024, 1024)
    assert frame.spacing_mm_yx is None
    assert component_boxes(stretched_hw) == [(255.5, 255.5, 767.5, 511.5)]
    assert (
        float(frame.pixels_hw[stretched_hw].mean()) < 20 < 80 < float(frame.pixels_hw[~stretched_hw].mean())
    )


def test_a_box_a_component_and_the_maximum_of_their_answers() -> None:
    mask_hw = np.zeros((40, 60), bool)
    mask_hw[5:15, 5:15] = mask_hw[20:30, 30:55] = True
    boxes = component_boxes(mask_hw)
    assert boxes == [(4.5, 4.5, 14.5, 14.5), (29.5, 19.5, 54.5, 29.5)]
    assert np.array_equal(
        united(Boxes(), Frame(np.zeros((40, 60), np.uint8)), boxes), mask_hw
    )  # a sum, 8 - 12, would be empty
    assert component_boxes(np.zeros((4, 4), bool)) == []


def test_a_known_answer(tmp_path: Path) -> None:
    (row,) = phantom_manifest(tmp_path, [Phantom("a")]).rows
    square = np.zeros(FRAME_HW, np.uint8)
    square[15:30, 20:40], square[45:50, 60:70] = 1, 2
    Image.fromarray(square).save(row.mask)
    segmenter = Boxes()
    record = score_stretched(segmenter, row).record
    assert record is not None
    assert segmenter.sizes == {(1024, 1024)}
    assert (record.boxes, record.model.dice, record.model.iou, record.model.hausdorff_px) == (
        2,
        1.0,
        1.0,
        0.0,
    )
    assert record.ellipse.dice == pytest.approx(2 * (math.pi / 4) / (1 + math.pi / 4), abs=0.01)
    # Farthest from the ellipse in a rectangle of half-axes a, b is its corner.
    angles = np.linspace(0, math.pi / 2, 2000)
    expected = np.hypot(128 - 128 * np.cos(angles), 128 - 128 * np.sin(angles)).min()
    assert record.ellipse.hausdorff_px == pytest.approx(expected, abs=2.0)


def test_an_empty_answer_has_no_distance_and_an_image_without_a_mask_no_answer(tmp_path: Path) -> None:
    split = selection_split(phantom_manifest(tmp_path, [Phantom("a"), Phantom("n", group="1", objects=0)]))
    shown, empty = evaluate_paper(Boxes(most=0), split.rows)
    assert shown.record is not None
    assert shown.record.model == PaperScore(0.0, 0.0, None)
    assert shown.record.ellipse.hausdorff_px is not None
    assert empty == PaperImage(None)


def test_workers_and_an_interruption_change_nothing(tmp_path: Path) -> None:
    split = selection_split(
        phantom_manifest(tmp_path, [Phantom(f"p{i}", group=str(i), objects=i % 3) for i in range(5)])
    )

    def journal() -> Journal:
        return Journal(tmp_path / "j.jsonl", {"protocol": "paper"}, parse_paper)

    whole = evaluate_paper(Boxes(), split.rows, workers=3)
    evaluate_paper(Boxes(), split.rows[:3], journal=journal())
    segmenter = Boxes()
    assert evaluate_paper(segmenter, split.rows, journal=journal()) == whole
    assert segmenter.calls == 1  # of the last two, one shows nothing
