"""A small decoder taught by a large one: what learns, what is computed once, that it is resumed, that it is
exported and used like any other.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from phantoms import ellipse, speckled
from uniultra.cli.main import app
from uniultra.data.manifest import read_manifest
from uniultra.data.splits import train_split
from uniultra.errors import ModelError
from uniultra.models.adapted import open_model
from uniultra.models.adapter import AdapterSpec
from uniultra.models.build import build
from uniultra.models.promptable import PromptableModel
from uniultra.segmenter import Segmenter
from uniultra.training import distill_decoder
from uniultra.training.config import DistillConfig, LossSettings
from uniultra.training.config_io import configured
from uniultra.training.distill import DistillJob, distill
from uniultra.training.interactive_loss import InteractiveTrainer
from uniultra.types import Prompt

SMALL = (
    "decoder.width=32",
    "decoder.mlp=24",
    "decoder.quality=16",
    "decoder.fit=16",
    "decoder.views=8",
    "dskd.soft=1",
    "optim.steps=6",
    "optim.save_every=3",
    "optim.batch_size=4",
    "optim.workers=0",
    "optim.decoder_lr=2e-3",
    "loss.rounds=2",
)


def settings(*changes: str) -> DistillConfig:
    return configured(DistillConfig(), None, (*SMALL, "retune.steps=0", *changes))


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(7)
    model = build("mini", AdapterSpec(), 64, box_prior=True)
    model.config.focus_stretch = 2.0
    folder = tmp_path_factory.mktemp("teacher") / "run" / "model"
    model.save_pretrained(folder)
    return folder.parent


@pytest.fixture(scope="module")
def run(teacher: Path, lab: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("decoder") / "run"
    distill(settings(), DistillJob(teacher, read_manifest(lab), out))
    return out


def test_the_decoder_learns_and_the_backbone_stays_the_teachers(teacher: Path, run: Path) -> None:
    ours, before, theirs = open_model(run), open_model(run / "start"), open_model(teacher)
    assert (ours.hidden_dim, ours.mask_decoder.num_mask_tokens, ours.focus_stretch) == (32, 1, 2.0)
    backbone = theirs.vision_encoder.backbone.state_dict()
    for name, value in ours.vision_encoder.backbone.state_dict().items():
        assert torch.equal(value, backbone[name]), name
    moved = {
        name for name, value in ours.state_dict().items() if not torch.equal(value, before.state_dict()[name])
    }
    assert any(name.startswith("vision_encoder.neck") for name in moved)
    assert any(name.startswith("mask_decoder.transformer") for name in moved)
    lines = [json.loads(line) for line in (run / "decoder" / "log.jsonl").read_text().splitlines()]
    assert any({"mask", "soft", "dice_first"} <= line.keys() for line in lines)


def test_each_view_is_encoded_and_answered_once(
    teacher: Path, lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = []
    decode = PromptableModel.decode

    def counted(
        model: PromptableModel, features: object, points: torch.Tensor, *rest: torch.Tensor
    ) -> object:
        if model.hidden_dim == 256 and not model.mask_decoder.conv_s0.weight.requires_grad:
            decoded.append(len(points))
        return decode(model, features, points, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(PromptableModel, "decode", counted)
    distill(settings("optim.steps=10"), DistillJob(teacher, read_manifest(lab), tmp_path / "run"))
    cache = tmp_path / "run" / "cache"
    assert np.load(cache / "answered.npy").all()
    assert np.load(cache / "done.npy").all()
    assert 8 <= sum(decoded) <= 24, "ten batches of four, from eight views"


def test_a_stopped_run_ends_as_one_that_was_not(teacher: Path, lab: Path, tmp_path: Path) -> None:
    """To the bit, although what the teacher says of the views after its checkpoint is already there."""
    job = DistillJob(teacher, read_manifest(lab), tmp_path / "run")
    config = settings("decoder.views=64")  # few recur
    run = open_model(distill(config, job)).state_dict()
    for left in ("model", "decoder/checkpoint-6"):
        for file in sorted((tmp_path / "run" / left).rglob("*")):
            file.unlink()
        (tmp_path / "run" / left).rmdir()
    again = open_model(distill(config, job)).state_dict()
    for name, value in run.items():
        assert torch.equal(again[name], value), name


def test_a_run_that_began_anew_takes_no_start_from_the_one_before(
    teacher: Path, lab: Path, tmp_path: Path
) -> None:
    """Nothing was learned yet, so other settings are legal, as other images or another teacher are."""
    model, manifest, starts = open_model(teacher), read_manifest(lab), []
    for out, fits in (("run", ("decoder.fit=16", "decoder.fit=24")), ("fresh", ("decoder.fit=24",))):
        job = DistillJob(teacher, manifest, tmp_path / out)
        for fit in fits:
            distill_decoder.start(settings(fit), job, model, train_split(manifest))
        starts.append((tmp_path / out / "start" / "model.safetensors").read_bytes())
    assert starts[0] == starts[1]


def test_retuning_moves_all_of_it(teacher: Path, lab: Path, tmp_path: Path) -> None:
    config = settings("optim.steps=2", "optim.save_every=2", "retune.steps=2", "retune.encoder_lr=1e-3")
    distill(config, DistillJob(teacher, read_manifest(lab), tmp_path / "run"))
    ours, theirs = open_model(tmp_path / "run").state_dict(), open_model(teacher).state_dict()
    assert any("backbone" in name and not torch.equal(value, theirs[name]) for name, value in ours.items())


@pytest.mark.slow
def test_a_small_decoder_is_exported_and_used_like_any_other(run: Path, tmp_path: Path) -> None:
    frame = speckled(ellipse((90, 120), (60, 45), (22, 15)))
    arguments = ["--model", str(run), "--precision", "w8", "--name", "small", "--out", str(tmp_path / "w8")]
    done = CliRunner().invoke(app, ["export", *arguments])
    assert done.exit_code == 0, done.output
    parity = json.loads((tmp_path / "w8" / "parity.json").read_text())
    assert parity["dice_agreement"] > 0.99
    found = Segmenter.load(tmp_path / "w8").segment(frame, [Prompt(box_xyxy=(36, 28, 84, 62))])
    assert found[0].mask_hw.shape == frame.pixels_hw.shape


def test_a_small_decoder_adapts_on_views_that_are_encoded_once(run: Path, lab: Path, tmp_path: Path) -> None:
    short = (
        "base.method=decoder",
        "cache.views=1",
        "optim.steps=2",
        "optim.save_every=2",
        "optim.batch_size=2",
    )
    arguments = ["--base", str(run), "--data", str(lab), "--out", str(tmp_path / "adapted")]
    changes = [part for change in short for part in ("--set", change)]
    done = CliRunner().invoke(app, ["adapt", *arguments, *changes])
    assert done.exit_code == 0, done.output
    assert open_model(tmp_path / "adapted").hidden_dim == 32


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (("decoder.width=40",), "decoder width 40 doesn't fit; use a multiple of 16 from 16 to 256"),
        (("decoder.width=512",), r"decoder\.width = 512 is out of range; give 0 to 256"),
        (("dskd.soft=0", "dskd.mask=0"), "nothing teaches the decoder: dskd.mask and dskd.soft are both 0"),
        (("student.start_from='uniultra-mini'",), "has no effect with decoder.width.*omit --student"),
        (("decoder.fit=3",), r"decoder\.fit = 3 is out of range; give 16 to 100000"),
    ],
)
def test_what_is_refused(
    teacher: Path, lab: Path, tmp_path: Path, changes: tuple[str, ...], says: str
) -> None:
    with pytest.raises(ModelError, match=says):
        distill(settings(*changes), DistillJob(teacher, read_manifest(lab), tmp_path / "run"))
    assert not (tmp_path / "run" / "model").exists()


def test_frames_without_masks_are_refused(teacher: Path, lab: Path, tmp_path: Path) -> None:
    job = DistillJob(teacher, read_manifest(lab), tmp_path / "run", unlabelled=(tmp_path / "clip.mp4",))
    with pytest.raises(ModelError, match="frames without masks can't train a decoder; omit --unlabelled"):
        distill(settings(), job)


def test_another_size_is_not_taken_from_an_earlier_run(teacher: Path, lab: Path, run: Path) -> None:
    job = DistillJob(teacher, read_manifest(lab), run)
    with pytest.raises(
        ModelError, match="has a decoder of width 32, mlp 24 and quality 16; keep these to resume it, or"
    ):
        distill(settings("decoder.width=64"), job)


def test_corrections_and_regions_without_a_name_teach(teacher: Path, lab: Path, tmp_path: Path) -> None:
    config = settings("dskd.corrections=1", "decoder.unnamed=0.5", "loss.rounds=3", "decoder.views=16")
    distill(config, DistillJob(teacher, read_manifest(lab), tmp_path / "run"))
    lines = [json.loads(line) for line in (tmp_path / "run/decoder/log.jsonl").read_text().splitlines()]
    distances = [line["corrections"] for line in lines if "corrections" in line]
    assert distances
    assert all(value > 0 for value in distances)


def test_on_a_region_without_a_name_the_teacher_alone_teaches(teacher: Path) -> None:
    """The target moves the prompts, never the loss, and the teacher's own answer is no distance away."""
    model = open_model(teacher).eval()
    torch.manual_seed(0)
    size = model.input_size
    features = model.encode(torch.randint(0, 255, (2, size, size), dtype=torch.uint8))
    target = torch.zeros(2, size, size)
    target[:, 10:30, 12:40] = 1.0
    labels = torch.tensor([[1, -1, -1]] * 2)
    grid = size // 4
    prompt = (torch.full((2, 3, 2), 20.0), labels, torch.zeros(2, 1, grid, grid), torch.zeros(2))
    learner = InteractiveTrainer(model, LossSettings(rounds=1))
    with torch.no_grad():
        both = learner.rounds(features, target, *prompt, torch.ones(2)).loss
        first = learner.rounds(features, target, *prompt, torch.tensor([1.0, 0.0])).loss
        alone = learner.rounds(tuple(f[:1] for f in features), target[:1], *(p[:1] for p in prompt)).loss
        none = learner.rounds(features, target, *prompt, torch.zeros(2)).loss
    assert float(first) == pytest.approx(float(alone), rel=1e-5)
    assert float(none) == 0.0
    assert float(both) > 0.0


def test_regions_without_a_name_need_the_teacher(teacher: Path, lab: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"decoder\.unnamed = 0\.5 has no effect.*raise dskd\.soft"):
        distill(
            settings("dskd.soft=0", "decoder.unnamed=0.5"),
            DistillJob(teacher, read_manifest(lab), tmp_path / "run"),
        )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            ("decoder.width=0", "dskd.corrections=2"),
            r"dskd\.corrections = 2 has no effect.*set decoder\.width",
        ),
        (("decoder.width=0", "decoder.unnamed=0.5"), r"decoder\.unnamed = 0\.5 has no effect.*unnamed=0"),
        (("dskd.corrections=2", "loss.rounds=1"), r"no effect with loss\.rounds=1.*raise loss\.rounds"),
    ],
)
def test_settings_without_effect_are_refused(
    teacher: Path, lab: Path, tmp_path: Path, changes: tuple[str, ...], says: str
) -> None:
    with pytest.raises(ModelError, match=says):
        distill(settings(*changes), DistillJob(teacher, read_manifest(lab), tmp_path / "run"))
    assert not (tmp_path / "run").exists()
