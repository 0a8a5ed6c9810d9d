"""Clicks that are given all at once are answered in turns, in Python and in JavaScript."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from engines import GRID, SIZE, Recording
from page_core import node
from phantoms import ellipse, speckled
from uniultra.backends.protocol import Backend
from uniultra.click_views import turns
from uniultra.model_facts import ModelFacts, Passes
from uniultra.postprocess import overlap
from uniultra.registry import MODELS, ModelEntry
from uniultra.segmenter import Segmenter
from uniultra.types import Features, Prompt

TRUE = ellipse((200, 300), (190, 90), (40, 25))
FRAME = speckled(TRUE, spacing=0.2)
BOX = (145.0, 60.0, 235.0, 120.0)
IN, ALSO, OUT, FAR = (190.0, 90.0), (160.0, 92.0), (190.0, 60.0), (240.0, 100.0)
TURNS = Passes(in_turns=1)


def clicks(*given: tuple[tuple[float, float], int], **others: Any) -> Prompt:
    return Prompt(
        points_xy=tuple(place for place, _ in given),
        point_labels=tuple(label for _, label in given),
        **others,
    )


MIXED = ((OUT, 0), (IN, 1), (FAR, 0), (ALSO, 1))
CASES = {
    "one click": (clicks((IN, 1)), [[(IN, 1)]]),
    "two clicks inside": (clicks((IN, 1), (ALSO, 1)), [[(IN, 1), (ALSO, 1)]]),
    "one inside, one outside": (clicks((IN, 1), (OUT, 0)), [[(IN, 1)], [(IN, 1)], [(IN, 1), (OUT, 0)]]),
    "mixed": (
        clicks(*MIXED),
        [
            [(IN, 1), (ALSO, 1)],
            [(IN, 1), (ALSO, 1)],
            [(IN, 1), (ALSO, 1), (OUT, 0)],
            [(IN, 1), (ALSO, 1), (OUT, 0), (FAR, 0)],
        ],
    ),
    "four outside": (
        clicks((IN, 1), *[((float(x), 60.0), 0) for x in range(4)]),
        [[(IN, 1)], *[[(IN, 1), *[((float(x), 60.0), 0) for x in range(k)]] for k in range(5)]],
    ),
    "five outside": (
        clicks((IN, 1), *[((float(x), 60.0), 0) for x in range(5)]),
        [[(IN, 1)], [(IN, 1)], [(IN, 1), *[((float(x), 60.0), 0) for x in range(5)]]],
    ),
    "an empty mask": (
        clicks((IN, 1), (OUT, 0), mask_hw=TRUE & False),
        [[(IN, 1)], [(IN, 1)], [(IN, 1), (OUT, 0)]],
    ),
    "box alone": (Prompt(BOX), [[]]),
    "box and a click inside": (clicks((IN, 1), box_xyxy=BOX), [[], [(IN, 1)]]),
    "box and a click outside": (clicks((OUT, 0), box_xyxy=BOX), [[], [(OUT, 0)]]),
    "box and both": (clicks((OUT, 0), (IN, 1), box_xyxy=BOX), [[], [(IN, 1)], [(IN, 1), (OUT, 0)]]),
    "a mask": (clicks(*MIXED, mask_hw=TRUE), [list(MIXED)]),
}


def said(prompt: Prompt) -> list[tuple[tuple[float, float], int]]:
    return list(zip(prompt.points_xy, prompt.point_labels, strict=True))


@pytest.mark.parametrize(("prompt", "expected"), CASES.values(), ids=CASES)
def test_turns(prompt: Prompt, expected: list) -> None:
    named = replace(prompt, name="ovary", box_fit="tight" if prompt.box_xyxy else "")
    found = turns(named, TURNS)
    assert [said(each) for each in found] == expected
    assert {(each.name, each.box_fit, each.box_xyxy) for each in found} == {
        ("ovary", named.box_fit, prompt.box_xyxy)
    }
    assert turns(prompt, Passes()) == [prompt], "a model that doesn't say so is given all at once"


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_turns_in_javascript() -> None:
    given = [
        {
            "box": prompt.box_xyxy and dict(zip(("x0", "y0", "x1", "y1"), prompt.box_xyxy, strict=True)),
            "points": [place for place, label in said(prompt) if label == 1],
            "negatives": [place for place, label in said(prompt) if label == 0],
            "mask": None if prompt.mask_hw is None else [int(prompt.mask_hw.any())],
        }
        for prompt, _ in CASES.values()
    ]
    script = """
        const { filledIn, turns } = await import(`${core}/prompts.mjs`);
        const plain = (each) => [...each.points.map((at) => [at, 1]), ...each.negatives.map((at) => [at, 0])];
        const answered = (in_turns) => given.map((one) => turns(filledIn(one), { in_turns }).map(plain));
        const found = [1, 0].map(answered);
        console.log(JSON.stringify(found));
    """
    in_turns, at_once = node(script, given)
    sorted_cases = [
        [sorted(turn, key=lambda click: -click[1]) for turn in case] for _, case in CASES.values()
    ]
    assert [
        [[(tuple(at), label) for at, label in turn] for turn in case] for case in in_turns
    ] == sorted_cases
    assert all(len(case) == 1 for case in at_once)


@dataclass(frozen=True)
class Ellipse(Recording):
    """Finds the same part of each view."""

    facts: ModelFacts = field(default_factory=lambda: ModelFacts("ellipse", "test", SIZE, passes=TURNS))
    logit: float = 3.0

    def grid(self, has_mask: bool) -> np.ndarray:
        inside = ellipse((GRID, GRID), (GRID / 2, GRID / 2), (GRID / 4, GRID / 4))
        return np.where(inside, self.logit, -3.0)


def test_each_turn_goes_on_from_the_mask_before() -> None:
    engine = Ellipse()
    [mask] = Segmenter(engine).segment(FRAME, [clicks((IN, 1), (OUT, 0), (FAR, 0))])
    on_masks = [labels for has_mask, labels in engine.calls if has_mask]
    assert on_masks == [[1], [1, 0], [1, 0, 0]]
    before = [labels for has_mask, labels in engine.calls if not has_mask]
    assert all(0 not in labels for labels in before), "clicks outside wait for a mask"
    assert mask.first_quality is None, "an answer to a mask"


def test_an_empty_mask_says_nothing() -> None:
    """As in JavaScript, whether or not a prompt has several turns."""
    segmenter = Segmenter.load(threads=1)
    for given in (clicks((IN, 1)), clicks((IN, 1), (OUT, 0)), Prompt(BOX)):
        [with_it], [without] = (
            segmenter.segment(FRAME, [replace(given, mask_hw=mask)]) for mask in (TRUE & False, None)
        )
        np.testing.assert_array_equal(with_it.logits_hw, without.logits_hw)
        assert with_it.quality == without.quality


def test_a_box_is_answered_before_its_clicks() -> None:
    engine = Ellipse()
    Segmenter(engine).segment(FRAME, [clicks((OUT, 0), (IN, 1), box_xyxy=BOX)])
    assert engine.calls == [(False, [2, 3]), (True, [1, 2, 3]), (True, [1, 0, 2, 3])]
    assert engine.seen == [1], "all on the same view"


def test_where_a_turn_finds_nothing_the_next_one_is_asked_without_a_mask() -> None:
    engine = Ellipse(logit=-3.0)
    [mask] = Segmenter(engine).segment(FRAME, [clicks((IN, 1), (OUT, 0))])
    assert not mask.mask_hw.any()
    assert not any(has_mask for has_mask, _ in engine.calls)
    assert engine.calls[-1][1].count(0) == 1


@pytest.mark.parametrize("entry", MODELS, ids=lambda entry: entry.name)
def test_published_models_answer_in_turns(entry: ModelEntry) -> None:
    """As by hand, and what `alternatives` has first."""
    segmenter = Segmenter.load(entry.name, threads=1)
    prompt = clicks((OUT, 0), (IN, 1), (ALSO, 1))
    [at_once] = segmenter.segment(FRAME, [prompt])
    mask, *further = turns(prompt, segmenter.facts.passes)
    assert len(further) == 2
    [by_hand] = segmenter.segment(FRAME, [mask])
    for later in further:
        [by_hand] = segmenter.segment(FRAME, [replace(later, mask_hw=by_hand.mask_hw)])
    np.testing.assert_array_equal(at_once.mask_hw, by_hand.mask_hw)
    assert at_once.quality == by_hand.quality
    first, *others = segmenter.alternatives(FRAME, prompt)
    np.testing.assert_array_equal(first.mask_hw, at_once.mask_hw)
    assert all(overlap(first.mask_hw, other.mask_hw) < 0.9 for other in others)


@dataclass(frozen=True)
class Encoded:
    """An engine that counts the views that it encodes."""

    backend: Backend
    views: list[bytes] = field(default_factory=list)

    @property
    def facts(self) -> ModelFacts:
        return self.backend.facts

    def encode(self, images_bhw: np.ndarray) -> Features:
        self.views.append(images_bhw.tobytes())
        return self.backend.encode(images_bhw)

    def decode(self, *given: Any, **more: Any) -> Any:
        return self.backend.decode(*given, **more)


def test_alternatives_of_clicks_inside_and_outside_encode_the_frame_once() -> None:
    segmenter = Segmenter.load(threads=1)
    segmenter.encode(FRAME)
    engine = Encoded(segmenter.backend)
    counted = replace(segmenter, backend=engine)
    counted.encode(FRAME)
    [whole_frame] = engine.views
    engine.views.clear()
    counted.alternatives(FRAME, clicks((IN, 1), (OUT, 0)))
    assert engine.views.count(whole_frame) == 1


REGIONS = """
const { Segmenter } = await import(`${core}/segmenter.mjs`);
const ort = { Tensor: class { constructor(type, data) { Object.assign(this, { type, data }); } } };
const views = [];
const encoder = { run: async ({ images }) => views.push([...images.data].join()) && {} };
let calls = 0;
const grid = () => new Float32Array(256).map((_, i) => (i % 16 < 4 + (++calls / 256) % 11 ? 1 : -1));
const decoder = {
  run: async () => ({ low_res_masks: { data: grid() }, iou_predictions: { data: [0.6] } }),
};
const passes = { crop_scale: 1.5, close_view: 0.4, click_crops: 3, min_part: 0.1, in_turns: 1 };
const picture = { width: 300, height: 300, pixels: new Uint8Array(90000).map((_, i) => (i * i) % 251) };
const prompt = { points: [[30, 30]], negatives: [[250, 200]] };
const segmenter = new Segmenter(ort, encoder, decoder, { input_size: 64, focus_stretch: 1, passes });
await segmenter.alternatives(picture, prompt);
console.log(JSON.stringify([views.length, views.filter((view) => view === views[0]).length]));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_so_they_do_in_javascript() -> None:
    """However many crops come between."""
    all_views, of_the_frame = node(REGIONS, None)
    assert all_views > 8
    assert of_the_frame == 1
