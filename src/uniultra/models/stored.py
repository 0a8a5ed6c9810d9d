"""Weights to disk, whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from uniultra.atomic import staged, whole
from uniultra.errors import OutputError
from uniultra.text import printable

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MODEL_FILES = ("config.json", "model.safetensors")
"""What `from_pretrained` opens."""


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """A safetensors file, in the place of an older one. Raises OutputError."""
    stored = {name: value.detach().contiguous().cpu() for name, value in tensors.items()}
    with whole(path, force=True) as part, _os_errors_of(path):
        save_file(stored, str(part), metadata)


def save_folder(model: PreTrainedModel, out: Path, force: bool = True) -> None:
    """Writes MODEL_FILES of a model into a folder. Raises OutputError."""
    with staged({file: out / file for file in MODEL_FILES}, force) as parts, _os_errors_of(out):
        model.save_pretrained(parts["config.json"].parent)


@contextmanager
def _os_errors_of(path: Path) -> Iterator[None]:
    """safetensors tells of a full disk with an error of its own kind."""
    try:
        yield
    except SafetensorError as error:
        raise OutputError(
            f"{printable(str(path))}: can't be written ({error}); give a folder with room"
        ) from error
