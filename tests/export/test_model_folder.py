from __future__ import annotations

import json
import resource
from pathlib import Path

import numpy as np
import pytest
import torch

from commands import uniultra
from phantom_manifest import Phantom, write_manifest
from uniultra.backends.onnx import OnnxBackend
from uniultra.backends.open import open_backend
from uniultra.errors import DataError, ModelError, OutputError
from uniultra.export.int8 import Int8Settings
from uniultra.export.model_folder import FILES, GRAPHS, ExportSettings, export_folder, open_sized
from uniultra.export.onnx import ModelFacts, QualityCalibration
from uniultra.models.adapted import AdapterFacts, open_model, save_adapter, weights_sha256
from uniultra.models.build import build, load


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("source")
    build("mini", image_size=64, box_prior=True).save_pretrained(folder)
    return folder


@pytest.mark.slow
def test_an_exported_folder_is_whole(tmp_path: Path) -> None:
    report = export_folder("uniultra-mini", tmp_path / "out", ModelFacts("whole", "1", precision="w8"))
    assert {file.name for file in (tmp_path / "out").iterdir()} == set(FILES)
    assert report["max_logit_difference"] < 0.1, (
        "what is fused is rounded once more; the largest logits are 17 to 19"
    )
    assert report["dice_agreement"] > 0.999
    assert report["pixel_agreement"] > 0.9995
    assert report["against_fp32"]["max_logit_difference"] >= report["max_logit_difference"]
    assert {f"sha256 {file}" for file in FILES} <= set(report)
    backend = open_backend(tmp_path / "out")
    assert isinstance(backend, OnnxBackend)
    assert backend.facts.quality_calibrated is True, "the published model's calibration stays"
    again = load(tmp_path / "out")
    for name, value in open_model("uniultra-mini").state_dict().items():
        step = float(value.abs().max()) / 127
        torch.testing.assert_close(again.state_dict()[name], value, atol=max(step, 1e-6), rtol=2e-3, msg=name)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    modes = {(tmp_path / "out" / file).stat().st_mode for file in FILES}
    assert len(modes) == 1
    facts = json.loads((tmp_path / "out" / "model.json").read_text())
    assert (facts["name"], facts["precision"], facts["input_size"]) == ("whole", "w8", 256)
    assert facts["licence"] == "Apache-2.0", "the published model's"
    assert facts["focus_stretch"] == open_model("uniultra-mini").focus_stretch
    assert facts["sha256"] == {file: report[f"sha256 {file}"] for file in GRAPHS}
    stored = json.loads((tmp_path / "out" / "parity.json").read_text())
    assert stored["graphs"]["encoder.onnx"]["bytes"] == (tmp_path / "out" / "encoder.onnx").stat().st_size


