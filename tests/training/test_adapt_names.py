"""Adapting learns names of structures beside the images: they are in the run folder and the merged model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from commands import uniultra
from labs import write_manifest
from uniultra.data.manifest import read_manifest
from uniultra.data.splits import selection_split
from uniultra.errors import DataError, ModelError
from uniultra.models.adapted import open_adapted, open_model, read_facts
from uniultra.models.build import load
from uniultra.models.promptable import POINT_TABLE, PromptableModel, hurried_names, with_structures
from uniultra.named import FIRST_LABEL, NAME_POINTS, name_labels
from uniultra.segmenter import Segmenter
from uniultra.training.adapt import NAMED_SHARE, AdaptJob, adapt, with_names
from uniultra.training.config import MARGIN_SHARE, AdaptConfig
from uniultra.training.config_io import configured
from uniultra.training.gain import measure_gain
from uniultra.training.interactive_loss import decoded, says_name
from uniultra.training.validation import validate, views_of
from uniultra.web.workspace.lessons import settings as lesson_settings

SHORT = ("optim.steps=4", "optim.save_every=2", "optim.batch_size=2", "loss.rounds=2", "optim.patience=0")


@pytest.fixture
def named_lab(tmp_path: Path) -> Path:
    """Phantoms whose objects are called kidney."""
    (tmp_path / "lab").mkdir()
    manifest = write_manifest(tmp_path / "lab", ["train"] * 4 + ["val"] * 2 + ["test"])
    dataset = read_manifest(manifest).rows[0].dataset
    (manifest.parent / "structures.csv").write_text(f"dataset,id,structure\n{dataset},,kidney\n")
    return manifest


def settings(base: Path, *changes: str) -> AdaptConfig:
    return configured(AdaptConfig(), None, (f"base.name='{base}'", *SHORT, *changes))


def learned(base: Path, lab: Path, out: Path, *changes: str) -> PromptableModel:
    job = AdaptJob(read_manifest(lab), out)
    adapt(with_names(settings(base, *changes), job), job)
    return open_adapted(out)


@pytest.mark.parametrize("method", ["decoder", "ch-adapter", "lora"])
def test_a_name_is_learned_with_the_images(sam2: Path, named_lab: Path, tmp_path: Path, method: str) -> None:
    model = learned(sam2, named_lab, tmp_path / "run", f"base.method={method}")
    assert model.structures == ("kidney",)
    facts = read_facts(tmp_path / "run" / "adapter.safetensors")
    assert facts.structures == ("kidney",)
    record = json.loads((tmp_path / "run" / "config.json").read_text())["config"]
    assert record["base"]["structures"] == "kidney"
    assert record["data"]["named_share"] == NAMED_SHARE
    assert record["data"]["margin_share"] == MARGIN_SHARE
    table = model.state_dict()[POINT_TABLE]
    assert table.shape[0] == FIRST_LABEL + NAME_POINTS
    torch.manual_seed(0)
    fresh = with_structures(load(sam2), ["kidney"]).state_dict()[POINT_TABLE]
    assert (table[FIRST_LABEL:] - fresh[FIRST_LABEL:]).abs().max() > 3e-3, (
        "faster than the decoder's 1e-3 x 4"
    )


def test_a_base_s_own_names_stay_and_learn_on(sam2: Path, named_lab: Path, tmp_path: Path) -> None:
    learned(sam2, named_lab, tmp_path / "first")
    uniultra("merge", "--adapter", tmp_path / "first", "--out", tmp_path / "base", cwd=tmp_path)
    dataset = read_manifest(named_lab).rows[0].dataset
    names = f"dataset,id,structure\n{dataset},1,Kidney\n{dataset},,renal cyst\n"
    (named_lab.parent / "structures.csv").write_text(names)
    base = open_model(tmp_path / "base")
    assert base.structures == ("kidney",)
    again = learned(tmp_path / "base", named_lab, tmp_path / "second")
    assert again.structures[0] == "kidney"
    assert len(again.structures) == len(set(again.structures)) <= 2
    kept = slice(FIRST_LABEL, FIRST_LABEL + NAME_POINTS)
    assert not torch.equal(again.state_dict()[POINT_TABLE][kept], base.state_dict()[POINT_TABLE][kept])


def test_a_stopped_run_ends_as_one_that_was_not(sam2: Path, named_lab: Path, tmp_path: Path) -> None:
    for run in ("whole", "parts", "parts"):
        learned(sam2, named_lab, tmp_path / run, "optim.keep='last'")
        if run == "parts":  # as a kill in the middle of writing leaves it, which is before the adapter
            (tmp_path / "parts" / "checkpoint-4" / "ema.safetensors").unlink()
    one, other = ((tmp_path / run / "adapter.safetensors").read_bytes() for run in ("whole", "parts"))
    assert one == other


def test_the_command_learns_and_says_names(sam2: Path, named_lab: Path, tmp_path: Path) -> None:
    changes = [part for change in SHORT for part in ("--set", change)]
    run = tmp_path / "run"
    arguments = ("--data", named_lab, "--out", run, "--base", sam2, "--named", *changes)
    done = uniultra("adapt", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Names to learn: kidney" in done.stdout
    assert "your data, by name: box/" in done.stdout
    assert "your data, no name said: box/" in done.stdout
    assert "--named" in done.stdout, "the evaluation that is proposed says names, too"
    gain = json.loads((run / "gain.json").read_text())
    assert set(gain["own"]) == set(gain["unnamed"])
    assert Segmenter.load(run).facts.structures == ("kidney",)


def test_shares_that_are_set_stay(sam2: Path, named_lab: Path, tmp_path: Path) -> None:
    job = AdaptJob(read_manifest(named_lab), tmp_path / "run")
    data = with_names(settings(sam2, "data.named_share=0.5", "data.margin_share=0.1"), job).data
    assert (data.named_share, data.margin_share) == (0.5, 0.1)
    assert f"data.margin_share={MARGIN_SHARE:g}" in lesson_settings(400), "a lesson is of one kind"


def test_without_names_none_are_learned(sam2: Path, lab: Path, tmp_path: Path) -> None:
    job = AdaptJob(read_manifest(lab), tmp_path / "run")
    with pytest.raises(DataError, match=r"no object to learn from in .* has a name; write structures.csv"):
        with_names(settings(sam2), job)
    arguments = ("--data", lab, "--out", tmp_path / "run", "--base", sam2, "--named")
    done = uniultra("adapt", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "run").exists()
    with pytest.raises(ModelError, match=r"data.named_share = 0.5, but the base has no names to be told"):
        adapt(settings(sam2, "data.named_share=0.5"), job)
    with pytest.raises(ModelError, match=r"base.structures = 'a,A' says structures .* give each name once$"):
        adapt(settings(sam2, "base.structures='a,A'"), job)


def test_names_are_learned_as_they_are_written(sam2: Path, named_lab: Path, tmp_path: Path) -> None:
    dataset = read_manifest(named_lab).rows[0].dataset
    table = f'dataset,id,structure\n{dataset},1,"cyst, simple"\n{dataset},,"cyst,  SIMPLE"\n'
    (named_lab.parent / "structures.csv").write_text(table)
    model = learned(sam2, named_lab, tmp_path / "run")
    assert len(model.structures) == 1, "one name in two spellings"
    assert model.structures[0].lower().split() == ["cyst,", "simple"], "a comma divides no name"


def test_a_base_s_name_in_another_spelling_is_that(sam2: Path) -> None:
    model = with_structures(with_structures(load(sam2), ["LV wall"]), ["lv_WALL", "apex", "Apex"])
    assert model.structures == ("LV wall", "apex")


def test_the_gain_by_name_and_without(sam2: Path, named_lab: Path) -> None:
    base = load(sam2)
    told = with_structures(load(sam2), ["kidney"])
    with torch.no_grad():
        told.prompt_encoder.point_embed.weight[FIRST_LABEL:] = 5.0
    val = read_manifest(named_lab)
    gain = measure_gain(base, told, selection_split(val), None, named=True)
    assert gain.unnamed is not None
    assert all(found.difference == 0 for kinds in gain.unnamed.values() for found in kinds.values())
    assert any(found.difference != 0 for kinds in gain.own.values() for found in kinds.values())


def test_a_name_that_a_model_does_not_know_changes_nothing(sam2: Path, named_lab: Path) -> None:
    """As where the model is used: padding in its place would be seen. The base of a gain looked worse."""
    (named_lab.parent / "structures.csv").write_text("dataset,id,structure\n")
    rows = selection_split(read_manifest(named_lab))
    model = with_structures(load(sam2), ["kidney"])
    with torch.no_grad():
        model.prompt_encoder.not_a_point_embed.weight += 5.0
        model.prompt_encoder.point_embed.weight[FIRST_LABEL:] = -5.0
    views = views_of(rows, model.input_size)
    untold = validate(model, views).scores
    assert validate(model, views, named=True).scores == untold
    half = [replace(view, name="kidney" if place % 2 else "") for place, view in enumerate(views)]
    mixed, told = (
        validate(model, one, named=True).scores
        for one in (half, [replace(view, name="kidney") for view in views])
    )
    assert mixed == pytest.approx([(told if place % 2 else untold)[place] for place in range(len(views))])
    assert told != untold


def test_names_hurry_and_nothing_else_does(sam2: Path) -> None:
    model = with_structures(load(sam2), ["kidney"])
    before = model.state_dict()[POINT_TABLE].clone()
    table = model.prompt_encoder.point_embed
    with hurried_names(model, 10.0):
        assert torch.allclose(table.weight, before, atol=1e-7)
        [stored] = [p for name, p in model.named_parameters() if "point_embed" in name and "not" not in name]
        optimizer = torch.optim.Adam([stored], lr=1e-3)
        table.weight.sum().backward()
        optimizer.step()
    moved = (model.state_dict()[POINT_TABLE] - before).abs()
    assert torch.allclose(moved[:FIRST_LABEL], torch.tensor(1e-3), rtol=1e-2)
    assert torch.allclose(moved[FIRST_LABEL:], torch.tensor(1e-2), rtol=1e-2)
    plain = load(sam2)
    with hurried_names(plain, 10.0):
        assert POINT_TABLE in dict(plain.named_parameters())


def test_prompts_without_a_name_are_learned_as_they_are_used(sam2: Path) -> None:
    """Among others that say one, too: what stands in the name's place would be seen."""
    torch.manual_seed(0)
    model = with_structures(load(sam2), ["kidney"])
    with torch.no_grad():
        model.prompt_encoder.not_a_point_embed.weight += 5.0
    side = model.input_size
    features = model.encode(torch.randint(0, 255, (3, side, side), dtype=torch.uint8))
    corners = torch.tensor([[8.0, 8.0], [40.0, 40.0], [0.0, 0.0]])
    points = torch.cat([corners, torch.zeros(NAME_POINTS, 2), torch.tensor([[20.0, 20.0]])]).expand(3, -1, -1)
    name = list(name_labels(0))
    labels = torch.tensor([[2, 3, -1, *said, 1] for said in ([-1] * NAME_POINTS, name, [-1] * NAME_POINTS)])
    masks = torch.zeros(3, 1, side // 4, side // 4), torch.zeros(3)
    by_name = says_name(labels[:, :-1])
    assert by_name is not None
    assert by_name.tolist() == [False, True, False]
    logits, quality = decoded(model, features, points, labels, *masks, by_name=by_name)
    kept = [0, 1, 2, 3 + NAME_POINTS]
    for row, columns in enumerate((kept, [*range(4 + NAME_POINTS)], kept)):
        one = slice(row, row + 1)
        alone = model.decode(
            tuple(each[one] for each in features),
            points[one, columns],
            labels[one, columns],
            *(value[one] for value in masks),
        )
        torch.testing.assert_close(logits[one], alone[0], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(quality[one], alone[1], atol=1e-5, rtol=1e-4)
    padded = model.decode(features, points, labels, *masks)[0]
    assert (padded[0] - logits[0]).abs().max() > 3e-4
    assert says_name(labels[:, :3]) is None
