"""From a model's name or folder to a loaded engine: ONNX files where there are any, else safetensors through torch."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from uniultra.backends.onnx import ENCODER, OnnxBackend
from uniultra.backends.protocol import Backend
from uniultra.errors import ModelError
from uniultra.registry import MODELS, find, verified_folder

TORCH_FILES = ("model.safetensors", "adapter.safetensors")


def open_backend(name_or_folder: str | Path, threads: int | None = None) -> Backend:
    """A published model by name, or a model folder.

    Args:
        name_or_folder: a name in the registry (which wins over a folder of that name: write ./name for the folder), or a folder with
            encoder.onnx and decoder.onnx, or with config.json and model.safetensors, or a run of `uniultra adapt` (these need the
            `train` extra).
        threads: threads a call may use (ONNX only); None for all cores.

    Raises:
        ModelError: unknown name, no such folder, nothing usable in it, damaged files, or torch is not installed.
    """
    folder = Path(name_or_folder)
    if any(entry.name == str(name_or_folder) for entry in MODELS) or not folder.is_dir():
        return OnnxBackend.open(verified_folder(find(str(name_or_folder))), threads)
    if (folder / ENCODER).is_file():
        return OnnxBackend.open(folder, threads)
    if not any((folder / name).is_file() for name in TORCH_FILES):
        names = ", ".join(entry.name for entry in MODELS)
        raise ModelError(f"'{folder}' holds no model: no {ENCODER}, no {' or '.join(TORCH_FILES)}; published models: {names}")
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("transformers") is None:
        raise ModelError(f"'{folder}' holds safetensors weights, which need torch: pip install 'uniultra[train]', or export them to ONNX")
    from uniultra.backends.torch import TorchBackend

    return TorchBackend.open(folder)
