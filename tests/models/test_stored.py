"""Weights to disk, whole or not at all."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from uniultra.errors import OutputError
from uniultra.models.adapted import AdapterFacts, save_adapter, save_plain
from uniultra.models.build import build
from uniultra.models.packed import save_packed
from uniultra.models.promptable import PromptableModel
from uniultra.models.stored import MODEL_FILES, save_folder, write_tensors


@contextmanager
def small_disk() -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.fixture(scope="module")
def model() -> PromptableModel:
    return build("mini", image_size=64)


BIG = {"w": torch.zeros(10_000)}
FACTS = AdapterFacts("base", "ab", "full", 64)
WRITERS: dict[str, Callable[[Path, PromptableModel], None]] = {
    "tensors": lambda path, model: write_tensors(path, BIG),
    "adapter": lambda path, model: save_adapter(path, BIG, FACTS),
    "packed": lambda path, model: save_packed(model, path),
    "folder": lambda path, model: save_folder(model, path.parent),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_full_disk_is_one_line_and_leaves_what_was_there(
    tmp_path: Path, model: PromptableModel, writer: str
) -> None:
    path = tmp_path / "model.safetensors"
    path.write_text("earlier")
    with small_disk(), pytest.raises(OutputError, match=r"can't be written \(.*File too large"):
        WRITERS[writer](path, model)
    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]
    assert path.read_text() == "earlier"


def test_views_and_parameters_are_written_as_they_are(tmp_path: Path) -> None:
    weights = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3))
    write_tensors(tmp_path / "a.safetensors", {"w": weights.T, "row": weights[0]})
    read = load_file(str(tmp_path / "a.safetensors"))
    torch.testing.assert_close(read["w"], weights.detach().T)
    torch.testing.assert_close(read["row"], weights.detach()[0])


@pytest.mark.parametrize("file", MODEL_FILES)
def test_a_merged_model_replaces_nothing_unasked(tmp_path: Path, model: PromptableModel, file: str) -> None:
    (tmp_path / file).write_text("mine")
    with pytest.raises(OutputError, match=rf"{file} exists; pass --force"):
        save_plain(model, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [file]
    save_plain(model, tmp_path, force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(MODEL_FILES)
