"""`uniultra export` as a user calls it: what is printed and written, and what is refused in one line before
anything is computed.
"""

from __future__ import annotations

import copy
import json
import re
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import huggingface_hub
import onnx
import pytest
import typer
from typer.testing import CliRunner, Result

from networks import short
from phantom_manifest import Phantom, write_manifest
from uniultra.backends.onnx import DECODER, SLOPE
from uniultra.backends.open import open_backend
from uniultra.cli.export import export
from uniultra.errors import DataError, ModelError, OutputError
from uniultra.export import model_folder
from uniultra.export.hub_folder import write_hub_folder
from uniultra.export.model_folder import FILES
from uniultra.export.onnx import Graphs, QualityCalibration, trace_graphs
from uniultra.model_facts import Passes


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    short(64).save_pretrained(folder)
    return folder


class Written(NamedTuple):
    """The only folder here whose graphs are traced, what was printed of it, and the graphs before storing."""

    folder: Path
    result: Result
    graphs: Graphs


@pytest.fixture(scope="module")
def written(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Written:
    kept: list[Graphs] = []

    def trace(*arguments: Any, **more: Any) -> Graphs:
        kept.append(trace_graphs(*arguments, **more))
        return copy.deepcopy(kept[0])

    folder = tmp_path_factory.mktemp("written") / "my model"
    passes = ("--pass", "sure=0.5", "--pass", "min_part=0.1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_folder, "trace_graphs", trace)
        result = _run("--model", source, "--out", folder, "--name", "mine", *passes)
    return Written(folder, result, kept[0])


def _run(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command()(export)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_weights_are_halved_unless_told_and_all_is_printed(source: Path, written: Written) -> None:
    folder, result, _ = written
    assert result.exit_code == 0, result.output
    assert {file.name for file in folder.iterdir()} == set(FILES)
    lines = result.stdout.splitlines()
    assert "precision: fp16" in lines
    assert lines[-1] == f"Model in {folder}; use it with --model '{folder}'"
    assert any(line.startswith("graphs encoder.onnx operators: Add ") for line in lines)
    for key in (
        "max_logit_difference",
        "p999_logit_difference",
        "dice_agreement",
        "graphs decoder.onnx bytes",
        "sha256 model.json",
    ):
        assert any(line.startswith(f"{key}: ") for line in lines), key
    again = _run("--model", source, "--out", folder, "--name", "mine")
    assert isinstance(again.exception, OutputError)
    assert "exists; pass --force to overwrite" in str(again.exception)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (("--precision", "half"), ModelError, "precision 'half' is unknown; use one of fp32, fp16, w8, int8"),
        (
            ("--size", "250"),
            ModelError,
            "image size 250 doesn't fit the network; use a multiple of 32 from 64 to 2048",
        ),
        (
            ("--precision", "int8"),
            DataError,
            "give a manifest that has some of split 'train': --data manifest.csv",
        ),
        (("--precision", "int8", "--data", "absent.csv"), DataError, "absent.csv"),
        (("--data", "manifest.csv"), DataError, "precision fp16 takes no frames; omit --data"),
        (
            ("--precision", "int8", "--data", "m.csv", "--min-dice", "0"),
            ModelError,
            "--min-dice 0 is out of range",
        ),
        (  # its former name
            ("--precision", "int8", "--data", "m.csv", "--least-dice", "1.5"),
            ModelError,
            "--min-dice 1.5 is out of range",
        ),
        (("--min-dice", "0.99"), ModelError, "--min-dice applies to --precision int8 only; add it, or leave"),
        (("--precision", "w8", "--seed", "3"), ModelError, "--seed applies to --precision int8 only"),
        (
            ("--calibration", "absent.json"),
            ModelError,
            "is not a calibration that `uniultra calibrate` wrote",
        ),
    ],
)
def test_bad_options(
    source: Path, tmp_path: Path, options: tuple[str, ...], error: type[Exception], message: str
) -> None:
    result = _run("--model", source, "--out", tmp_path / "out", "--name", "mine", *options)
    assert isinstance(result.exception, error), result.output
    assert message in str(result.exception)
    assert not list(tmp_path.iterdir())


def test_a_manifest_without_frames_to_train_on(source: Path, tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path, [Phantom("a", "val"), Phantom("b", "test", group="1")])
    result = _run(
        "--model",
        source,
        "--out",
        tmp_path / "out",
        "--name",
        "mine",
        "--precision",
        "int8",
        "--data",
        manifest,
    )
    assert isinstance(result.exception, DataError)
    assert "has no rows of split 'train'" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_where_nothing_can_be_written(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = _run("--model", source, "--out", tmp_path / "file" / "out", "--name", "mine")
    assert isinstance(result.exception, OutputError)
    assert "file is not a folder" in str(result.exception)


def test_the_passes_are_the_sources_but_for_what_is_changed(
    source: Path, written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second export finds the weights as the first one stored them, so its graphs are those."""
    folder = written.folder
    monkeypatch.setattr(model_folder, "trace_graphs", lambda *_, **__: written.graphs)
    names = ("--name", "mine", "--precision", "fp32")
    assert _run("--model", folder, "--out", tmp_path / "b", *names, "--pass", "agreed=0.9").exit_code == 0
    first, second = (
        json.loads((where / "model.json").read_text())["passes"] for where in (folder, tmp_path / "b")
    )
    assert first == asdict(Passes(sure=0.5, min_part=0.1))
    assert second == asdict(Passes(sure=0.5, min_part=0.1, agreed=0.9))
    refused = _run("--model", source, "--out", tmp_path / "c", *names, "--pass", "sure=2")
    assert isinstance(refused.exception, ModelError)
    assert str(refused.exception) == "pass setting 'sure=2': it must be a number from 0 to 1"
    assert not (tmp_path / "c").exists()


def test_the_licence_is_unknown_until_said_and_then_stays(
    source: Path, written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One's own weights may have learned from what others license; the card on the Hub says the same."""
    monkeypatch.setattr(model_folder, "trace_graphs", lambda *_, **__: copy.deepcopy(written.graphs))
    for model, out, given, expected, card in (
        (written.folder, "again", (), "unknown", {"license": "unknown"}),
        (source, "said", ("--licence", "CC BY-NC 4.0"), "CC BY-NC 4.0", {"license": "cc-by-nc-4.0"}),
        (tmp_path / "said", "kept", (), "CC BY-NC 4.0", {"license": "cc-by-nc-4.0"}),
        (
            tmp_path / "said",
            "changed",
            ("--licence", "Clinic only (2026)"),
            "Clinic only (2026)",
            {"license": "other", "license_name": "clinic-only-2026"},
        ),
    ):
        result = _run("--model", model, "--out", tmp_path / out, "--name", "mine", *given)
        assert result.exit_code == 0, result.output
        decoder = onnx.load(str(tmp_path / out / DECODER))
        inside = {item.key: item.value for item in decoder.metadata_props}["uniultra.licence"]
        stated = json.loads((tmp_path / out / "model.json").read_text())["licence"]
        assert (stated, inside) == (expected, expected), out
        write_hub_folder(tmp_path / out, tmp_path / f"{out}-hub")
        shown = huggingface_hub.ModelCard.load(tmp_path / f"{out}-hub" / "README.md").data.to_dict()
        assert {key: shown[key] for key in shown if key.startswith("license")} == card, out


def test_terms_by_prompt_come_from_their_file_and_stay_with_their_calibration(
    source: Path, written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both files of `calibrate` at once; exported again both stay; another calibration drops the terms."""
    monkeypatch.setattr(model_folder, "trace_graphs", lambda *_, **__: copy.deepcopy(written.graphs))
    said = {"clicks": {"slope": 0.5, "offset": -0.7, "stability": 0.8, "answers": 90}}
    by_prompt, both, other = (tmp_path / name for name in ("by-prompt.json", "both.json", "other.json"))
    by_prompt.write_text(json.dumps({"quality": said, "split": "val"}))
    both.write_text(json.dumps({"slope": 1.1, "offset": -0.2}))
    other.write_text(json.dumps({"slope": 1.2, "offset": 0.1}))
    terms = {"clicks": {"slope": 0.5, "offset": -0.7, "stability": 0.8}}
    for model, out, given, expected in (
        (source, "first", (both, by_prompt), terms),
        (tmp_path / "first", "again", (), terms),
        (tmp_path / "first", "changed", (other,), None),
    ):
        options = [part for file in given for part in ("--calibration", file)]
        result = _run("--model", model, "--out", tmp_path / out, "--name", "mine", *options)
        assert result.exit_code == 0, result.output
        assert json.loads((tmp_path / out / "model.json").read_text()).get("quality") == expected
        assert open_backend(tmp_path / out).facts.quality.stated == (expected or {})
    kept = [QualityCalibration.of_graph(tmp_path / out / DECODER) for out in ("first", "again", "changed")]
    assert kept == [QualityCalibration(1.1, -0.2)] * 2 + [QualityCalibration(1.2, 0.1)]


def test_terms_of_a_kind_join_those_that_are_there(
    source: Path, written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was fitted later, of clicks that say names, in a second call or as a second file of one."""
    monkeypatch.setattr(model_folder, "trace_graphs", lambda *_, **__: copy.deepcopy(written.graphs))
    clicks, named = ({"slope": slope, "offset": -0.7, "stability": 0.8} for slope in (0.5, 0.3))
    files = tmp_path / "clicks.json", tmp_path / "named.json"
    for file, terms in zip(files, ({"clicks": clicks}, {"named": named}), strict=True):
        file.write_text(json.dumps({"quality": terms}))
    for model, out, given in (
        (source, "first", files[:1]),
        (tmp_path / "first", "second", files[1:]),
        (source, "both", files),
    ):
        options = [part for file in given for part in ("--calibration", file)]
        result = _run("--model", model, "--out", tmp_path / out, "--name", "mine", *options)
        assert result.exit_code == 0, result.output
    for out in ("second", "both"):
        assert open_backend(tmp_path / out).facts.quality.stated == {"clicks": clicks, "named": named}


@pytest.mark.parametrize(
    ("quality", "says"),
    [
        (
            {"mask": {"slope": "steep"}},
            "by-prompt.json' is not what .* wrote: .* says mask.slope 'steep'; it must be a number",
        ),
        ({"mask": 7}, "by-prompt.json' is not a model's facts"),
    ],
)
def test_terms_that_are_none_are_refused(
    source: Path, tmp_path: Path, quality: dict[str, object], says: str
) -> None:
    (tmp_path / "by-prompt.json").write_text(json.dumps({"quality": quality}))
    options = ("--calibration", tmp_path / "by-prompt.json")
    result = _run("--model", source, "--out", tmp_path / "out", "--name", "mine", *options)
    assert isinstance(result.exception, ModelError), result.output
    assert re.search(says, str(result.exception))
    assert not (tmp_path / "out").exists()


def test_settings_come_from_another_model_but_for_what_is_given(
    source: Path, written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Passes, calibration and terms by prompt of one folder on the weights of another; what is given beside
    it counts more, and another calibration drops the terms, as it does without the option.
    """
    monkeypatch.setattr(model_folder, "trace_graphs", lambda *_, **__: copy.deepcopy(written.graphs))
    terms = {"clicks": {"slope": 0.5, "offset": -0.7, "stability": 0.8}}
    by_prompt, both, other = (tmp_path / name for name in ("by-prompt.json", "both.json", "other.json"))
    by_prompt.write_text(json.dumps({"quality": terms}))
    both.write_text(json.dumps({"slope": 1.1, "offset": -0.2}))
    other.write_text(json.dumps({"slope": 1.2, "offset": 0.1}))
    chosen = ("--calibration", both, "--calibration", by_prompt, "--pass", "sure=0.3")
    base, fitted = tmp_path / "base", QualityCalibration(1.1, -0.2)
    assert _run("--model", source, "--out", base, "--name", "base", *chosen).exit_code == 0
    for out, given, passes, fit, expected in (
        ("kept", (), Passes(sure=0.3), fitted, terms),
        ("cut", ("--pass", "span_cost=0.03"), Passes(sure=0.3, span_cost=0.03), fitted, terms),
        ("fitted", ("--calibration", other), Passes(sure=0.3), QualityCalibration(1.2, 0.1), None),
    ):
        # The second model says passes of its own (sure=0.5, min_part=0.1), which don't count.
        options = ("--model", written.folder, "--out", tmp_path / out, "--name", "mine", *given)
        result = _run(*options, "--settings-from", base)
        assert result.exit_code == 0, result.output
        said = json.loads((tmp_path / out / "model.json").read_text())
        assert (said["passes"], said.get("quality")) == (asdict(passes), expected), out
        assert QualityCalibration.of_graph(tmp_path / out / DECODER) == fit, out


def test_settings_of_what_has_none_are_refused(source: Path, written: Written, tmp_path: Path) -> None:
    """In one line that names folder and fix, before anything is computed or written."""
    silent, unfitted = tmp_path / "silent", tmp_path / "unfitted"
    for folder in (silent, unfitted):
        shutil.copytree(written.folder, folder)
    facts = json.loads((silent / "model.json").read_text())
    (silent / "model.json").write_text(json.dumps({key: facts[key] for key in facts if key != "passes"}))
    decoder = onnx.load(str(unfitted / DECODER))
    kept = [(item.key, item.value) for item in decoder.metadata_props if item.key != SLOPE]
    onnx.helper.set_model_props(decoder, dict(kept))
    onnx.save(decoder, str(unfitted / DECODER))
    for other, more, says in (
        (source, (), f"'{source}' has no encoder.onnx; run `uniultra export --model {source} --name NAME"),
        ("absent", (), "model 'absent' is unknown: it is neither a folder nor a published model"),
        (silent, (), f"'{silent}' has no model.json that says its passes; export that model again"),
        (unfitted, (), f"'{unfitted / DECODER}' doesn't say its calibration; export that model again"),
        ("uniultra-mini", (), "'uniultra-mini' takes 256 px and this model 64; what is chosen"),
        (written.folder, ("--size", "96"), "this model 96; .* give a model of 96 px, or .* --size 64$"),
    ):
        out = ("--out", tmp_path / "out", "--name", "mine")
        result = _run("--model", source, *out, "--settings-from", other, *more)
        assert isinstance(result.exception, ModelError), result.output
        message = str(result.exception)
        assert message.startswith("--settings-from: "), message
        assert "\n" not in message
        assert says in message or re.search(says, message), message
        assert not (tmp_path / "out").exists()
    refused = _run(
        "--for", "ohif", "--model", "uniultra-mini", "--out", tmp_path / "out", "--settings-from", "x"
    )
    assert "takes a model as it is; export it with --settings-from to a folder first" in str(
        refused.exception
    )
