"""A whole run on phantoms: it learns, it resumes as if it had not stopped, it keeps the averaged weights."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from labs import write_manifest
from uniultra.backends.torch import TorchBackend, known_passes
from uniultra.data.dataset import PromptDataset
from uniultra.data.draw_sampler import DrawSampler
from uniultra.data.draws import SampleSpec
from uniultra.data.manifest import read_manifest
from uniultra.data.splits import permissive, selection_split, train_split
from uniultra.errors import DataError, ModelError
from uniultra.model_facts import read_passes
from uniultra.models.build import decoder_size
from uniultra.models.promptable import with_box_fits, with_fits
from uniultra.named import FIRST_LABEL, name_labels
from uniultra.registry import find
from uniultra.training.config import AdaptConfig
from uniultra.training.config_io import load_config
from uniultra.training.ema import EMA_FILE
from uniultra.training.supervised import describe, make_model, sample_spec, train

SMALL = (
    "model.image_size=64",
    "optim.batch_size=2",
    "optim.workers=0",
    "optim.steps=6",
    "optim.save_every=3",
    "loss.rounds=2",
)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six train and two val phantoms, one or two ellipses each."""
    return write_manifest(tmp_path_factory.mktemp("phantoms"), ["train"] * 6 + ["val"] * 2)


def test_an_example_is_what_the_model_takes(manifest: Path) -> None:
    data = PromptDataset(train_split(read_manifest(manifest)), SampleSpec(image_size=64))
    assert len(data) == 9
    seen = set()
    for draw in range(20):
        for index in range(len(data)):
            example = data[draw * len(data) + index]
            assert example["image"].shape == example["target"].shape == (64, 64)
            assert example["image"].dtype == torch.uint8
            assert 0.0 <= example["target"].min() <= example["target"].max() <= 1.0
            labels = tuple(example["labels"].tolist())
            seen.add(labels)
            if labels[2] == 1:
                x, y = example["points"][2].round().int().tolist()
                assert example["target"][y, x] > 0.5
            assert any(label >= 0 for label in labels) or example["has_mask"] > 0
    assert seen >= {(2, 3, -1), (2, 3, 1), (-1, -1, 1)}


def test_a_key_gives_the_same_example_and_the_next_draw_another(manifest: Path) -> None:
    data = PromptDataset(train_split(read_manifest(manifest)), SampleSpec(image_size=64))
    torch.testing.assert_close(data[4]["image"], data[4]["image"])
    assert not torch.equal(data[4]["image"], data[4 + len(data)]["image"])


