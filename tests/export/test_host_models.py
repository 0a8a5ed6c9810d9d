"""A folder that `export --for` wrote for a program is no model here: every command says so in one line, which
names what to give instead.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import onnx
import pytest

from commands import uniultra
from phantom_manifest import Phantom, write_manifest
from uniultra.backends.onnx import OnnxBackend
from uniultra.errors import ModelError
from uniultra.export.host_files import write_host
from uniultra.registry import DEFAULT, HOST_FILES, exported_folder, find

IMAGE, DATA = "images/a.png", ("--data", "manifest.csv")
CALLS = {
    "segment": ("segment", IMAGE, "--box", "1,1,20,20", "--model"),
    "track": ("track", IMAGE, "--box", "1,1,20,20", "--model"),
    "batch": ("batch", "images", "results", "--grid", "2", "--model"),
    "open": ("open", IMAGE, "--no-browser", "--port", "0", "--model"),
    "open --static": ("open", "--static", "site", "--model"),
    "serve": ("serve", "--port", "0", "--model"),
    "demo": ("demo", "--model"),
    "info": ("info",),
    "evaluate": ("evaluate", *DATA, "--kinds", "box", "--model"),
    "evaluate --against": ("evaluate", *DATA, "--kinds", "box", "--against"),
    "data review": ("data", "review", "manifest.csv", "--model"),
    "bench": ("bench", "--quick", "--peers", "none", "--out", "bench", "--model"),
    "adapt": ("adapt", "--minute", *DATA, "--out", "run", "--base"),
    "distill --teacher": ("distill", *DATA, "--out", "run", "--teacher"),
    "distill --student": ("distill", *DATA, "--out", "run", "--teacher", DEFAULT, "--student"),
    "export": ("export", "--out", "out", "--name", "mine", "--model"),
    "export --for": ("export", "--out", "out", "--for", "ohif", "--model"),
    "export --settings-from": (
        "export",
        "--model",
        DEFAULT,
        "--out",
        "out",
        "--name",
        "m",
        "--settings-from",
    ),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("place")
    write_manifest(folder, [Phantom("a"), Phantom("b", "train", group="1")])
    for host in HOST_FILES:
        write_host(host, exported_folder(DEFAULT), folder / host)
    return folder


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("host", HOST_FILES)
def test_another_programs_folder_is_refused_with_what_to_give(call: str, host: str, place: Path) -> None:
    before = sorted(place.rglob("*"))
    found = uniultra(*CALLS[call], host, cwd=place)
    assert found.returncode == 2
    [line] = found.stderr.splitlines()
    assert f"'{host}' is what `uniultra export --for {host}` wrote for that program alone" in line
    assert f"give what it was made from: {DEFAULT} or " in line
    assert sorted(place.rglob("*")) == before


def test_a_models_own_folder_may_hold_a_programs_file(tmp_path: Path) -> None:
    """Such a file alone says nothing of graphs that are ours."""
    folder = shutil.copytree(find(DEFAULT).folder, tmp_path / "mine")
    (folder / "models.json").write_text("{}")
    assert OnnxBackend.open(exported_folder(str(folder)), 1).facts.input_size == 256


def test_graphs_of_elsewhere_are_not_called_an_old_export(tmp_path: Path) -> None:
    folder = shutil.copytree(find(DEFAULT).folder, tmp_path / "theirs")
    model = onnx.load(str(folder / "encoder.onnx"))
    del model.metadata_props[:]
    onnx.save(model, str(folder / "encoder.onnx"))
    with pytest.raises(ModelError, match="is not of a folder that `uniultra export` wrote: its metadata has"):
        OnnxBackend.open(folder, 1)


def test_a_static_page_of_a_model_without_graphs_names_the_export(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "adapter.safetensors").write_bytes(b"")
    found = uniultra("open", "--static", "site", "--model", "run", cwd=tmp_path)
    assert found.returncode == 2
    assert (
        "'run' has no encoder.onnx; run `uniultra export --model run --name NAME --out DIR`" in found.stderr
    )
