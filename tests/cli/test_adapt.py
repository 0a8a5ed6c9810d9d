"""`uniultra adapt` and `uniultra merge` as a user calls them: what is printed, what lies there, what is
refused in one line.
"""

from __future__ import annotations

import json
import shlex
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from safetensors.torch import load_file
from typer.testing import CliRunner, Result

from labs import write_manifest
from uniultra.cli.adapt import adapt, merge
from uniultra.cli.main import app as main_app
from uniultra.cli.work.training import against
from uniultra.errors import DataError, ModelError, OutputError
from uniultra.io.images import read_frame
from uniultra.models.build import load
from uniultra.models.promptable import PromptableModel
from uniultra.registry import find
from uniultra.segmenter import Segmenter
from uniultra.types import Prompt
from uniultra.web.workspace.lessons import read_lesson

QUICK = (
    "--set",
    "optim.steps=2",
    "--set",
    "optim.save_every=1",
    "--set",
    "optim.batch_size=2",
    "--set",
    "base.image_size=64",
)


def _run(command: object, *arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command()(command)  # type: ignore[type-var]
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    folder = tmp_path / "lab"
    folder.mkdir()
    return write_manifest(folder, ["train"] * 4 + ["val"] * 3 + ["test"])


def test_a_minute_is_an_option_that_others_go_over(lab: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    result = _run(
        adapt, "--data", lab, "--out", out, "--minute", "--shots", 2, *QUICK, "--set", "cache.views=1"
    )
    assert result.exit_code == 0, result.output
    config = json.loads((out / "config.json").read_text())["config"]
    assert (config["base"]["method"], config["optim"]["keep"], config["loss"]["rounds"]) == (
        "decoder",
        "last",
        2,
    )
    assert (config["optim"]["steps"], config["cache"]["views"]) == (2, 1)
    assert "On val, with one pass per prompt, as in log.jsonl." in result.stdout
    refused = _run(adapt, "--data", lab, "--out", tmp_path / "no", "--minute", "--method", "full")
    assert isinstance(refused.exception, ModelError)
    assert "use --method decoder, or cache.views=0" in str(refused.exception)


@pytest.mark.parametrize(("at", "kept"), [("save_adapter", True), ("run", False)])
def test_a_stopped_run_says_whether_it_resumes_or_begins_anew(
    lab: Path, tmp_path: Path, at: str, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"uniultra.training.adapt.{at}", stopped)  # after the last step, before the first
    more = ("--minute", "--set", "cache.views=1", *QUICK)
    result = _run(adapt, "--data", lab, "--out", tmp_path / "run", *more)
    anew = "interrupted; no checkpoint was saved yet, so the same command begins anew"
    assert ("interrupted; run the same command again to resume" in result.output) == kept
    assert (anew in result.output) != kept


def test_one_that_is_stopped_while_the_gain_is_measured_is_resumed_to_it(
    lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    call = ("--data", lab, "--out", tmp_path / "run", "--minute", "--set", "cache.views=1", *QUICK)
    with monkeypatch.context() as patched:
        patched.setattr("uniultra.training.gain.measure_gain", stopped)
        result = _run(adapt, *call)
    assert "interrupted; run the same command again to resume" in result.output
    first = load_file(tmp_path / "run" / "adapter.safetensors")
    assert not (tmp_path / "run" / "gain.json").exists()
    assert _run(adapt, *call).exit_code == 0
    assert (tmp_path / "run" / "gain.json").exists()
    again = load_file(tmp_path / "run" / "adapter.safetensors")
    assert again.keys() == first.keys()
    assert all(torch.equal(again[name], value) for name, value in first.items())


def _shown_on_the_page(out: Path, own: dict[str, dict[str, dict[str, float]]]) -> None:
    """The page reads the folder as a finished lesson, with these figures."""
    said = {"kind": "phantom", "base": "uniultra-mini", "images": ["a"], "left_out": ["a"], "steps": 2}
    (out / "lesson.json").write_text(json.dumps({"schema": "uniultra.lesson/1", **said}))
    lesson = read_lesson(out, running=False)
    assert lesson is not None
    assert lesson.status == "ready"
    assert lesson.gained is not None
    for kind, pair in (("box", lesson.gained.box), ("click", lesson.gained.click)):
        cell = own[kind]["mean over organs"]
        assert pair == (cell["other_dice"], cell["dice"])


def test_from_images_to_a_model_that_opens_anywhere(lab: Path, tmp_path: Path) -> None:
    out = tmp_path / "my run"
    result = _run(adapt, "--data", lab, "--out", out, *QUICK)
    assert result.exit_code == 0, result.output
    said = [line.partition(": ")[2] for line in result.stdout.splitlines()]
    assert f"use it with --model '{out}'" in result.stdout
    _, *evaluation = shlex.split(next(line for line in said if line.startswith("uniultra evaluate")))
    evaluation[evaluation.index("--split") + 1] = "val"  # as pasted, but for the split
    evaluated = CliRunner().invoke(main_app, evaluation)
    assert evaluated.exit_code == 0, evaluated.output
    assert f"open {out}/report/report.html" in evaluated.stdout
    assert Path(next(line for line in said if line.endswith(".png"))).read_bytes().startswith(b"\x89PNG")
    assert "step 2 of 2, loss" in result.stderr
    assert "On val, which also chose" in result.stdout
    gain = json.loads((out / "gain.json").read_text())
    assert gain["split"] == "val"
    assert set(gain["own"]) == {"box", "click"}
    logged = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    validations = [line for line in logged if "val" in line]
    chosen = max(validations[1:], key=lambda line: line["skill"])
    for kind, organs in gain["own"].items():  # the closing line's figures are those of the log
        cell = organs["phantom"]
        assert cell["other_dice"] == pytest.approx(validations[0]["val"][f"{kind}/phantom"], abs=2e-4)
        assert cell["dice"] == pytest.approx(chosen["val"][f"{kind}/phantom"], abs=2e-4)
        assert f"your data: {kind}/phantom: Dice {cell['other_dice']:.3f} -> " in result.stdout
    _shown_on_the_page(out, gain["own"])
    result = _run(merge, "--adapter", out, "--out", tmp_path / "merged")
    assert result.exit_code == 0, result.output
    merged = load(tmp_path / "merged")
    assert isinstance(merged, PromptableModel)
    assert Segmenter.load(tmp_path / "merged").facts.input_size == 64
    with pytest.raises(OutputError, match="exists"):
        _raised(_run(merge, "--adapter", out, "--out", tmp_path / "merged"))
    (tmp_path / "merged" / "config.json").write_text("{}")
    result = _run(merge, "--adapter", out, "--out", tmp_path / "merged", "--force")  # as the message says
    assert result.exit_code == 0, result.output
    assert Segmenter.load(tmp_path / "merged").facts.input_size == 64


def test_a_merged_model_is_prompted_as_the_run_and_its_base(lab: Path, tmp_path: Path) -> None:
    run, box, click = tmp_path / "run", Prompt((20, 20, 60, 50)), Prompt(points_xy=((40, 40),))
    result = _run(adapt, "--data", lab, "--out", run, "--method", "decoder", *QUICK)
    assert result.exit_code == 0, result.output
    shutil.copytree(find("uniultra-mini").folder, tmp_path / "moved")
    for name, more in (("plain", ()), ("moved on", ("--base", tmp_path / "moved"))):
        result = _run(merge, "--adapter", run, "--out", tmp_path / name, *more)
        assert result.exit_code == 0, result.output
    once, *merged = (Segmenter.load(tmp_path / name, 1) for name in ("run", "plain", "moved on"))
    frame = read_frame(next(lab.parent.rglob("*.png")))
    for model in merged:
        assert model.facts.prompting == once.facts.prompting
        for mine, own in zip(
            model.segment(frame, [box, click]), once.segment(frame, [box, click]), strict=True
        ):
            assert np.array_equal(mine.mask_hw, own.mask_hw)


def test_no_evaluation_is_suggested_of_a_split_that_has_no_images(lab: Path, tmp_path: Path) -> None:
    """Neither beside the gain, nor in its place where there is no val."""
    quick = ("--minute", *QUICK, "--set", "cache.views=1")
    for splits, said in ((["train"] * 2, "no test split either: keep images"), (["train", "val"], "On val")):
        folder = tmp_path / said[:6]
        folder.mkdir()
        data = write_manifest(folder, splits, organ="known")
        result = _run(adapt, "--data", data, "--out", folder / "run", *quick)
        assert result.exit_code == 0, result.output
        assert said in result.stdout
        assert "uniultra evaluate" not in result.stdout
    data = write_manifest(tmp_path, ["train", "test"], organ="known")
    result = _run(adapt, "--data", data, "--out", tmp_path / "run", *quick)
    assert "No val split, so the gain is not measured; see it with: uniultra evaluate" in result.stdout


def test_replay_is_looked_at_too(lab: Path, tmp_path: Path) -> None:
    folder = tmp_path / "known"
    folder.mkdir()
    known = write_manifest(folder, ["train"] * 2 + ["val"] * 2, organ="known")
    result = _run(
        adapt, "--data", lab, "--out", tmp_path / "run", "--replay", known, "--method", "decoder", *QUICK
    )
    assert result.exit_code == 0, result.output
    assert "replay: box/known: Dice" in result.stdout


def test_tensorboard_by_flag(lab: Path, tmp_path: Path) -> None:
    log = ("--report-to", "tensorboard", "--method", "decoder", "--shots", "1")
    result = _run(adapt, "--data", lab, "--out", tmp_path / "run", *log, *QUICK)
    assert result.exit_code == 0, result.output
    assert list((tmp_path / "run").rglob("events.out.tfevents*"))


def test_one_line_for_what_is_wrong(lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        ModelError, match="logger 'neptune' is unknown; use some of tensorboard, wandb, mlflow"
    ):
        _raised(_run(adapt, "--data", lab, "--out", tmp_path / "a", "--report-to", "neptune"))
    with pytest.raises(
        ModelError, match=r"base\.method = 'lorax' is unknown; use one of ch-adapter, lora, decoder, full"
    ):
        _raised(_run(adapt, "--data", lab, "--out", tmp_path / "b", "--method", "lorax"))
    with pytest.raises(DataError, match="is not a file"):
        _raised(_run(adapt, "--data", tmp_path / "none.csv", "--out", tmp_path / "c"))
    with pytest.raises(ModelError, match=r"has no adapter\.safetensors"):
        _raised(_run(merge, "--adapter", tmp_path, "--out", tmp_path / "d"))
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name, find=find_spec: None if name == "wandb" else find(name)
    )
    with pytest.raises(ModelError, match="this command needs wandb"):
        _raised(_run(adapt, "--data", lab, "--out", tmp_path / "e", "--report-to", "wandb"))
    assert not any((tmp_path / name).exists() for name in "abcde")


def _raised(result: Result) -> None:
    if result.exception is not None:
        raise result.exception


def test_evaluate_is_told_to_compare_with_what_it_takes_alone(tmp_path: Path) -> None:
    """A base or a teacher may be a name on the hub (`distill` suggested it)."""
    assert against("uniultra-mini") == ("--against", "uniultra-mini")
    assert against(str(tmp_path)) == ("--against", str(tmp_path))
    assert against("facebook/sam2.1-hiera-tiny") == ()
