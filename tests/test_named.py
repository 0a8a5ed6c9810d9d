"""What a structure is called, as a model may be told: from each way in to what the model gets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from networks import short
from phantoms import ellipse, speckled
from uniultra.backends.torch import TorchBackend
from uniultra.box_fit import CORNER_LABELS
from uniultra.errors import ModelError
from uniultra.evaluation.settings import EvaluationSettings
from uniultra.evaluation.simulated_user import ask
from uniultra.geometry import ModelMap, prompt_points, whole
from uniultra.model_facts import MODEL_JSON, ModelFacts, read_structures
from uniultra.models.adapted import open_model
from uniultra.models.promptable import with_structures
from uniultra.named import (
    FIRST_LABEL,
    NAME_POINTS,
    further_names,
    joined_names,
    known_name,
    labels_of_name,
    name_labels,
    split_names,
)
from uniultra.prompt_arrays import alike, prompt_arrays
from uniultra.prompt_checks import unheard
from uniultra.results import segment_ambiguous, segment_cine, segment_frame
from uniultra.segmenter import Segmenter
from uniultra.tracking import track
from uniultra.types import Cine, Prompt
from uniultra.web.client_calls import prompt_json as sent

NAMES = ("left ventricle", "ovary")
BOX = (105.0, 65.0, 235.0, 155.0)
TRUE = ellipse((240, 320), (170, 110), (60, 40))
FRAME = speckled(TRUE)


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    """Of the published network, with two names that were put far apart."""
    torch.manual_seed(0)
    model = with_structures(open_model("uniultra-mini"), NAMES)
    first = FIRST_LABEL + NAME_POINTS * (len(model.structures) - len(NAMES))
    with torch.no_grad():
        table = model.prompt_encoder.point_embed.weight
        new = table[first:]
        new += 4.0 * table[:4].std() * torch.randn(*new.shape)
    return Segmenter(TorchBackend(model, "told apart"))


def test_labels_follow_those_of_the_boxes() -> None:
    assert {label for pair in CORNER_LABELS.values() for label in pair} == set(range(2, FIRST_LABEL))
    assert [*name_labels(0), *name_labels(1)] == list(range(FIRST_LABEL, FIRST_LABEL + 2 * NAME_POINTS))


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("left ventricle", "left ventricle"),
        (" Left_VENTRICLE ", "left ventricle"),
        ("left ovary", "ovary"),
        ("Right  Ovary", "ovary"),
        ("ventricle", ""),
        ("right ventricle", ""),
        ("left", ""),
        ("", ""),
    ],
)
def test_case_blanks_and_the_side_don_t_matter(said: str, known: str) -> None:
    assert known_name(said, NAMES) == known
    assert labels_of_name(said, NAMES) == (tuple(name_labels(NAMES.index(known))) if known else ())
    assert labels_of_name(said, ()) == ()


@pytest.mark.parametrize("own", ["LV_wall", "LV  wall", "lv wall"])
def test_the_model_s_own_spelling_doesn_t_matter(own: str) -> None:
    structures = ("ovary", own)
    assert [known_name(said, structures) for said in (own, "lv_WALL", "left LV wall")] == [own] * 3
    assert further_names(["Lv wall", "apex", "APEX"], structures) == ("apex",)


@pytest.mark.parametrize("name", ["chamber, left", 'wall; "muscle"', '"', "a=b", '12" probe', "ovary"])
def test_names_with_commas_and_quotes_are_joined_and_split(name: str) -> None:
    assert split_names(joined_names(["first", name, "last"])) == ["first", name, "last"]


def test_a_name_is_told_by_points_that_lie_nowhere() -> None:
    to_model = ModelMap(whole((240, 320)), 64)
    prompt = Prompt(BOX, ((170, 110),), (1,), name="Left ovary", box_fit="tight")
    points, labels = prompt_points(prompt, to_model, True, NAMES)
    assert list(labels) == [1, 4, 5, *name_labels(1)]
    assert not points[3:].any()
    untold = prompt_points(prompt, to_model, True)
    np.testing.assert_array_equal(points[:3], untold[0])
    assert list(untold[1]) == [1, 4, 5]


def test_prompts_with_and_without_a_name_are_never_padded() -> None:
    prompts = [Prompt(BOX), Prompt(BOX, name="ovary"), Prompt(BOX, name="cyst"), Prompt(BOX, name="OVARY")]
    assert sorted(alike(prompts, NAMES)) == [[0, 2], [1, 3]]
    to_model = ModelMap(whole((240, 320)), 64)
    assert -1 not in prompt_arrays([prompts[1], prompts[3]], to_model, False, NAMES)[1]


def test_the_answer_depends_on_it_and_on_nothing_beside_it_in_the_call(segmenter: Segmenter) -> None:
    prompts = [Prompt(BOX, name=name) for name in ("", *NAMES)]
    together = segmenter.segment(FRAME, prompts)
    for one, (first, second) in zip(prompts, ((0, 1), (1, 2), (2, 0)), strict=True):
        [alone] = segmenter.segment(FRAME, [one])
        np.testing.assert_allclose(alone.logits_hw, together[first].logits_hw, atol=1e-4)
        assert np.abs(together[first].logits_hw - together[second].logits_hw).max() > 0.1
    [unknown] = segmenter.segment(FRAME, [Prompt(BOX, name="cyst")])
    np.testing.assert_allclose(unknown.logits_hw, together[0].logits_hw, atol=1e-4)


def test_clicks_corrections_and_alternatives_keep_it(segmenter: Segmenter) -> None:
    click = Prompt(points_xy=((170, 110),), point_labels=(1,))
    named = Prompt(points_xy=((170, 110),), point_labels=(1,), name="ovary")
    seen = segmenter.encode(FRAME, segmenter.region_for(Prompt(BOX), (240, 320)))
    first = segmenter.refine(seen, Prompt(BOX)).mask
    for told, untold in (
        (segmenter.segment(FRAME, [named])[0], segmenter.segment(FRAME, [click])[0]),
        (segmenter.alternatives(FRAME, named)[0], segmenter.alternatives(FRAME, click)[0]),
        (segmenter.refine(seen, named, first).mask, segmenter.refine(seen, click, first).mask),
    ):
        assert np.abs(told.logits_hw - untold.logits_hw).max() > 0.1


def test_a_name_keeps_its_meaning_beside_those_that_a_model_knew() -> None:
    model = with_structures(short(64), ("ovary",))
    row = model.prompt_encoder.point_embed.weight.detach().clone()
    grown = with_structures(model, ("ovary", "left ventricle"))
    assert grown.structures == ("ovary", "left ventricle")
    assert torch.equal(grown.prompt_encoder.point_embed.weight[: len(row)], row)
    assert with_structures(grown, ("ovary",)) is grown


def test_a_result_keeps_the_name_that_was_given(segmenter: Segmenter) -> None:
    result = segment_frame(segmenter, FRAME, [Prompt(BOX, name="left ovary")])
    assert result.objects[0].name == "left ovary"
    [expected] = segmenter.segment(FRAME, [Prompt(BOX, name="ovary")])
    np.testing.assert_array_equal(result.objects[0].mask.mask_hw, expected.mask_hw)


def test_a_track_begins_with_it(segmenter: Segmenter) -> None:
    cine = Cine("cine", (240, 320), 2, [FRAME, FRAME].__getitem__, lambda: iter([FRAME, FRAME]))
    begun = next(iter(track(segmenter, cine, {0: {1: Prompt(BOX, name="ovary")}})))
    [expected], [untold] = (segmenter.segment(FRAME, [Prompt(BOX, name=name)]) for name in ("ovary", ""))
    np.testing.assert_array_equal(begun.objects[0].mask.mask_hw, expected.mask_hw)
    assert (expected.mask_hw != untold.mask_hw).any()


def test_a_client_sends_it() -> None:
    assert sent(Prompt(BOX, name="ovary"), None)["label"] == "ovary"
    assert "label" not in sent(Prompt(BOX), None)


def test_an_evaluation_tells_it_where_asked_to() -> None:
    heard: list[tuple[str, int]] = []

    class Listening:
        name = "listening"

        def segment(self, frame: object, prompts: list[Prompt]) -> list[object]:
            heard.extend((one.name, len(one.points_xy)) for one in prompts)
            return Segmenter(TorchBackend(short(64), "short")).segment(FRAME, prompts)

    settings = EvaluationSettings(("box", "click3", "mask"), 1)
    for named in (False, True):
        heard.clear()
        told = EvaluationSettings(settings.kinds, 1, named=named)
        ask(Listening(), FRAME, [TRUE], "a", told, ["left ventricle"])  # type: ignore[arg-type]
        assert {name for name, _ in heard} == {"left ventricle" if named else ""}
        assert {clicks for _, clicks in heard} >= {0, 1, 3}


def test_a_model_folder_says_its_names(tmp_path: Path) -> None:
    assert read_structures(tmp_path) == ()
    (tmp_path / MODEL_JSON).write_text(json.dumps({"structures": list(NAMES)}))
    assert read_structures(tmp_path) == NAMES
    facts = ModelFacts("a", "1", 64, structures=NAMES)
    assert facts.prompting["structures"] == list(NAMES)
    assert "structures" not in ModelFacts("a", "1", 64).prompting


@pytest.mark.parametrize("said", ["ovary", {"ovary": 1}, [3], ["ovary", "Ovary"], [""], ["a" * 65], None])
def test_names_that_are_none_are_refused(said: object, tmp_path: Path) -> None:
    (tmp_path / MODEL_JSON).write_text(json.dumps({"structures": said}))
    with pytest.raises(
        ModelError, match=r"says structures .*; it must be a list of up to 100 different names"
    ):
        read_structures(tmp_path)


def test_a_name_that_is_only_a_label_is_noted_once_wherever_there_are_notes(segmenter: Segmenter) -> None:
    known = ", ".join(segmenter.facts.structures)
    note = f"'Blob' is not a name that told apart knows ({known}): it labels the result alone"
    prompts = [Prompt(BOX, name=name) for name in ("Blob", "blob ", "Left ovary", "")]
    cine = Cine("cine", (240, 320), 2, [FRAME, FRAME].__getitem__, lambda: iter([FRAME, FRAME]))
    first, second = track(segmenter, cine, {0: dict(enumerate(prompts, start=1))})
    frames = segment_cine(segmenter, cine, [0], prompts)
    for result in (
        segment_frame(segmenter, FRAME, prompts),
        segment_ambiguous(segmenter, FRAME, prompts, 2),
        *frames,
        first,
    ):
        assert [one for one in result.notes if "is not a name" in one] == [note]
    assert not any("is not a name" in one for one in second.notes)


def test_no_label_is_noted_where_the_model_knows_all_or_none(segmenter: Segmenter) -> None:
    plain = Segmenter(TorchBackend(short(64), "plain"))
    assert not segment_frame(plain, FRAME, [Prompt(BOX, name="cyst")]).notes
    assert not segment_frame(segmenter, FRAME, [Prompt(BOX, name=name) for name in ("", "Right OVARY")]).notes


def test_a_note_lists_the_first_of_many_names() -> None:
    facts = ModelFacts("many", "1", 64, structures=tuple(f"s{number}" for number in range(9)))
    [note] = unheard([Prompt(BOX, name="cyst")], facts)
    assert "knows (s0, s1, s2, s3, s4, s5, s6, s7, ...): it" in note
