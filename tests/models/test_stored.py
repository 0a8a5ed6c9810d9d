"""Weights to disk, whole or not at all."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers.utils.logging import enable_progress_bar

from uniultra.errors import ModelError, OutputError
from uniultra.models.adapted import AdapterFacts, save_adapter, save_plain
from uniultra.models.build import build, load
from uniultra.models.promptable import PromptableModel
from uniultra.models.stored import (
    MARK,
    MODEL_FILES,
    PACKING,
    pack,
    packed_axes,
    read_packed,
    save_folder,
    save_packed,
    write_tensors,
)


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


@pytest.mark.parametrize("writer", WRITERS)
def test_others_may_read_what_they_may_read_elsewhere(
    tmp_path: Path, model: PromptableModel, writer: str
) -> None:
    """A model folder on a laboratory's disk: safetensors' own files are their owner's alone."""
    path = tmp_path / "model.safetensors"
    before = os.umask(0o027)
    try:
        for _ in range(2):
            WRITERS[writer](path, model)
            assert path.stat().st_mode & 0o777 == 0o640
    finally:
        os.umask(before)


def test_saving_shows_no_bar_of_the_library_s(
    tmp_path: Path, model: PromptableModel, capfd: pytest.CaptureFixture[str]
) -> None:
    enable_progress_bar()
    save_folder(model, tmp_path)
    assert capfd.readouterr() == ("", "")


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


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> tuple[PromptableModel, Path]:
    torch.manual_seed(0)
    model = build("mini", image_size=64, box_prior=True)
    folder = tmp_path_factory.mktemp("packed")
    model.save_pretrained(folder)
    save_packed(model, folder / "model.safetensors")
    return model, folder


def test_a_packed_model_opens_nearly_as_it_was(packed: tuple[PromptableModel, Path]) -> None:
    model, folder = packed
    again = load(folder)
    assert again.dtype == torch.float32
    axes = packed_axes(model)
    assert len(axes) > 50
    for name, value in model.state_dict().items():
        axis = axes.get(name)
        others = [other for other in range(value.ndim) if other != axis]
        step = value.abs().amax(dim=others, keepdim=True) / 127 if axis is not None else value.abs() * 2**-10
        assert ((again.state_dict()[name] - value).abs() <= 0.51 * step + 1e-7).all(), name


def test_a_packed_file_is_a_quarter(packed: tuple[PromptableModel, Path]) -> None:
    model, folder = packed
    whole = sum(4 * value.numel() for value in model.state_dict().values())
    assert (folder / "model.safetensors").stat().st_size < 0.28 * whole


def test_packing_again_changes_nothing(packed: tuple[PromptableModel, Path], tmp_path: Path) -> None:
    save_packed(load(packed[1]), tmp_path / "again.safetensors")
    once, twice = load_file(packed[1] / "model.safetensors"), load_file(tmp_path / "again.safetensors")
    assert set(once) == set(twice)
    for name, value in once.items():
        torch.testing.assert_close(twice[name], value, rtol=1e-6, atol=0, msg=name)


@pytest.mark.parametrize("axis", [0, 1])
def test_zero_stays_zero_and_channels_keep_their_own_scale(axis: int) -> None:
    values = torch.tensor([[0.0, 1000.0], [0.0, -0.5]])
    integers, scale = pack(values, axis)
    assert scale.shape == ((2, 1) if axis == 0 else (1, 2))
    assert (integers[:, 0] == 0).all()
    assert integers[0, 1] == 127


def test_what_is_not_packed_is_left_to_the_loader(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(3)}, tmp_path / "plain.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"not safetensors")
    for name in ("plain", "broken", "absent"):
        assert read_packed(tmp_path / f"{name}.safetensors") is None


def test_damaged_packing_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    save_file({"a": torch.zeros(3)}, file, {MARK: "int2"})
    with pytest.raises(
        ModelError,
        match=r"is packed as 'int2'; this version reads 'int8 per output channel'. Export the model again",
    ):
        read_packed(file)
    save_file({"a.int8": torch.zeros(3, 3, dtype=torch.int8)}, file, {MARK: PACKING})
    with pytest.raises(
        ModelError, match=r"has integers 'a\.int8' without a scale that fits them; export the model again"
    ):
        read_packed(file)
    save_file(
        {"a.int8": torch.zeros(3, 3, dtype=torch.int8), "a.scale": torch.zeros(3)}, file, {MARK: PACKING}
    )
    with pytest.raises(ModelError, match="without a scale that fits"):
        read_packed(file)


def test_a_packed_file_that_lacks_weights_is_no_model(
    packed: tuple[PromptableModel, Path], tmp_path: Path
) -> None:
    tensors = {
        name: value
        for name, value in load_file(packed[1] / "model.safetensors").items()
        if "mask_decoder" not in name
    }
    (tmp_path / "config.json").write_bytes((packed[1] / "config.json").read_bytes())
    save_file(tensors, tmp_path / "model.safetensors", {"format": "pt", MARK: PACKING})
    with pytest.raises(ModelError, match=r"lacks \d+ weights of SAM 2, such as 'mask_decoder"):
        load(tmp_path)


@pytest.mark.parametrize("writer", ["adapter", "packed", "folder"])
def test_the_same_content_has_the_same_bytes(tmp_path: Path, model: PromptableModel, writer: str) -> None:
    """safetensors alone orders the metadata of one call otherwise than that of the next."""
    file = tmp_path / "model.safetensors"
    found = set()
    for _ in range(12):
        WRITERS[writer](file, model)
        found.add(file.read_bytes())
    assert len(found) == 1


def test_metadata_of_any_text_and_order_is_read_as_it_was_given(tmp_path: Path) -> None:
    """What a folder may be called, too: the header keeps its length, so the tensors stay where they are."""
    file, tensors = tmp_path / "a.safetensors", {"b": torch.arange(5.0), "a": torch.ones(3, dtype=torch.int8)}
    given = {"z": 'a "quoted" \\ path/é\u2028\x7f\x01\n\t\b\f😀', "format": "pt", "é": "", MARK: PACKING}
    write_tensors(file, tensors, given)
    for each in (file, tmp_path / "old.safetensors"):
        if each != file:
            save_file(tensors, str(each), given)  # what earlier versions wrote
        with safe_open(str(each), framework="pt") as opened:
            assert opened.metadata() == given
        assert all(torch.equal(value, tensors[name]) for name, value in load_file(each).items())
    head = file.read_bytes()[8:]
    assert [head.index(f'"{name}":'.encode()) for name in sorted(given)] == sorted(
        head.index(f'"{name}":'.encode()) for name in given
    )
