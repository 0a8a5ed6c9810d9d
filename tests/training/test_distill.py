"""Distilling small models on phantoms: what is compared, what learns, that it goes on after a stop, and what
is refused.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from labs import write_manifest
from uniultra.backends.torch import TorchBackend, known_passes
from uniultra.cli.main import app
from uniultra.data.manifest import read_manifest
from uniultra.errors import DataError, ModelError
from uniultra.model_facts import Passes
from uniultra.models.adapted import open_model
from uniultra.models.adapter import AdapterSpec
from uniultra.models.build import build
from uniultra.models.levels import Level, neck_levels
from uniultra.models.promptable import PromptableModel, with_box_fits
from uniultra.segmenter import Segmenter
from uniultra.training.config import DistillConfig, DSKDSettings, LossSettings
from uniultra.training.config_io import configured
from uniultra.training.distill import DistillJob, distill, make_student
from uniultra.training.dskd import Distiller, dskd_terms, shrunk, soft_error

SHORT = (
    "student.image_size=64",
    "optim.steps=4",
    "optim.save_every=2",
    "optim.batch_size=2",
    "optim.workers=0",
    "loss.rounds=2",
)
ALONE = ("dskd.mask=0", "retune.steps=0")


def settings(*changes: str) -> DistillConfig:
    return configured(DistillConfig(), None, (*SHORT, "retune.steps=2", *changes))


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twice the mini's width, with adapters that add something, a box prior and views that are longer than
    wide.
    """
    torch.manual_seed(7)
    model = build("mini-2x", AdapterSpec(), 64, box_prior=True)
    model.config.focus_stretch = 2.0
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".adapter." in name:
                parameter.normal_(std=0.05)
    folder = tmp_path_factory.mktemp("teacher") / "run" / "model"
    model.save_pretrained(folder)
    return folder.parent


def levels(seed: int, sides: tuple[int, int, int] = (16, 8, 4)) -> list[Level]:
    rng = torch.Generator().manual_seed(seed)
    return [
        Level(torch.randn(2, 256, s, s, generator=rng), 0.1 * torch.randn(2, 256, s, s, generator=rng))
        for s in sides
    ]


def test_terms_are_the_mean_squared_errors_of_the_sum_and_of_both_parts() -> None:
    ours, theirs = levels(0), levels(1)
    terms = dskd_terms(ours, theirs, DSKDSettings(normalise=False))
    assert list(terms) == [
        f"{part} {level}" for level in ("S/4", "S/8", "S/16") for part in ("whole", "hiera", "adapter")
    ]
    torch.testing.assert_close(terms["hiera S/8"], (ours[1].hiera - theirs[1].hiera).square().mean())
    relative = dskd_terms(ours, theirs, DSKDSettings())
    torch.testing.assert_close(
        relative["adapter S/4"], terms["adapter S/4"] / theirs[0].adapter.square().mean()
    )  # type: ignore[union-attr]
    assert all(float(value) == 0.0 for value in dskd_terms(ours, ours, DSKDSettings()).values())


def test_terms_can_be_left_out_and_a_missing_adapter_leaves_the_sum() -> None:
    ours, theirs = levels(0), levels(1)
    assert list(dskd_terms(ours, theirs, DSKDSettings(levels="last", hiera=0.0))) == [
        "whole S/16",
        "adapter S/16",
    ]
    plain = [Level(level.whole) for level in ours]
    assert list(dskd_terms(plain, theirs, DSKDSettings())) == ["whole S/4", "whole S/8", "whole S/16"]