@pytest.mark.slow
def test_int8_at_another_side_is_held_against_fp32(source: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    manifest = write_manifest(
        tmp_path / "data", [Phantom(f"p{index}", "train", group=str(index)) for index in range(4)]
    )
    steps: list[tuple[int, int]] = []
    report = export_folder(
        source,
        tmp_path / "out",
        ModelFacts("small", "1", precision="int8"),
        ExportSettings(
            QualityCalibration(2.0, 0.5), image_size=96, int8=Int8Settings(manifest, min_dice=0.5)
        ),
        lambda done, total, what: steps.append((done, total)),
    )
    assert report["reference"] == "torch, weights in fp32"
    assert report["int8"]["dice"] >= 0.5
    assert (report["int8"]["split"], set(report["int8"]["kept_in_float"])) == (
        "train",
        {"encoder", "decoder"},
    )
    assert "QuantizeLinear" in report["graphs"]["encoder.onnx"]["operators"]
    assert len(steps) > report["int8"]["groups"]["encoder"]
    backend = open_backend(tmp_path / "out")
    assert isinstance(backend, OnnxBackend)
    assert backend.facts.input_size == 96
    assert backend.encode(np.zeros((2, 96, 96), np.uint8)).image_embed.shape == (2, 256, 6, 6)
    assert QualityCalibration.of_graph(tmp_path / "out" / "decoder.onnx") == QualityCalibration(2.0, 0.5)


@pytest.mark.parametrize(
    ("precision", "settings", "error", "message"),
    [
        (
            "int4",
            ExportSettings(),
            ModelError,
            "precision 'int4' is unknown; use one of fp32, fp16, w8, int8",
        ),
        (
            "fp16",
            ExportSettings(image_size=250),
            ModelError,
            "image size 250 doesn't fit the network; use a multiple of 32",
        ),
        ("fp16", ExportSettings(image_size=4096), ModelError, "image size 4096 doesn't fit"),
        (
            "int8",
            ExportSettings(),
            DataError,
            "int8 calibrates on real frames; give a manifest .*: --data manifest.csv",
        ),
        (
            "w8",
            ExportSettings(int8=Int8Settings(Path("m.csv"))),
            DataError,
            "precision w8 takes no frames; omit --data",
        ),
        (
            "int8",
            ExportSettings(int8=Int8Settings(Path("m.csv"), 1.5)),
            ModelError,
            "--min-dice 1.5 is out of range; give one over 0",
        ),
        ("int8", ExportSettings(int8=Int8Settings(Path("absent.csv"))), DataError, "absent.csv"),
    ],
)
def test_bad_settings(
    source: Path,
    tmp_path: Path,
    precision: str,
    settings: ExportSettings,
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        export_folder(source, tmp_path / "out", ModelFacts("x", "1", precision=precision), settings)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("given", ["../x", "a/b", "", ".hidden", "two words", "a\nb", "\u202ex", "n" * 65])
def test_a_name_and_a_version_are_plain(given: str) -> None:
    with pytest.raises(ModelError, match=r"--name .* is not plain: give 1 to 64 letters, digits"):
        ModelFacts(given, "1")
    with pytest.raises(ModelError, match=r"--version .* is not plain"):
        ModelFacts("kidney-1.2_b", given)


@pytest.mark.parametrize("given", ["", " MIT", "CC-BY\n4.0", "\u202eTIM", "n" * 65])
def test_a_licence_is_plain(given: str) -> None:
    with pytest.raises(ModelError, match=r"--licence .* is not plain: give 1 to 64 letters, digits"):
        ModelFacts("kidney-1", "1", given)
    assert ModelFacts("kidney-1", "1", "CC BY-NC 4.0").licence == "CC BY-NC 4.0"


def test_the_command_refuses_such_a_name(source: Path, tmp_path: Path) -> None:
    done = uniultra("export", "--model", source, "--out", "out", "--name", "../x", cwd=tmp_path)
    assert (done.returncode, "--name '../x' is not plain" in done.stderr) == (2, True)
    assert not list(tmp_path.iterdir())


def test_what_adapt_leaves_opens_at_another_side(source: Path, tmp_path: Path) -> None:
    facts = AdapterFacts(str(source), weights_sha256(load(source)), "decoder", 64)
    save_adapter(tmp_path / "adapter.safetensors", {}, facts)
    (tmp_path / "base.json").write_text(json.dumps({"base": str(source)}))
    assert [open_sized(tmp_path, side).input_size for side in (None, 64, 96)] == [64, 64, 96]


def test_a_source_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is neither a folder nor a published model"):
        export_folder("uniultra-maxi", tmp_path / "out", ModelFacts("x", "1"))


def test_a_folder_without_graphs_runs_on_torch(source: Path) -> None:
    backend = open_backend(source)
    features = backend.encode(np.zeros((1, 64, 64), np.uint8))
    assert features.image_embed.shape == (1, 256, 4, 4)
    assert backend.facts.name == source.name


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no model: no encoder\.onnx"):
        open_backend(tmp_path)
    with pytest.raises(ModelError, match="is unknown: it is neither a folder nor a published model"):
        open_backend(tmp_path / "absent")


@pytest.mark.parametrize("precision", ["fp16", "w8"])
def test_a_full_disk_is_one_line_and_leaves_nothing(source: Path, tmp_path: Path, precision: str) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))
    try:
        with pytest.raises(OutputError, match=r"can't be written \(.*File too large"):
            export_folder(source, tmp_path / "out", ModelFacts("x", "1", precision=precision))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_where_writing_fails(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="can't be written"):
        export_folder(source, tmp_path / "file" / "out", ModelFacts("x", "1"))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("file", FILES)
def test_an_export_replaces_nothing_unasked(source: Path, tmp_path: Path, file: str) -> None:
    (tmp_path / file).write_text("mine")
    with pytest.raises(OutputError, match=rf"{file} exists; pass --force to overwrite"):
        export_folder(source, tmp_path, ModelFacts("x", "1"))
    assert [path.name for path in tmp_path.iterdir()] == [file]
    assert (tmp_path / file).read_text() == "mine"
