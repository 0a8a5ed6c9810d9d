"""Results say which libraries made them, since masks move with some of them; sessions leave the cores to
others while they wait.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import onnxruntime
import pydicom
import pytest
from typer.testing import CliRunner

from dicoms import dataset, picture, save
from uniultra.backends.onnx import OnnxBackend
from uniultra.backends.open import open_backend
from uniultra.cli.main import app
from videos import flat, save_video


def results(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["segment", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_an_image_and_a_cine_name_their_libraries(tmp_path: Path) -> None:
    path = save(dataset(picture()), tmp_path / "a.dcm")
    found = json.loads(results(str(path), "--box", "5,5,20,20", "--json"))["libraries"]
    assert found["onnxruntime"] == onnxruntime.__version__
    assert found["opencv"] == cv2.__version__
    assert found["pydicom"] == pydicom.__version__
    movie = save_video(tmp_path / "b.mp4", [flat(90)] * 3)
    results(
        str(movie), "--frames", "all", "--box", "5,5,20,20", "--write", "none", "--out", str(tmp_path / "o")
    )
    assert "pyav" in json.loads((tmp_path / "o" / "b.frames.json").read_text())["libraries"]


@pytest.mark.parametrize("threads", [None, 2])
def test_no_session_spins(threads: int | None) -> None:
    backend = open_backend("uniultra-mini", threads)
    assert isinstance(backend, OnnxBackend)
    for session in (backend.encoder, backend.decoder):
        assert (
            session.get_session_options().get_session_config_entry("session.intra_op.allow_spinning") == "0"
        )
