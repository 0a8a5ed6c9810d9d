"""What the quality of clicks and masks is corrected by: the formula, in which answers, what a folder says."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from test_segmenter import FACTS, FRAME, TRUE, Believing, DarkIsInside
from uniultra.errors import ModelError
from uniultra.model_facts import ModelFacts, read_quality
from uniultra.quality import PromptQuality, QualityTerms, corrected, evidence, stability
from uniultra.segmenter import Segmenter
from uniultra.tracking import begin
from uniultra.types import Mask, Prompt
from uniultra.web.workspace.static_files import STATIC

CLICKS, MASK = QualityTerms(0.5, 0.7, 0.8), QualityTerms(0.4, -0.6, 0.6)
NAMED = QualityTerms(0.3, -0.1, 0.9)
TERMS = PromptQuality(CLICKS, mask=MASK)
CLICK = Prompt(points_xy=((190.0, 90.0),), point_labels=(1,))
GIVEN = Prompt(mask_hw=TRUE)
BOX = Prompt(box_xyxy=(145, 60, 235, 120))


def logit(share: float) -> float:
    return math.log(share / (1 - share))


def expected(terms: QualityTerms, quality: float, stable: float) -> float:
    total = terms.slope * logit(quality) + terms.offset + terms.stability * logit(stable)
    return 1 / (1 + math.exp(-total))


def rated_and_plain(prompt: Prompt, engine: DarkIsInside) -> tuple[Mask, Mask]:
    [rated] = Segmenter(replace(engine, facts=replace(engine.facts, quality=TERMS))).segment(FRAME, [prompt])
    [plain] = Segmenter(engine).segment(FRAME, [prompt])
    assert np.array_equal(rated.mask_hw, plain.mask_hw)
    return rated, plain


def test_stability_is_the_iou_of_two_cuts() -> None:
    logits = np.array([[3.0, 1.5, 0.5, -0.5, -1.5, -3.0]])
    assert stability(logits) == 0.5
    assert stability(np.full((2, 2), -9.0)) == 0.0


def test_no_terms_change_nothing_but_at_the_ends() -> None:
    seen = evidence([0.2, 0.9, 0.0, 1.0], [0.5, 0.9, 0.0, 1.0])
    assert corrected(seen, QualityTerms()).tolist() == pytest.approx([0.2, 0.9, 1e-4, 1 - 1e-4])


def test_clicks_are_rated_by_the_first_pass_and_the_edge() -> None:
    """Views 0 to 2 follow the whole frame, and the first of them has a quality of its own."""
    rated, plain = (
        Segmenter(Believing(replace(FACTS, quality=terms), frozenset({1, 2}))).segment(FRAME, [CLICK])[0]
        for terms in (TERMS, PromptQuality())
    )
    assert np.array_equal(rated.mask_hw, plain.mask_hw)
    assert (plain.first_quality, rated.first_quality) == (pytest.approx(0.2), pytest.approx(0.2))
    assert plain.quality == pytest.approx((0.2 * 0.9 * 0.9) ** (1 / 3), abs=1e-3)
    assert rated.quality == pytest.approx(expected(CLICKS, 0.2, stability(plain.logits_hw)), abs=1e-6)


@pytest.mark.parametrize(
    ("name", "terms", "used"),
    [
        ("", PromptQuality(CLICKS, NAMED), CLICKS),
        ("left Atrium", PromptQuality(CLICKS, NAMED), NAMED),
        ("atrium", PromptQuality(CLICKS, NAMED), CLICKS),  # a name that the model hasn't learned
        ("left atrium", PromptQuality(CLICKS), CLICKS),
        ("left atrium", PromptQuality(named=NAMED), NAMED),
        ("", PromptQuality(named=NAMED), None),
    ],
)
def test_clicks_that_say_a_known_name_have_terms_of_their_own(
    name: str, terms: PromptQuality, used: QualityTerms | None
) -> None:
    facts = replace(FACTS, structures=("left atrium",))
    prompt = replace(CLICK, name=name)
    rated, plain = (
        Segmenter(DarkIsInside(replace(facts, quality=each))).segment(FRAME, [prompt])[0]
        for each in (terms, PromptQuality())
    )
    stable, first = stability(plain.logits_hw), plain.first_quality
    assert first is not None
    wanted = plain.quality if used is None else expected(used, first, stable)
    assert rated.quality == pytest.approx(wanted, abs=1e-6)


def test_kinds_without_terms_have_those_of_another() -> None:
    beside = PromptQuality(named=NAMED).beside(PromptQuality(CLICKS, CLICKS, MASK))
    assert beside == PromptQuality(CLICKS, NAMED, MASK)


@pytest.mark.parametrize("prompt", [GIVEN, replace(CLICK, mask_hw=TRUE)], ids=["alone", "and a click"])
def test_a_previous_mask_has_terms_of_its_own(prompt: Prompt) -> None:
    rated, plain = rated_and_plain(prompt, DarkIsInside())
    assert plain.quality == pytest.approx(0.9)
    assert rated.quality == pytest.approx(expected(MASK, 0.9, stability(plain.logits_hw)), abs=1e-6)


@pytest.mark.parametrize("prompt", [BOX, replace(BOX, mask_hw=TRUE)], ids=["alone", "and a mask"])
def test_a_box_keeps_the_decoders_quality(prompt: Prompt) -> None:
    rated, plain = rated_and_plain(prompt, DarkIsInside())
    assert rated.quality == plain.quality == pytest.approx(0.9)


def test_one_kind_alone_may_have_terms() -> None:
    segmenter = Segmenter(DarkIsInside(replace(FACTS, quality=PromptQuality(mask=MASK))))
    [clicked] = segmenter.segment(FRAME, [CLICK])
    assert clicked.quality == pytest.approx(0.9)


def test_where_there_is_nothing_to_see_the_quality_stays_0() -> None:
    even = replace(FRAME, pixels_hw=np.full_like(FRAME.pixels_hw, 90))
    segmenter = Segmenter(DarkIsInside(replace(FACTS, quality=TERMS)))
    for prompt in (CLICK, GIVEN):
        [mask] = segmenter.segment(even, [prompt])
        assert mask.quality == pytest.approx(0.0, abs=1e-5)


def test_alternatives_are_rated_alike() -> None:
    segmenter = Segmenter(DarkIsInside(replace(FACTS, quality=TERMS)))
    [first] = segmenter.segment(FRAME, [CLICK])
    assert segmenter.alternatives(FRAME, CLICK)[0].quality == first.quality


def test_a_preview_in_one_pass_keeps_the_decoders_quality() -> None:
    segmenter = Segmenter(DarkIsInside(replace(FACTS, quality=TERMS)))
    assert segmenter.refine(segmenter.encode(FRAME), CLICK).mask.quality == pytest.approx(0.9)


@pytest.mark.parametrize("prompt", [CLICK, GIVEN, BOX], ids=["click", "mask", "box"])
def test_tracks_compare_the_decoders_own_qualities(prompt: Prompt) -> None:
    """A later frame's pass isn't corrected, so the prompted one isn't either."""
    tracked = Segmenter(DarkIsInside(replace(FACTS, quality=TERMS)))
    [rated], state = begin(tracked, FRAME, {1: prompt})
    [plain], known = begin(Segmenter(DarkIsInside()), FRAME, {1: prompt})
    assert rated.mask.quality == plain.mask.quality
    assert state.objects[0].anchor.quality == known.objects[0].anchor.quality