def test_a_larger_teacher_s_maps_are_averaged_and_the_student_s_batch_is_shrunk() -> None:
    ours, theirs = levels(0, (16, 8, 4)), levels(1, (32, 16, 8))
    expected = theirs[0].whole.unflatten(2, (16, 2)).unflatten(4, (16, 2)).mean(dim=(3, 5))
    torch.testing.assert_close(
        dskd_terms(ours, theirs, DSKDSettings(normalise=False))["whole S/4"],
        (ours[0].whole - expected).square().mean(),
    )
    image, prompt = shrunk(
        torch.full((1, 128, 128), 7, dtype=torch.uint8),
        {"points": torch.tensor([[[0.5, 63.5]]]), "mask": torch.ones(1, 1, 32, 32)},
        64,
    )
    assert image.shape == (1, 64, 64)
    assert float(image.mean()) == 7.0
    torch.testing.assert_close(prompt["points"], torch.tensor([[[0.0, 31.5]]]))
    assert prompt["mask"].shape == (1, 1, 16, 16)


def test_the_student_has_its_own_encoder_and_the_teacher_s_decoder(teacher: Path) -> None:
    theirs = open_model(teacher)
    student = make_student(settings(), theirs)
    assert (student.focus_stretch, student.config.box_prior, student.input_size) == (2.0, True, 64)
    own, other = student.state_dict(), theirs.state_dict()
    assert all(
        torch.equal(value, other[name])
        for name, value in own.items()
        if not name.startswith("vision_encoder.")
    )
    assert sum(p.numel() for p in student.vision_encoder.parameters()) == 857_608


def test_a_student_is_told_how_boxes_fit_as_its_teacher_is(teacher: Path, tmp_path: Path) -> None:
    plain, told = open_model(teacher), with_box_fits(open_model(teacher))
    assert not make_student(settings(), plain).box_fits
    student = make_student(settings(), told)
    assert student.box_fits
    torch.testing.assert_close(
        student.prompt_encoder.point_embed.weight, told.prompt_encoder.point_embed.weight
    )
    folder = tmp_path / "told"
    told.save_pretrained(folder)
    again = make_student(settings(f"student.start_from='{folder}'"), plain)
    assert again.box_fits, "a student that knows may have a teacher that doesn't"
    assert torch.equal(again.prompt_encoder.point_embed.weight[:4], plain.prompt_encoder.point_embed.weight)


def test_only_the_encoder_gets_a_gradient_from_features_and_the_teacher_never_does(teacher: Path) -> None:
    theirs = open_model(teacher)
    student = make_student(settings(), theirs)
    batch = {
        "image": torch.randint(0, 256, (2, 64, 64), dtype=torch.uint8),
        "known": torch.zeros(2),
        "target": torch.zeros(2, 64, 64),
    }
    batch |= {
        "points": torch.zeros(2, 3, 2),
        "labels": torch.full((2, 3), -1),
        "mask": torch.zeros(2, 1, 16, 16),
        "view": torch.tensor([-1, -1]),
    }
    learner = Distiller(student, theirs, DSKDSettings(mask=1.0), LossSettings()).train()
    learner(**batch, has_mask=torch.zeros(2))["loss"].backward()
    graded = {
        name for name, p in student.named_parameters() if p.grad is not None and float(p.grad.abs().max()) > 0
    }
    assert graded
    assert all(name.startswith("vision_encoder.") for name in graded), (
        "nothing is known of these frames' masks"
    )
    assert any(".adapter." in name for name in graded)
    assert any("edge_stem" in name for name in graded)
    assert all(p.grad is None for p in theirs.parameters())
    assert not theirs.training
    assert set(learner.reported()) == {
        f"{part} {level}" for level in ("S/4", "S/8", "S/16") for part in ("whole", "hiera", "adapter")
    }
    assert learner.reported() == {}


def test_the_soft_error_is_least_where_the_student_believes_as_the_teacher_does() -> None:
    expected = torch.randn(2, 8, 8, generator=torch.Generator().manual_seed(3)) * 4
    assert float(soft_error(expected, expected)) == pytest.approx(0.0, abs=1e-6)
    small, large = float(soft_error(expected + 0.5, expected)), float(soft_error(expected + 2.0, expected))
    assert 0.0 < small < large
    finer = expected.repeat_interleave(2, 1).repeat_interleave(2, 2)
    assert float(soft_error(expected + 0.5, finer)) == pytest.approx(small, abs=1e-5)


