"""A structure is told from what lies beside it by what was learnt of it, in bounded memory."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from phantoms import ellipse, speckled
from test_segmenter import DarkIsInside
from uniultra.segmenter import Segmenter
from uniultra.tracking import begin, step
from uniultra.tracking.confidence import DISTINCT, LOST, SURE, Evidence, holds_on, said_of
from uniultra.tracking.state import MaskGrid, grid_of
from uniultra.tracking.target_model import Cells, TargetModel, cells_of, learnt
from uniultra.types import Embedding, Features, Prompt, Region

HW = (160, 160)
REGION = Region(-0.5, -0.5, 159.5, 159.5)
INSIDE = ellipse(HW, (80, 80), (40, 30))
ASIDE = ellipse(HW, (110, 80), (40, 30))


def encoded(inside: np.ndarray, levels: tuple[float, float] = (1.0, 0.0), seed: int = 0) -> Embedding:
    """Features of three levels, 16, 32 and 64 cells a side: what is inside and outside has one value each on
    half of the planes, and all have noise.
    """
    random = np.random.default_rng(seed)

    def level(side: int, depth: int) -> np.ndarray:
        share = inside.reshape(16, 10, 16, 10).mean(axis=(1, 3)).repeat(side // 16, 0).repeat(side // 16, 1)
        planes = random.normal(0, 0.3, (1, depth, side, side))
        planes[:, : depth // 2] += levels[0] * share + levels[1] * (1 - share)
        return planes.astype(np.float32)

    return Embedding(Features(level(16, 16), level(64, 2), level(32, 4)), REGION, HW)


def grid(inside: np.ndarray) -> MaskGrid:
    return grid_of(np.where(inside, np.float32(8), np.float32(-8)), REGION)


def cells(shown: np.ndarray, mask: np.ndarray, seed: int = 0) -> Cells:
    found = cells_of(encoded(shown, seed=seed), grid(mask))
    assert found is not None
    return found


def model() -> TargetModel:
    found = learnt(cells(INSIDE, INSIDE))
    assert found is not None
    return found


def test_a_mask_that_is_the_structure_stands_out_and_one_beside_it_does_not() -> None:
    moved = ellipse(HW, (60, 95), (34, 30))
    assert model().contrast(cells(moved, moved, seed=1)) > DISTINCT
    there, aside = (model().contrast(cells(INSIDE, mask, seed=1)) for mask in (INSIDE, ASIDE))
    assert aside < there / 2
    nothing = np.zeros(HW, np.bool_)
    assert abs(model().contrast(cells(nothing, INSIDE, seed=1))) < DISTINCT / 2


def test_scores_are_shares_of_cells() -> None:
    seen = cells(INSIDE, INSIDE, seed=1)
    score = model().score(seen.features)
    assert score.shape == (256,)
    assert 0 <= score.min() <= score.max() <= 1
    assert np.abs(score - seen.inside).mean() < 0.15


def test_it_is_fitted_as_ridge_regression_is() -> None:
    """The weights are the minimum: a step either way along any of them is worse."""
    seen, found = cells(INSIDE, INSIDE), model()
    scaled = np.append((seen.features - found.mean) / found.spread, np.ones((256, 1)), axis=1)
    weight = seen.inside / seen.inside.sum() / 2 + (1 - seen.inside) / (1 - seen.inside).sum() / 2

    def loss(weights: np.ndarray) -> float:
        return float(weight @ (scaled @ weights - seen.inside) ** 2 + 0.01 * (weights[:-1] ** 2).sum())

    best = loss(found.weights)
    for place in range(len(found.weights)):
        for step_by in (-0.02, 0.02):
            other = found.weights.astype(np.float64)
            other[place] += step_by
            assert loss(other) > best


def test_it_learns_a_changed_picture_without_forgetting_the_prompted_one_and_keeps_its_size() -> None:
    changed = [cells_of(encoded(INSIDE, (0.0, 1.0), seed), grid(INSIDE)) for seed in range(40)]
    found = model()
    assert found.contrast(changed[0]) < 0  # type: ignore[arg-type]
    for one in changed[1:]:
        found = found.with_sure(one)  # type: ignore[arg-type]
    assert found.contrast(changed[0]) > model().contrast(changed[0]) + 0.1  # type: ignore[arg-type]
    assert np.array_equal(found.first, model().first)
    assert [array.shape for array in found.arrays] == [array.shape for array in model().arrays]


def test_where_there_is_nothing_to_tell_apart() -> None:
    assert cells_of(encoded(INSIDE), grid(np.zeros(HW, np.bool_))) is None
    assert cells_of(encoded(INSIDE), grid(np.ones(HW, np.bool_))) is None
    assert learnt(None) is None
    broken = replace(cells(INSIDE, INSIDE), features=np.full((256, 22), np.nan, np.float32))
    assert learnt(broken) is None
    known = model()
    assert known.with_sure(broken) is known


def test_what_standing_says_of_a_frame() -> None:
    good = Evidence(0.9, 0.9, 0.9, 0.9, resembles=0.95, contrast=0.5)
    assert good.standing is not None
    assert good.standing > SURE
    assert replace(good, contrast=None).standing is None
    assert replace(good, growth=2.6).standing == 0
    assert replace(good, resembles=0.59, like_first=0.29).standing == 0
    assert replace(good, stable=1.0).standing == good.standing
    doubtful = replace(good, like_first=0.4, stable=0.74, contrast=0.3)
    assert doubtful.standing is not None
    worse = {"contrast": 0.2, "resembles": 0.5, "stable": 0.7, "like_first": 0.2, "absent": True}
    for name, value in worse.items():
        assert replace(doubtful, **{name: value}).standing < doubtful.standing  # type: ignore[operator]
    strange = Evidence(0.9, 0.9, 0.97, 0.7, 0.95, resembles=0.55, contrast=0.0, absent=True)
    assert strange.confidence > LOST
    for status in ("sure", "unsure"):
        assert said_of(status, strange, 1.0) == ("lost", strange.standing)
    assert said_of("sure", good, 1.0)[0] == "sure"
    assert said_of("sure", replace(good, contrast=0.19), 1.0)[0] == "unsure"


def test_a_mask_is_shown_by_its_standing_where_the_model_was_asked() -> None:
    changed = Evidence(0.8, 0.9, 0.55, 0.8, resembles=0.7, contrast=0.3)
    assert changed.confidence < LOST
    assert holds_on(changed, 0.0, 0.0)
    assert said_of("unsure", changed, 0.0) == ("unsure", changed.confidence)
    worst = ({"contrast": None}, {"stable": 0.6}, {"resembles": 0.0}, {"absent": True, "like_first": 0.2})
    for worse in worst:
        assert not holds_on(replace(changed, **worse), 0.0, 0.0)


def test_only_sure_frames_of_the_model_are_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [speckled(ellipse(HW, (80 + n, 80), (30, 24))) for n in range(3)]
    prompts = {1: Prompt((50.0, 56.0, 110.0, 104.0))}
    segmenter = Segmenter(DarkIsInside())
    _, first = begin(segmenter, frames[0], prompts)
    before = first.objects[0].target
    assert before is not None
    _, registered = step(segmenter, first, frames[1])
    assert registered.objects[0].target is before
    for module in ("answers", "step"):
        monkeypatch.setattr(sys.modules[f"uniultra.tracking.{module}"], "EXPLAINED", 2.0)
    monkeypatch.setattr(sys.modules["uniultra.tracking.step"], "directly", lambda *given: given[2])
    said, asked = step(segmenter, first, frames[1])
    assert said[0].status == "sure"
    assert asked.objects[0].target is not before
    stripes = np.tile(np.arange(HW[1]) // 12 % 2, (HW[0], 1)).astype(np.bool_)
    said, lost = step(segmenter, asked, speckled(stripes, 9))
    assert said[0].status == "lost"
    assert lost.objects[0].target is asked.objects[0].target
