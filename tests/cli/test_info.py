"""`uniultra info` of the folders of models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commands import uniultra
from uniultra.registry import find, verified_folder


def _folder(path: Path, **files: str) -> Path:
    path.mkdir(parents=True)
    for name, text in files.items():
        (path / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return path


def test_a_models_folder_says_what_it_is(tmp_path: Path) -> None:
    entry = find("uniultra-mini")
    folder = verified_folder(entry)
    told = uniultra("info", folder, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    start = f"{folder}: model, name uniultra-mini, version {entry.version}, precision w8, input size 256, "
    assert told.stdout.startswith(start)
    assert "structures left ventricle; left ventricular myocardium; left atrium" in told.stdout
    facts = json.loads(uniultra("info", "--json", folder, cwd=tmp_path).stdout)
    assert (facts["kind"], facts["licence"], facts["engine"]) == ("model", "Apache-2.0", "onnxruntime")


def test_runs_and_merged_models_are_told_from_folders_of_images(tmp_path: Path) -> None:
    adapted = _folder(tmp_path / "adapted", adapter__safetensors="", base__json='{"base": "uniultra-mini"}')
    assert uniultra("info", adapted, cwd=tmp_path).stdout == (
        f"{adapted}: adapter, base uniultra-mini, use --model {adapted}\n"
    )
    trained = tmp_path / "run"
    _folder(trained / "model", config__json="{}", model__safetensors="")
    assert (
        f"{trained}: model, licence unknown, engine torch" in uniultra("info", trained, cwd=tmp_path).stdout
    )
    empty = uniultra("info", _folder(tmp_path / "empty"), cwd=tmp_path)
    assert (empty.returncode, "no images found" in empty.stderr) == (2, True)


@pytest.mark.parametrize("text", ["[]", '{"structures": 3}', "{", '{"passes": {"sure": 7}}'])
def test_a_damaged_model_json_is_one_line(tmp_path: Path, text: str) -> None:
    refused = uniultra("info", _folder(tmp_path / "bad", model__json=text), cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert len(refused.stderr.splitlines()) == 1