def test_a_teacher_s_answers_and_a_larger_input_teach_too(teacher: Path, lab: Path, tmp_path: Path) -> None:
    large = open_model(teacher, 128)
    large.save_pretrained(tmp_path / "large")
    config = settings(
        "dskd.soft=1", "dskd.weight=0", "dskd.mask=0", "retune.steps=0", "student.image_size=64"
    )
    distill(config, DistillJob(tmp_path / "large", read_manifest(lab), tmp_path / "run"))
    lines = [
        json.loads(line) for line in (tmp_path / "run" / "features" / "log.jsonl").read_text().splitlines()
    ]
    [reported] = [line for line in lines if "soft" in line][:1]
    assert reported["soft"] > 0
    assert "whole S/4" not in reported


def relative_error(student: PromptableModel, teacher: PromptableModel) -> float:
    images = torch.randint(0, 256, (4, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        terms = dskd_terms(neck_levels(student, images), neck_levels(teacher, images), DSKDSettings())
    return sum(float(value) for name, value in terms.items() if name.startswith("whole"))


def test_features_come_closer_and_the_run_describes_itself(teacher: Path, lab: Path, tmp_path: Path) -> None:
    config = settings(
        *ALONE, "optim.steps=30", "optim.save_every=15", "optim.encoder_lr=3e-3", "optim.ema=0.5"
    )
    model = distill(config, DistillJob(teacher, read_manifest(lab), tmp_path / "run"))
    torch.manual_seed(config.optim.seed)
    before = make_student(config, open_model(teacher))
    assert relative_error(open_model(model), open_model(teacher)) < 0.7 * relative_error(
        before, open_model(teacher)
    )
    record = json.loads((tmp_path / "run" / "config.json").read_text())
    assert record["student_encoder_parameters"] == 857_608
    assert len(record["teacher_sha256"]) == 64
    assert record["config"]["data"]["margin_share"] == 0.35, "or it trusts boxes that its teacher doubts"
    lines = [
        json.loads(line) for line in (tmp_path / "run" / "features" / "log.jsonl").read_text().splitlines()
    ]
    assert any({"whole S/4", "hiera S/8", "adapter S/16"} <= line.keys() for line in lines)
    frozen = {
        name: value
        for name, value in open_model(model).state_dict().items()
        if not name.startswith("vision_encoder.")
    }
    assert all(torch.equal(value, before.state_dict()[name]) for name, value in frozen.items())
    assert Segmenter.load(tmp_path / "run").facts.focus_stretch == 2.0


def test_a_student_that_goes_on_from_a_model_is_prompted_as_that_is(lab: Path, tmp_path: Path) -> None:
    config = settings(*ALONE, "optim.steps=1", "optim.save_every=1", "student.start_from='uniultra-mini'")
    model = distill(config, DistillJob("uniultra-mini", read_manifest(lab), tmp_path / "run"))
    assert TorchBackend.open(model).facts.passes == known_passes("uniultra-mini") != Passes()


def test_retuning_moves_the_decoder_alone(teacher: Path, lab: Path, tmp_path: Path) -> None:
    job = DistillJob(teacher, read_manifest(lab), tmp_path / "run")
    distill(settings("dskd.mask=0"), job)
    with pytest.raises(ModelError, match="holds a run of other settings"):
        distill(settings("dskd.mask=0", "optim.seed=9"), job)
    learned = load_file(str(tmp_path / "run" / "retune" / "checkpoint-2" / "model.safetensors"))
    assert learned
    assert not any("vision_encoder" in name for name in learned)
    decoder, theirs = (
        open_model(tmp_path / "run").mask_decoder.state_dict(),
        open_model(teacher).mask_decoder.state_dict(),
    )
    assert any(not torch.equal(value, theirs[name]) for name, value in decoder.items())


def test_a_killed_run_ends_as_one_that_was_not(teacher: Path, lab: Path, tmp_path: Path) -> None:
    changes = [part for change in (*SHORT, "retune.steps=2", "optim.steps=8") for part in ("--set", change)]
    command = [
        sys.executable,
        "-m",
        "uniultra.cli.main",
        "distill",
        "--teacher",
        str(teacher),
        "--student",
        "mini",
        "--data",
        str(lab),
    ]
    command += ["--out", str(tmp_path / "run"), *changes]
    running = subprocess.Popen(
        command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
    )
    until = time.monotonic() + 300
    while not (tmp_path / "run" / "features" / "checkpoint-4").exists() and running.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.05)
    if running.poll() is None:
        os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    config = settings("optim.steps=8")
    again = distill(config, DistillJob(str(teacher), read_manifest(lab), tmp_path / "run"))
    whole = distill(config, DistillJob(str(teacher), read_manifest(lab), tmp_path / "whole"))
    expected = open_model(whole).state_dict()
    for name, value in open_model(again).state_dict().items():
        assert torch.equal(value, expected[name]), name


def test_a_student_with_another_decoder_is_told_which_to_start_from() -> None:
    small = open_model("uniultra-mini")
    with pytest.raises(ModelError, match=r"'no_memory_embedding' differs; .* give --student uniultra-mini"):
        make_student(configured(DistillConfig(), None, ("student.size='mini'",)), small)
    same = make_student(configured(DistillConfig(), None, ("student.start_from='uniultra-mini'",)), small)
    assert same.no_memory_embedding.shape == small.no_memory_embedding.shape


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            ("student.image_size=128",),
            r"student\.image_size 128 doesn't fit the teacher's 64; give one that divides it, or the same",
        ),
        (("student.size='huge'",), r"model size 'huge' is unknown; use one of"),
        (
            ("dskd.weight=0", "dskd.mask=0"),
            r"nothing teaches: dskd\.weight, dskd\.mask and dskd\.soft are all 0; raise one of them",
        ),
        (("dskd.levels='first'",), r"dskd\.levels = 'first' is unknown; use one of all, last"),
    ],
)
def test_what_is_refused(
    teacher: Path, lab: Path, tmp_path: Path, changes: tuple[str, ...], says: str
) -> None:
    with pytest.raises(ModelError, match=says):
        distill(settings(*changes), DistillJob(teacher, read_manifest(lab), tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_licences_and_teachers_that_are_refused(teacher: Path, lab: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no image of train has a permissive licence"):
        distill(settings(), DistillJob(teacher, read_manifest(lab), tmp_path / "run", only_permissive=True))
    for arguments, says in (
        (["--teacher", str(tmp_path / "none")], "is neither a folder nor a published model"),
        (
            ["--teacher", str(teacher), "--licence", "free"],
            "licence 'free' is unknown; use any or permissive",
        ),
        (["--teacher", str(teacher), "--report-to", "paper"], "logger 'paper' is unknown"),
    ):
        found = CliRunner().invoke(
            app,
            ["distill", "--data", str(lab), "--out", str(tmp_path / "run"), *arguments],
            catch_exceptions=True,
        )
        assert says in str(found.exception or found.output)
    assert not (tmp_path / "run").exists()


def test_a_manifest_without_val_is_refused_before_anything_is_written(teacher: Path, tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path, ["train"] * 3)
    with pytest.raises(DataError, match="has no rows of split 'val'"):
        distill(settings(), DistillJob(teacher, read_manifest(manifest), tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_convolutional_student_is_taken_by_its_name(teacher: Path, lab: Path, tmp_path: Path) -> None:
    arguments = [
        "--teacher",
        str(teacher),
        "--student",
        "conv-mini",
        "--data",
        str(lab),
        "--out",
        str(tmp_path / "run"),
    ]
    changes = [part for change in (*SHORT, "optim.steps=2", *ALONE) for part in ("--set", change)]
    done = CliRunner().invoke(app, ["distill", *arguments, *changes])
    assert done.exit_code == 0, done.output
    assert "The student is in" in done.output
    assert json.loads((tmp_path / "run" / "config.json").read_text())["student_encoder_parameters"] == 928_294
