"""Which weights an engine is opened from, as one hash."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import onnxruntime
import pytest

from uniultra.backends.onnx import OnnxBackend
from uniultra.backends.open import model_sha256, open_backend, weights_sha256
from uniultra.errors import ModelError
from uniultra.registry import DEFAULT, find
from uniultra.segmenter import Segmenter


def _of(folder: Path, *names: str) -> str:
    lines = "".join(f"{name} {hashlib.sha256((folder / name).read_bytes()).hexdigest()}\n" for name in names)
    return hashlib.sha256(lines.encode()).hexdigest()


def test_a_published_model_and_a_copy_of_its_folder_give_the_same(tmp_path: Path) -> None:
    copy = shutil.copytree(find(DEFAULT).folder, tmp_path / "copy")
    assert weights_sha256(DEFAULT) == weights_sha256(copy) == _of(copy, "decoder.onnx", "encoder.onnx")
    (copy / "CARD.md").write_text("another card", encoding="utf-8")
    assert weights_sha256(copy) == weights_sha256(DEFAULT)
    with (copy / "decoder.onnx").open("ab") as file:
        file.write(b"x")
    assert weights_sha256(copy) != weights_sha256(DEFAULT)


def test_a_light_model_takes_one_thread_a_call_unless_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Segmenter.load().threads is None  # a tracker still takes two
    for model in (DEFAULT, shutil.copytree(find(DEFAULT).folder, tmp_path / "copy")):
        assert [_threads(model, threads) for threads in (None, 1, 2)] == [(1, 1), (1, 1), (2, 2)]
    every = onnxruntime.SessionOptions().intra_op_num_threads
    monkeypatch.setattr("uniultra.backends.onnx.LIGHT_SIDE", 255)
    assert _threads(DEFAULT, None) == (None, every)
    monkeypatch.undo()
    monkeypatch.setattr("uniultra.backends.onnx.LIGHT_BYTES", 1000)
    assert _threads(DEFAULT, None) == (None, every)


def _threads(model: str | Path, given: int | None) -> tuple[int | None, int]:
    """What a call may take by the engine, and by onnxruntime."""
    engine = open_backend(model, given)
    assert isinstance(engine, OnnxBackend)
    assert engine.one_threaded.threads == 1
    return engine.threads, engine.encoder.get_session_options().intra_op_num_threads


def test_how_a_model_is_prompted_is_part_of_the_model(tmp_path: Path) -> None:
    copy = shutil.copytree(find(DEFAULT).folder, tmp_path / "copy")
    before = model_sha256(copy, open_backend(copy).facts)
    assert before == model_sha256(DEFAULT, open_backend(DEFAULT).facts)
    said = json.loads((copy / "model.json").read_text(encoding="utf-8"))
    said["passes"]["agreed"] = 0.9
    (copy / "model.json").write_text(json.dumps(said), encoding="utf-8")
    assert weights_sha256(copy) == weights_sha256(DEFAULT)
    assert model_sha256(copy, open_backend(copy).facts) != before


def test_a_folder_without_onnx_is_its_config_and_safetensors(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(b"{}")
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    assert weights_sha256(tmp_path) == _of(tmp_path, "config.json", "model.safetensors")


def test_a_run_of_adapt_is_its_adapter_which_names_its_base(tmp_path: Path) -> None:
    (tmp_path / "adapter.safetensors").write_bytes(b"adapter")
    (tmp_path / "config.json").write_bytes(b"{}")
    assert weights_sha256(tmp_path) == _of(tmp_path, "adapter.safetensors")


def test_what_is_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=r"holds no model: no encoder\.onnx, model\.safetensors or adapter\.safetensors"
    ):
        weights_sha256(tmp_path)
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(ModelError, match=r"config\.json' can't be read \(No such file or directory\)"):
        weights_sha256(tmp_path)
    for wrong in (None, 5):
        with pytest.raises(ModelError, match=r"the model is of type \w+; give the folder of a model"):
            open_backend(wrong)
    with pytest.raises(ModelError, match="model 'nobody' is unknown"):
        weights_sha256("nobody")
