from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from uniultra import registry
from uniultra.backends.onnx import OnnxBackend
from uniultra.errors import ModelError
from uniultra.registry import DEFAULT, MODELS, ModelEntry, find, verified_folder


@pytest.mark.parametrize("entry", MODELS, ids=lambda e: e.name)
def test_published_files_are_what_the_row_says(entry: ModelEntry) -> None:
    folder = verified_folder(entry)
    assert set(entry.sha256) == {file.name for file in folder.iterdir() if file.name != "CARD.md"}
    backend = OnnxBackend.open(folder)
    assert (backend.facts.name, backend.facts.version, backend.facts.input_size) == (
        entry.name,
        entry.version,
        entry.input_size,
    )
    assert sum(file.stat().st_size for file in folder.iterdir()) < 25e6


@pytest.mark.parametrize("entry", MODELS, ids=lambda e: e.name)
def test_every_model_has_a_card_that_names_data_and_licences(entry: ModelEntry) -> None:
    card = entry.card.read_text(encoding="utf-8")
    for part in ("Intended use", "Training data", "Licence", "Limits", "How it was made", "Results"):
        assert re.search(rf"^#+ .*{part}", card, re.MULTILINE), part
    for name in ("busi", "mmotu", "hc18", "ddti", "cca", "muscle_apo"):
        assert name in card


def test_the_default_is_published() -> None:
    assert find(DEFAULT).name == DEFAULT


def test_unknown_names_list_what_there_is() -> None:
    with pytest.raises(ModelError, match=r"model 'gpt' is unknown.*published: uniultra-mini"):
        find("gpt")


def test_a_former_name_says_what_to_give() -> None:
    for before, now in registry.RENAMED.items():
        with pytest.raises(ModelError, match=rf"model '{before}' is {now} since \d.*give --model {now}"):
            find(before)


def test_the_default_is_small() -> None:
    assert sum(file.stat().st_size for file in find(DEFAULT).folder.iterdir()) < 4e6


def test_damaged_and_missing_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "WEIGHTS", tmp_path)
    entry = dataclasses.replace(MODELS[0], name="broken", sha256={"encoder.onnx": "0" * 64})
    with pytest.raises(ModelError, match=r"lacks encoder\.onnx"):
        verified_folder(entry)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "encoder.onnx").write_bytes(b"x")
    with pytest.raises(ModelError, match=r"has SHA-256 .*, published is 000000000000"):
        verified_folder(entry)
