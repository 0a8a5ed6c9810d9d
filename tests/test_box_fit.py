"""What may be said of a box, that it is tight or loose: from each way in to what the model gets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from at_once import without_turns
from networks import short
from phantoms import ellipse, speckled
from uniultra.backends.torch import TorchBackend
from uniultra.batch.job import Item, plain, plain_track
from uniultra.box_fit import fit_of
from uniultra.data.prompt_simulation import exact_box
from uniultra.errors import DataError, PromptError
from uniultra.evaluation.settings import KINDS
from uniultra.evaluation.simulated_user import box_for
from uniultra.geometry import ModelMap, prompt_points, whole
from uniultra.model_facts import ModelFacts
from uniultra.models.adapted import open_model
from uniultra.models.promptable import with_box_fits
from uniultra.prompts.files import read_prompts
from uniultra.prompts.objects import prompt_json, prompt_of, prompt_text
from uniultra.prompts.tracks import read_track_prompts
from uniultra.registry import find, verified_folder
from uniultra.results import segment_frame
from uniultra.segmenter import Segmenter
from uniultra.tracking import track
from uniultra.tracking.journal import about_call
from uniultra.types import Cine, Mask, Prompt
from uniultra.web.client_calls import prompt_json as sent

BOX = (105.0, 65.0, 235.0, 155.0)
FRAME = speckled(ellipse((240, 320), (170, 110), (60, 40)))


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    """Of the published network, for which tight, loose and unsaid were put far apart."""
    torch.manual_seed(0)
    model = with_box_fits(open_model("uniultra-mini"))
    with torch.no_grad():
        table = model.prompt_encoder.point_embed.weight
        table[4:8] += 4.0 * table.std() * torch.randn(4, table.shape[1])
    return Segmenter(TorchBackend(model, "told apart"))


def fits(prompts: Sequence[Prompt]) -> list[str]:
    return [prompt.box_fit for prompt in prompts]


@pytest.mark.parametrize("said", ["Tight", "snug", 3, None, ["tight"]])
def test_an_unknown_fit_is_refused(said: object) -> None:
    with pytest.raises(PromptError, match=r"give tight .* or loose"):
        Prompt(BOX, box_fit=said)  # type: ignore[arg-type]


def test_a_fit_needs_a_box() -> None:
    with pytest.raises(PromptError, match="'loose' without a box"):
        Prompt(points_xy=((3, 4),), box_fit="loose")


def test_a_model_that_can_be_told_gets_labels_of_its_own() -> None:
    to_model = ModelMap(whole((240, 320)), 64)
    for fit, corners in (("", [2, 3]), ("tight", [4, 5]), ("loose", [6, 7])):
        prompt = Prompt(BOX, ((170, 110),), (1,), box_fit=fit)
        assert list(prompt_points(prompt, to_model, box_fits=True)[1]) == [1, *corners]
        assert list(prompt_points(prompt, to_model)[1]) == [1, 2, 3]


def test_the_answer_depends_on_it_and_on_nothing_beside_it_in_the_call(segmenter: Segmenter) -> None:
    prompts = [Prompt(BOX, box_fit=fit) for fit in ("", "tight", "loose")]
    together = segmenter.segment(FRAME, prompts)
    for one, (first, second) in zip(prompts, ((0, 1), (1, 2), (2, 0)), strict=True):
        [alone] = segmenter.segment(FRAME, [one])
        np.testing.assert_allclose(alone.logits_hw, together[first].logits_hw, atol=1e-4)
        assert np.abs(together[first].logits_hw - together[second].logits_hw).max() > 0.1


def test_a_correction_keeps_it(segmenter: Segmenter) -> None:
    region = segmenter.region_for(Prompt(BOX), (240, 320))
    seen, click = segmenter.encode(FRAME, region), {"points_xy": ((170, 110),), "point_labels": (1,)}
    first = segmenter.refine(seen, Prompt(BOX, box_fit="tight")).mask
    tight, unsaid = (
        segmenter.refine(seen, Prompt(BOX, **click, box_fit=fit), first).mask for fit in ("tight", "")
    )
    assert np.abs(tight.logits_hw - unsaid.logits_hw).max() > 0.1


def test_a_model_that_cannot_be_told_says_so() -> None:
    model = Segmenter(TorchBackend(short(64), "plain"))
    told, untold = (segment_frame(model, FRAME, [Prompt(BOX, box_fit=fit)]) for fit in ("loose", ""))
    np.testing.assert_array_equal(told.objects[0].mask.mask_hw, untold.objects[0].mask.mask_hw)
    note = "plain doesn't tell tight and loose boxes apart; boxes are taken as drawn"
    assert told.notes == (*untold.notes, note)


def test_a_track_begins_with_it(segmenter: Segmenter) -> None:
    cine = Cine("cine", (240, 320), 2, [FRAME, FRAME].__getitem__, lambda: iter([FRAME, FRAME]))
    begun = {
        fit: next(iter(track(segmenter, cine, {0: {1: Prompt(BOX, box_fit=fit)}}))) for fit in ("", "tight")
    }
    [expected] = segmenter.segment(FRAME, [Prompt(BOX, box_fit="tight")])
    found = begun["tight"].objects[0].mask.mask_hw
    np.testing.assert_array_equal(found, expected.mask_hw)
    assert (found != begun[""].objects[0].mask.mask_hw).any()


def test_files_of_prompts_hold_it(tmp_path: Path) -> None:
    listed = tmp_path / "prompts.json"
    listed.write_text(json.dumps([{"box": BOX, "box_fit": "tight"}, {"box": BOX}]))
    assert fits(read_prompts(listed, ["a.png"])["a.png", None]) == ["tight", ""]
    table = tmp_path / "prompts.csv"
    table.write_text("file,x0,y0,x1,y1,box_fit\na.png,1,2,3,4,Loose\na.png,1,2,3,4,\n")
    assert fits(read_prompts(table, ["a.png"])["a.png", None]) == ["loose", ""]
    tracks = tmp_path / "tracks.json"
    tracks.write_text(json.dumps([{"frame": 2, "object": 1, "box": BOX, "box_fit": "loose"}]))
    assert read_track_prompts(tracks)[2][1].box_fit == "loose"


def test_a_table_names_the_cell(tmp_path: Path) -> None:
    table = tmp_path / "prompts.csv"
    table.write_text('file,x0,y0,x1,y1,points,box_fit\na.png,1,2,3,4,,snug\na.png,,,,,"5,6",tight\n')
    with pytest.raises(DataError, match="row 2, column box_fit: box fit 'snug' is unknown") as refused:
        read_prompts(table, ["a.png"])
    assert "row 3, column box_fit: box fit 'tight' without a box" in str(refused.value)


def test_what_is_written_can_be_read_again() -> None:
    prompt = Prompt(BOX, ((170, 110),), (1,), name="cyst", box_fit="loose")
    assert prompt_of(json.loads(json.dumps(prompt_json(prompt)))) == prompt
    assert prompt_text(prompt) == "loose box 105,65,235,155 points 170,110,1"
    assert sent(prompt, None)["box_fit"] == "loose"
    assert "box_fit" not in prompt_json(Prompt(BOX))
    assert "box_fit" not in sent(Prompt(BOX), None)


@pytest.mark.parametrize("name", ["", "cyst"])
def test_an_item_of_a_batch_carries_it(name: str) -> None:
    prompts = [Prompt(BOX, box_fit=fit, name=name) for fit in ("tight", "", "loose")]
    item = Item("a.png", "a.png", prompts=tuple(map(plain, prompts)))
    assert Item.from_json(item.to_json()).requested() == prompts
    tracked = Item("a.png", "a.png", track=plain_track({3: {1: prompts[0]}}))
    assert Item.from_json(tracked.to_json()).tracked() == {3: {1: prompts[0]}}
    assert len(plain(Prompt(BOX))) == 3, "what was done before is known again"


def test_a_track_goes_on_only_with_what_was_said() -> None:
    cine = Cine("cine", (240, 320), 2, [FRAME, FRAME].__getitem__, lambda: iter([FRAME, FRAME]))
    about = {
        fit: about_call(cine, {0: {1: Prompt(BOX, box_fit=fit)}}, range(2), ModelFacts("a", "1", 64))
        for fit in ("", "tight", "loose")
    }
    assert about[""] != about["tight"] != about["loose"]
    assert len(about[""]["prompts"][0]) == 6, "as journals of before have it"


def test_an_evaluation_says_it_of_the_very_same_boxes() -> None:
    true = ellipse((240, 320), (170, 110), (60, 40))
    said = [kind for kind in KINDS.values() if kind.fit]
    assert {kind.fit for kind in said} == {"tight", "loose"}
    for kind in said:
        for draw in (0, 1):
            told, plain = (box_for("a", 0, one, draw, true) for one in (kind, KINDS[kind.boxes]))
            assert told == plain
            assert fit_of(told, exact_box(true)) == kind.fit


def test_a_tight_box_alone_is_spanned() -> None:
    """With a click in one prompt with it, a previous mask, or a box of which nothing is said, the mask is cut
    at 0.
    """
    folder = verified_folder(find("uniultra-mini"))
    spans = without_turns(Segmenter.load(folder, threads=1))
    assert spans.facts.passes.span_cost > 0.0
    plain = replace(spans, backend=_AtZero(spans.backend))
    click = {"points_xy": ((170.0, 110.0),)}
    for wide in (BOX, (95.0, 55.0, 245.0, 165.0)):
        [cut], [at_zero] = (each.segment(FRAME, [Prompt(wide, box_fit="tight")]) for each in (spans, plain))
        mask = at_zero.mask_hw
        assert cut.mask_hw.sum() > mask.sum() if wide != BOX else True
        assert _iou_of(cut, wide) >= _iou_of(at_zero, wide)
        for prompt in (
            Prompt(wide),
            Prompt(wide, box_fit="loose"),
            Prompt(wide, box_fit="tight", **click),
            Prompt(wide, box_fit="tight", mask_hw=mask),
        ):
            [same], [before] = (each.segment(FRAME, [prompt]) for each in (spans, plain))
            np.testing.assert_array_equal(same.mask_hw, before.mask_hw)


class _AtZero:
    """The same engine of a model that cuts every mask at 0."""

    def __init__(self, backend: Any) -> None:
        self.encode, self.decode = backend.encode, backend.decode
        self.facts = replace(backend.facts, passes=replace(backend.facts.passes, span_cost=0.0))


def _iou_of(mask: Mask, box: tuple[float, float, float, float]) -> float:
    found = mask.box_xyxy
    assert found is not None
    across, down = (min(found[2 + i], box[2 + i]) - max(found[i], box[i]) for i in (0, 1))
    both = sum((one[2] - one[0]) * (one[3] - one[1]) for one in (found, box))
    return across * down / (both - across * down)
