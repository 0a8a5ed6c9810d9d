"""A grid of clicks: where they lie, what is kept of their answers, and what is found on a phantom."""

from __future__ import annotations

import numpy as np
import pytest

from phantoms import ellipse, speckled
from uniultra.automatic import AT_ONCE, GridSettings, grid_points, segment_grid
from uniultra.errors import PromptError
from uniultra.model_facts import ModelFacts
from uniultra.quality import stability
from uniultra.segmenter import Segmenter
from uniultra.types import Embedding, Frame, Mask, Prompt, Region

SHAPE = 40, 60
LEFT, RIGHT = ellipse(SHAPE, (15, 20), (12, 12)), ellipse(SHAPE, (45, 20), (12, 12))


class Known:
    """A segmenter that finds the ellipse that was clicked on, sure of the left one and less of the right;
    else nothing, surely.
    """

    facts = ModelFacts("known", "1", 256)

    def __init__(self, edge: float = 6.0) -> None:
        self.edge = edge
        self.encoded = 0
        self.batches: list[int] = []

    def encode(self, frame: Frame) -> Embedding:
        self.encoded += 1
        return Embedding(None, Region(-0.5, -0.5, 59.5, 39.5), SHAPE)  # type: ignore[arg-type]

    def decode(self, embedding: Embedding, prompts: list[Prompt]) -> list[Mask]:
        self.batches.append(len(prompts))
        return [self._one(*prompt.points_xy[0]) for prompt in prompts]

    def _one(self, x: float, y: float) -> Mask:
        for number, inside in enumerate((LEFT, RIGHT)):
            if inside[round(y), round(x)]:
                return Mask(
                    inside, np.where(inside, self.edge, -self.edge).astype(np.float32), 0.9 - 0.1 * number
                )
        return Mask(np.zeros(SHAPE, bool), np.full(SHAPE, -self.edge, np.float32), 0.95)


def found_by(segmenter: Known, settings: GridSettings) -> list[Mask]:
    prompts, masks = segment_grid(segmenter, Frame(np.zeros(SHAPE, np.uint8)), settings)  # type: ignore[arg-type]
    assert all(
        mask.mask_hw[round(p.points_xy[0][1]), round(p.points_xy[0][0])]
        for p, mask in zip(prompts, masks, strict=True)
    )
    return masks


def test_clicks_lie_at_the_centres_of_equal_cells() -> None:
    assert grid_points((4, 8), 2) == [(1.5, 0.5), (5.5, 0.5), (1.5, 2.5), (5.5, 2.5)]
    assert grid_points((5, 5), 1) == [(2.0, 2.0)]


def test_each_structure_is_found_once_best_first_from_one_embedding() -> None:
    segmenter = Known()
    masks = found_by(segmenter, GridSettings(12))
    assert [round(mask.quality, 2) for mask in masks] == [0.9, 0.8]
    assert np.array_equal(masks[0].mask_hw, LEFT)
    assert np.array_equal(masks[1].mask_hw, RIGHT)
    assert all(np.array_equal(mask.logits_hw > 0, mask.mask_hw) for mask in masks)
    assert segmenter.encoded == 1
    assert segmenter.batches == [AT_ONCE, AT_ONCE, 144 - 2 * AT_ONCE]


def test_what_is_unsure_or_unstable_is_dropped() -> None:
    assert [round(mask.quality, 2) for mask in found_by(Known(), GridSettings(12, quality=0.85))] == [0.9]
    assert found_by(Known(edge=0.5), GridSettings(12)) == []  # at +1 nothing is left, at -1 all of it


def test_overlap_decides_what_is_one_structure(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = ellipse(SHAPE, (30, 20), (29, 13))  # holds RIGHT, with an IoU of 0.35

    def one(_: Known, x: float, y: float) -> Mask:
        inside = wide if x < 30 else RIGHT
        return Mask(inside, np.where(inside, 6.0, -6.0).astype(np.float32), 0.9 if x < 30 else 0.8)

    monkeypatch.setattr(Known, "_one", one)
    assert np.count_nonzero(RIGHT & wide) / np.count_nonzero(RIGHT | wide) == pytest.approx(0.35, abs=0.02)
    assert len(found_by(Known(), GridSettings(10, overlap=0.45))) == 2
    assert len(found_by(Known(), GridSettings(10, overlap=0.3))) == 1


def test_stability_is_the_iou_of_two_cuts() -> None:
    assert stability(np.array([[2.0, 0.0, -0.5, -3.0]])) == pytest.approx(1 / 3)
    assert stability(np.array([[-2.0]])) == 0.0


@pytest.mark.parametrize("side", [0, 33, -1])
def test_a_side_out_of_range_is_refused(side: int) -> None:
    with pytest.raises(
        PromptError, match=f"--grid {side} is not a valid number of points per side; give 1 to 32"
    ):
        GridSettings(side)


def test_a_quality_out_of_range_is_refused() -> None:
    with pytest.raises(PromptError, match=r"--quality 1.5 .*give 0 to 1"):
        GridSettings(4, quality=1.5)


def test_the_model_finds_the_ellipse_of_a_phantom() -> None:
    true = ellipse((240, 320), (170, 110), (60, 40))
    _, masks = segment_grid(Segmenter.load(threads=1), speckled(true), GridSettings(8))
    ious = [np.count_nonzero(mask.mask_hw & true) / np.count_nonzero(mask.mask_hw | true) for mask in masks]
    assert max(ious) > 0.8, ious
