"""Which prompts have a second answer beside the first, and where it counts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from engines import GRID, SIZE, Recording
from phantoms import ellipse, speckled
from uniultra.model_facts import ModelFacts, Passes
from uniultra.registry import MODELS, ModelEntry
from uniultra.segmenter import Segmenter
from uniultra.tracking import track
from uniultra.types import Cine, Prompt

TRUE = ellipse((200, 300), (190, 90), (40, 25))
FRAME = speckled(TRUE, spacing=0.2)
INSIDE, OUTSIDE = {"points_xy": ((190.0, 90.0),)}, {"points_xy": ((190.0, 60.0),), "point_labels": (0,)}
BOX = (145.0, 60.0, 235.0, 120.0)


@dataclass(frozen=True)
class Halves(Recording):
    """Knows two masks: with a previous mask all rows of the grid but the first `less`, with a box alone all
    but the last `less`, where its logits are twice as high.
    """

    less: int

    def grid(self, has_mask: bool) -> np.ndarray:
        logits = np.full((GRID, GRID), 1.0 if has_mask else 2.0)
        logits[: self.less if has_mask else 0] *= -1
        logits[GRID - (0 if has_mask else self.less) :] *= -1
        return logits


def answers(less: int, prompt: Prompt, least: float = 0.75) -> tuple[np.ndarray, list]:
    """The logits under the middle column of the crop, and what the engine was asked."""
    engine = Halves(ModelFacts("halves", "test", SIZE, passes=Passes(box_agreed=least)), less)
    [mask] = Segmenter(engine).segment(FRAME, [prompt])
    return mask.logits_hw[:, 190], engine.calls


@pytest.mark.parametrize("clicks", [INSIDE, OUTSIDE], ids=["inside", "outside"])
def test_clicks_on_a_mask_are_answered_by_its_box_too(clicks: dict) -> None:
    prompt = Prompt(mask_hw=TRUE, **clicks)
    logits, calls = answers(2, prompt)
    assert [mask for mask, _ in calls] == [True, False]
    said = list(prompt.point_labels)
    assert list(calls[1][1]) == [*said, 2, 3], "the clicks that were given and the mask's box"
    assert logits.max() == pytest.approx(1.5)  # both say so
    assert {0.5, -0.5} <= {round(float(value), 3) for value in logits}, "the edges, of which one says so"


def test_answers_that_disagree_leave_the_first_as_it_is() -> None:
    """Without 8 rows each the two share 16 of 32, without 2 each 28 of 32."""
    prompt = Prompt(mask_hw=TRUE, **INSIDE)
    logits, calls = answers(8, prompt)
    assert len(calls) == 2
    assert set(np.unique(np.abs(logits[80:100]))) == {1.0}
    averaged, _ = answers(8, prompt, least=0.4)
    assert averaged.max() == pytest.approx(1.5)


@pytest.mark.parametrize(
    "prompt",
    [
        Prompt(box_xyxy=BOX, mask_hw=TRUE, **INSIDE),
        Prompt(box_xyxy=BOX, **INSIDE),
        Prompt(mask_hw=TRUE),
        Prompt(**INSIDE),
    ],
    ids=["box, mask and click", "box and click", "mask alone", "click alone"],
)
def test_no_other_prompt_is_asked_twice(prompt: Prompt) -> None:
    (with_it, asked), (without, before) = (answers(2, prompt, least) for least in (0.75, 0.0))
    assert asked == before
    np.testing.assert_array_equal(with_it, without)


def test_a_model_that_does_not_say_is_asked_once() -> None:
    _, calls = answers(2, Prompt(mask_hw=TRUE, **INSIDE), least=0.0)
    assert [mask for mask, _ in calls] == [True]


@pytest.mark.parametrize("entry", MODELS, ids=lambda entry: entry.name)
def test_published_models_answer_twice(entry: ModelEntry) -> None:
    """With them a click on a mask changes what it would be without the second answer, in a picture and in a
    cine alike, and by little.
    """
    twice = Segmenter.load(entry.name, threads=1)
    assert twice.facts.passes.box_agreed == 0.75
    [first] = twice.segment(FRAME, [Prompt(box_xyxy=BOX)])
    prompt = Prompt(mask_hw=first.mask_hw, points_xy=((190.0, 90.0), (160.0, 75.0)), point_labels=(1, 0))
    [mask] = twice.segment(FRAME, [prompt])
    [once] = Segmenter(_Once(twice.backend)).segment(FRAME, [prompt])  # type: ignore[arg-type]
    assert np.abs(mask.logits_hw - once.logits_hw).max() > 0.05
    cine = Cine("cine", (200, 300), 1, [FRAME].__getitem__, lambda: iter([FRAME]))
    [[tracked]] = (result.masks for result in track(twice, cine, {0: {1: prompt}}))
    np.testing.assert_array_equal(tracked.mask_hw, mask.mask_hw)


class _Once:
    """The same engine of a model that answers clicks on a mask once."""

    def __init__(self, backend: object) -> None:
        self.encode, self.decode = backend.encode, backend.decode  # type: ignore[attr-defined]
        facts = backend.facts  # type: ignore[attr-defined]
        self.facts = replace(facts, passes=replace(facts.passes, box_agreed=0.0))
