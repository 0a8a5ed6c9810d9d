"""Weights to disk, whole or not at all; and in fewer bits, as integers with scales."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from uniultra.atomic import staged, whole
from uniultra.errors import ModelError, OutputError
from uniultra.text import printable

if TYPE_CHECKING:
    from transformers import PreTrainedModel


MODEL_FILES = ("config.json", "model.safetensors")
"""What `from_pretrained` opens."""


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """A safetensors file, in the place of an older one; the same content has the same bytes. Raises
    OutputError.
    """
    stored = {name: value.detach().contiguous().cpu() for name, value in tensors.items()}
    with whole(path, force=True) as part, os_errors_of(path):
        part.unlink(missing_ok=True)
        part.touch()
        mode = part.stat().st_mode
        save_file(stored, str(part), metadata)
        part.chmod(mode)  # safetensors' own are closed to all but their owner
        _sort_metadata(part)


def _sort_metadata(path: Path) -> None:
    """By name: safetensors writes them in an order that differs from call to call."""
    with path.open("r+b") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        header["__metadata__"] = dict(sorted(header.get("__metadata__", {}).items()))
        if not header["__metadata__"]:
            return
        text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode().ljust(size)
        assert len(text) == size, f"{path.name} has a header that isn't as short as it can be"
        file.seek(8)
        file.write(text)


def save_folder(
    model: PreTrainedModel, out: Path, force: bool = True, beside: Mapping[str, str] | None = None
) -> None:
    """Writes MODEL_FILES of a model into a folder, and texts `beside` them by their names. Raises
    OutputError.
    """
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    texts = beside or {}
    files = {file: out / file for file in (*MODEL_FILES, *texts)}
    with staged(files, force) as parts, os_errors_of(out):
        model.save_pretrained(parts["config.json"].parent)
        shutil.copymode(parts["config.json"], parts["model.safetensors"])
        for file, text in texts.items():
            parts[file].write_text(text, encoding="utf-8")


@contextmanager
def os_errors_of(path: Path) -> Iterator[None]:
    """safetensors tells of a full disk with an error of its own kind."""
    try:
        yield
    except SafetensorError as error:
        raise OutputError(
            f"{printable(str(path))}: can't be written ({error}); give a folder with room"
        ) from error


LEVELS = 127
"""Integers go from -LEVELS to LEVELS: symmetric, so that 0 stays 0."""
SMALLEST_PACKED = 4096
"""Weights with fewer elements stay fp16: packing them saves next to nothing."""
MARK = "uniultra.packing"
PACKING = "int8 per output channel"
"""The file's metadata under MARK; a reader refuses another."""


def save_packed(model: nn.Module, path: Path) -> None:
    """Writes a model's weights, large ones of linear layers and convolutions packed."""
    axes = packed_axes(model)
    tensors: dict[str, Tensor] = {}
    for name, value in model.state_dict().items():
        if name in axes:
            tensors[f"{name}.int8"], tensors[f"{name}.scale"] = pack(value, axes[name])
        else:
            tensors[name] = value.half() if value.is_floating_point() else value
    write_tensors(path, tensors, {"format": "pt", MARK: PACKING})


def packed_axes(model: nn.Module) -> dict[str, int]:
    """The weights that are packed, and which of their axes counts output channels."""
    axes = {}
    for name, module in model.named_modules():
        if (
            isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)
            and module.weight.numel() >= SMALLEST_PACKED
        ):
            axes[f"{name}.weight"] = 1 if isinstance(module, nn.ConvTranspose2d) else 0
    return axes


def pack(value: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Integers of the same shape, and fp32 scales with length 1 on all axes but `axis`; packing what was
    packed changes nothing.
    """
    value = value.detach().float()
    others = [other for other in range(value.ndim) if other != axis]
    scale = (value.abs().amax(dim=others, keepdim=True) / LEVELS).clamp(min=1e-12)
    return (value / scale).round().clamp(-LEVELS, LEVELS).to(torch.int8).contiguous(), scale.contiguous()


def read_packed(path: Path) -> dict[str, Tensor] | None:
    """All weights in fp32 by their own names; None where the file isn't packed, or isn't there.

    Raises:
        ModelError: packed in a way that this version doesn't know, or damaged.
    """
    try:
        with safe_open(str(path), framework="pt") as file:
            packing = (file.metadata() or {}).get(MARK)
            if packing is None:
                return None
            if packing != PACKING:
                raise ModelError(
                    f"'{path}' is packed as '{packing[:40]}'; this version reads '{PACKING}'. Export the "
                    "model again"
                )
            stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (a file handle, not a dict)
    except (OSError, SafetensorError):
        return None  # the loader that comes next says what is wrong
    return {
        name.removesuffix(".int8"): _whole(name, value, stored, path)
        for name, value in stored.items()
        if not name.endswith(".scale")
    }


def _whole(name: str, value: Tensor, stored: dict[str, Tensor], path: Path) -> Tensor:
    if not name.endswith(".int8"):
        return value.float() if value.is_floating_point() else value
    scale = stored.get(name.removesuffix(".int8") + ".scale")
    if scale is None or value.dtype != torch.int8 or scale.ndim != value.ndim:
        raise ModelError(
            f"'{path}' has integers '{name}' without a scale that fits them; export the model again"
        )
    return value.float() * scale.float()
