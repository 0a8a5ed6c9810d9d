from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from uniultra.backends.onnx import OnnxBackend
from uniultra.backends.open import open_backend
from uniultra.errors import ModelError, OutputError
from uniultra.export.folder import FILES, export_folder
from uniultra.export.onnx import ModelFacts, QualityCalibration
from uniultra.models.build import build, load


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("source")
    build("mini", image_size=64, box_prior=True).save_pretrained(folder)
    return folder


def test_an_exported_folder_is_whole(source: Path, tmp_path: Path) -> None:
    report = export_folder(source, tmp_path / "out", ModelFacts("whole", "1"), QualityCalibration())
    assert {file.name for file in (tmp_path / "out").iterdir()} == set(FILES)
    assert report["max_logit_difference"] < 1e-4
    assert {f"sha256 {file}" for file in FILES} <= set(report)
    assert isinstance(open_backend(tmp_path / "out"), OnnxBackend)
    again = load(tmp_path / "out")
    for name, value in load(source).state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value, atol=2e-3, rtol=2e-3, msg=name)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_without_graphs_runs_on_torch(source: Path) -> None:
    backend = open_backend(source)
    features = backend.encode(np.zeros((1, 64, 64), np.uint8))
    assert features.image_embed.shape == (1, 256, 4, 4)
    assert backend.name == source.name


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no model: no encoder\.onnx"):
        open_backend(tmp_path)
    with pytest.raises(ModelError, match="is unknown: it is neither a folder nor a published model"):
        open_backend(tmp_path / "absent")


def test_nothing_is_left_where_writing_fails(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="can't be written"):
        export_folder(source, tmp_path / "file" / "out", ModelFacts("x", "1"), QualityCalibration())
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