def test_the_sampler_numbers_every_draw_once_and_follows_the_weights() -> None:
    sampler = DrawSampler(np.array([1.0, 0.0, 3.0]), seed=1)
    keys = []
    for epoch in range(200):
        sampler.set_epoch(epoch)
        keys += list(sampler)
    assert [key // 3 for key in keys] == list(range(600))
    share = np.bincount([key % 3 for key in keys], minlength=3) / 600
    np.testing.assert_allclose(share, [0.25, 0.0, 0.75], atol=0.06)


def test_weights_balance_the_sets_by_the_root_of_their_size(manifest: Path) -> None:
    data = PromptDataset(train_split(read_manifest(manifest)), SampleSpec(image_size=64))
    np.testing.assert_allclose(data.weights(), 1 / 3)
    np.testing.assert_allclose(data.weights({"phantom": 3.0, "other": 9.0}), 1.0)


@pytest.mark.parametrize(
    "further", [(), ("optim.workers=1", "optim.accumulate=2", "optim.steps=22", "optim.save_every=11")]
)
def test_a_resumed_run_equals_one_without_interruption(
    further: tuple[str, ...], manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """To the bit; `further` is the second epoch (of 20 steps here), too, by a process that loads."""
    config = load_config(None, (*SMALL, *further))
    last, half = config.optim.steps, config.optim.save_every
    whole = load_file(train(config, manifest, tmp_path / "whole") / "model.safetensors")
    assert "resuming" not in capsys.readouterr().err
    shutil.rmtree(tmp_path / "whole" / f"checkpoint-{last}")
    resumed = load_file(train(config, manifest, tmp_path / "whole") / "model.safetensors")
    assert f"resuming after step {half} of {last}" in capsys.readouterr().err
    assert whole.keys() == resumed.keys()
    for name, value in whole.items():
        assert torch.equal(resumed[name], value), name


def test_a_run_folder_describes_itself(manifest: Path, tmp_path: Path) -> None:
    train(load_config(None, (*SMALL, "optim.steps=2", "optim.save_every=2")), manifest, tmp_path)
    record = json.loads((tmp_path / "config.json").read_text())
    assert record["manifest_sha256"] == read_manifest(manifest).sha256
    assert record["config"]["optim"]["steps"] == 2
    assert record["splits"] == {"learn": "train", "choose": "val"}
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert any({"box/phantom", "click/phantom"} <= set(line.get("val", {})) for line in lines)
    assert not list(tmp_path.glob("**/pytorch_model.bin"))


def test_a_run_can_start_from_a_model_folder(manifest: Path, tmp_path: Path) -> None:
    short = (*SMALL, "optim.steps=2", "optim.save_every=2", "model.focus_stretch=2")
    first = train(load_config(None, short), manifest, tmp_path / "first")
    again = make_model(load_config(None, ("model.image_size=64", f"model.start_from='{first}'")))
    assert again.focus_stretch == 2.0
    assert make_model(load_config(None, ("model.image_size=64",))).focus_stretch == 1.0
    for name, value in load_file(first / "model.safetensors").items():
        torch.testing.assert_close(again.state_dict()[name], value, msg=name)


def test_what_goes_on_from_a_model_is_prompted_as_that_is(manifest: Path, tmp_path: Path) -> None:
    short = (*SMALL, "optim.steps=1", "optim.save_every=1")
    fresh = train(load_config(None, short), manifest, tmp_path / "fresh")
    assert not (fresh / "model.json").exists()
    going_on = train(
        load_config(None, (*short, "model.start_from='uniultra-mini'")), manifest, tmp_path / "on"
    )
    passes = read_passes(find("uniultra-mini").folder)
    assert TorchBackend.open(going_on).facts.passes == passes != TorchBackend.open(fresh).facts.passes
    assert known_passes(going_on) == passes, "what export takes"


def test_a_model_learns_how_boxes_fit_and_keeps_it(manifest: Path, tmp_path: Path) -> None:
    said = ("model.box_fits=true", "data.fit_share=1.0", "data.box_share=1.0", "data.whole_share=0.0")
    first = train(load_config(None, (*SMALL, *said, "optim.batch_size=8")), manifest, tmp_path / "first")
    kinds = load_file(first / "model.safetensors")["prompt_encoder.point_embed.weight"]
    assert (kinds[4:6] != kinds[2:4]).any()
    assert (kinds[6:8] != kinds[2:4]).any()
    going_on = ("model.image_size=64", f"model.start_from='{first}'", "data.fit_share=0.2")
    assert make_model(load_config(None, going_on)).box_fits


def test_a_model_that_cannot_be_told_is_told_nothing(manifest: Path) -> None:
    requested = load_config(None, ("model.image_size=64", "data.fit_share=0.5"))
    with pytest.raises(ModelError, match=r"fit_share = 0\.5, .* set model\.box_fits=true"):
        make_model(requested)
    plain = make_model(load_config(None, ("model.image_size=64",)))
    assert sample_spec(requested.data, plain).fit_share == 0.0
    assert sample_spec(AdaptConfig().data, plain).fit_share == 0.0
    able = with_box_fits(plain)
    assert sample_spec(requested.data, able).fit_share == 0.5
    assert sample_spec(AdaptConfig().data, able).fit_share > 0.0


def test_fits_alone_leave_every_other_weight_as_it_was(manifest: Path, tmp_path: Path) -> None:
    first = train(load_config(None, SMALL), manifest, tmp_path / "first")
    alone = ("model.box_fits=true", "model.fits_alone=true")
    start = ("model.image_size=64", f"model.start_from='{first}'", *alone)
    drawn = ("data.box_share=1.0", "data.whole_share=0.0", "data.fit_share=1.0")
    short = ("optim.batch_size=4", "optim.workers=0", "optim.steps=6", "optim.save_every=3", "loss.rounds=2")
    second = train(
        load_config(None, (*start, *drawn, *short, "optim.weight_decay=0.0")), manifest, tmp_path / "second"
    )
    before, after = (load_file(folder / "model.safetensors") for folder in (first, second))
    table = "prompt_encoder.point_embed.weight"
    assert all(torch.equal(value, after[name]) for name, value in before.items() if name != table)
    assert torch.equal(after[table][:4], before[table])
    assert (after[table][4:] != with_fits(before[table])[4:]).any(dim=1).all()
    with pytest.raises(ModelError, match=r"optim\.weight_decay = 0\.01 would shrink"):
        make_model(load_config(None, start))
    with pytest.raises(ModelError, match="nothing to learn"):
        make_model(load_config(None, (*start, "model.box_fits=false")))


def test_names_alone_leave_every_other_weight_as_it_was(manifest: Path, tmp_path: Path) -> None:
    (manifest.parent / "structures.csv").write_text("dataset,id,structure\nphantom,,cyst\n")
    first = train(load_config(None, SMALL), manifest, tmp_path / "first")
    begun = ("model.image_size=64", f"model.start_from='{first}'", "model.structures_alone=true")
    start = (*begun, "model.structures='ovary, cyst'")
    short = ("optim.batch_size=4", "optim.workers=0", "optim.steps=6", "optim.save_every=3", "loss.rounds=2")
    told = (*start, "data.named_share=1.0", *short, "optim.weight_decay=0.0")
    second = train(load_config(None, told), manifest, tmp_path / "second")
    (manifest.parent / "structures.csv").unlink()
    before, after = (load_file(folder / "model.safetensors") for folder in (first, second))
    table = "prompt_encoder.point_embed.weight"
    assert all(torch.equal(value, after[name]) for name, value in before.items() if name != table)
    assert torch.equal(after[table][:FIRST_LABEL], with_fits(before[table]))
    torch.manual_seed(load_config(None, told).optim.seed)
    fresh = make_model(load_config(None, told)).state_dict()[table]
    ovary, cyst = ([*name_labels(place)] for place in (0, 1))
    assert torch.equal(after[table][ovary], fresh[ovary]), "no image shows one"
    assert (after[table][cyst] != fresh[cyst]).any(dim=1).all()
    known = make_model(load_config(None, ("model.image_size=64", f"model.start_from='{second}'")))
    assert known.structures == ("ovary", "cyst")
    for wrong, said in (
        (start, r"optim\.weight_decay = 0\.01 would shrink"),
        ((*begun, "optim.weight_decay=0.0"), "has nothing to learn"),
        ((*start, "model.fits_alone=true", "model.box_fits=true"), "exclude each other"),
        ((*start, "model.structures='cyst,Cyst'"), r"model\.structures = 'cyst,Cyst' says structures"),
        (("model.image_size=64", "data.named_share=0.5"), r"named_share = 0\.5, but the model has no names"),
    ):
        with pytest.raises(ModelError, match=said):
            make_model(load_config(None, wrong))


def test_the_teacher_is_the_published_model_at_twice_the_width() -> None:
    """By its own config: the published decoder is smaller than SAM 2's, which a fresh network has."""
    config = Path(__file__).parents[2] / "configs" / "teacher.toml"
    teacher = make_model(load_config(config, ("model.image_size=64",)))
    mini = make_model(load_config(None, ("model.image_size=64", "model.start_from='uniultra-mini'")))
    assert decoder_size(teacher) == decoder_size(mini)
    wide, narrow = (
        sum(p.numel() for p in model.vision_encoder.backbone.parameters()) for model in (teacher, mini)
    )
    assert 3.5 < wide / narrow < 4.1


def test_another_config_doesn_t_go_on_in_an_interrupted_run(manifest: Path, tmp_path: Path) -> None:
    train(load_config(None, (*SMALL, "optim.steps=2", "optim.save_every=2")), manifest, tmp_path)
    said = r"holds a run of other settings or data \(optim\.steps 2, now 4; optim\.ema 0\.\d+, now 0\.5\);"
    other = load_config(None, (*SMALL, "optim.steps=4", "optim.save_every=2", "optim.ema=0.5"))
    with pytest.raises(ModelError, match=said):
        train(other, manifest, tmp_path)


def test_a_setting_is_named_once_where_others_follow_from_it(tmp_path: Path) -> None:
    (tmp_path / "checkpoint-2").mkdir()
    (tmp_path / "checkpoint-2" / EMA_FILE).touch()
    for steps in (60, 30):
        config = load_config(None, (*SMALL, f"optim.steps={steps}"))
        record = {"config": dataclasses.asdict(config), "steps": steps, "shots": steps}
        if steps == 60:
            (tmp_path / "config.json").write_text(json.dumps(record))
    with pytest.raises(ModelError, match=r"\(optim\.steps 60, now 30; shots 60, now 30\)"):
        describe(tmp_path, config, record)


def test_a_setting_that_is_new_counts_as_its_default(tmp_path: Path) -> None:
    (tmp_path / "checkpoint-2").mkdir()
    (tmp_path / "checkpoint-2" / EMA_FILE).touch()
    config = load_config(None, SMALL)
    record = {"config": dataclasses.asdict(config), "uniultra": "0.1.0"}
    older = json.loads(json.dumps(record))
    del older["config"]["loss"]["dice"], older["config"]["data"]
    (tmp_path / "config.json").write_text(json.dumps(older))
    describe(tmp_path, config, record)
    assert json.loads((tmp_path / "config.json").read_text()) == json.loads(json.dumps(record))
    (tmp_path / "config.json").write_text(json.dumps(older))
    changed = load_config(None, (*SMALL, "loss.dice=9"))
    with pytest.raises(ModelError, match=r"\(loss\.dice 1\.0, now 9\.0\)"):
        describe(tmp_path, changed, {"config": dataclasses.asdict(changed), "uniultra": "0.1.0"})


def test_unknown_sets_are_named(manifest: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data\.datasets names 'busy'; the manifest's train split"):
        train(load_config(None, (*SMALL, "data.datasets='busy'")), manifest, tmp_path)


def test_a_company_s_run_sees_permissive_images_alone(manifest: Path, tmp_path: Path) -> None:
    config = load_config(None, (*SMALL, "optim.steps=2"))
    with pytest.raises(DataError, match="no image of train has a permissive licence"):
        train(config, manifest, tmp_path / "none", only_permissive=True)
    assert not (tmp_path / "none").exists()
    head, *lines = manifest.read_text().splitlines()
    marked = [
        line.rpartition(",")[0] + (",CC BY 4.0" if index in (0, 1, 7) else ",CC BY-NC 4.0")
        for index, line in enumerate(lines)
    ]
    assert head.endswith(",licence")
    mixed = manifest.with_name("mixed.csv")
    mixed.write_text("\n".join([head, *marked]) + "\n")
    train(config, mixed, tmp_path / "run", only_permissive=True)
    record = json.loads((tmp_path / "run" / "config.json").read_text())
    assert (record["train_images"], record["only_permissive"]) == (2, True)
    assert len(permissive(selection_split(read_manifest(mixed)))) == 1
    mixed.write_text("\n".join([head, *marked[:-1], marked[-1].replace(",CC BY 4.0", ",unknown")]) + "\n")
    with pytest.raises(
        DataError, match=r"no image of val has a permissive licence .* column says: CC BY-NC 4\.0, unknown"
    ):
        train(config, mixed, tmp_path / "unseen", only_permissive=True)