def test_a_models_facts_state_terms_only_where_there_are_any() -> None:
    assert "quality" not in FACTS.prompting
    stated = ModelFacts("m", "1", 64, quality=PromptQuality(clicks=CLICKS)).prompting["quality"]
    assert stated == {"clicks": {"slope": 0.5, "offset": 0.7, "stability": 0.8}}


def test_a_folder_says_its_terms(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    assert read_quality(path) == PromptQuality()
    path.write_text(json.dumps({"format": "1"}))
    assert read_quality(path) == PromptQuality()
    path.write_text(json.dumps({"quality": {"mask": {"offset": -1, "later": 3}, "other": {"slope": 2}}}))
    assert read_quality(path) == PromptQuality(mask=QualityTerms(offset=-1))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            '{"quality": {"clicks": {"slope": "steep"}}}',
            "says clicks.slope 'steep'; it must be a number from -100 to 100; export the model again",
        ),
        ('{"quality": {"mask": {"offset": NaN}}}', "says mask.offset nan; it must be a number"),
        ('{"quality": {"mask": {"offset": true}}}', "says mask.offset True"),
        ('{"quality": {"clicks": {"stability": 1e9}}}', "says clicks.stability 1000000000.0"),
        ('{"quality": {"clicks": [1]}}', "is not a model's facts"),
        ('{"quality": 7}', "is not a model's facts"),
        ("[]", "is not a model's facts"),
    ],
)
def test_nonsense_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(ModelError, match=says):
        read_quality(tmp_path / "model.json")


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_javascript_corrects_as_python_does() -> None:
    logits = np.random.default_rng(0).normal(0, 3, (20, 15)).astype(np.float32)
    cases = [(0.7, logits), (0.0, logits - 2), (1.0, np.full((2, 2), -9, np.float32))]
    given = [[quality, values.ravel().tolist()] for quality, values in cases]
    script = (
        f'import {{ rated }} from "{(STATIC / "core/quality.mjs").as_uri()}";\n'
        f"const terms = {json.dumps(TERMS.stated['clicks'])}, given = {json.dumps(given)};\n"
        "console.log(JSON.stringify(given.map(([quality, logits]) => rated(quality, logits, terms))));"
    )
    done = subprocess.run(
        ["node", "--input-type=module", "-e", script], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    ours = [corrected(evidence([quality], [stability(values)]), CLICKS)[0] for quality, values in cases]
    assert json.loads(done.stdout) == pytest.approx(ours, rel=1e-9)
