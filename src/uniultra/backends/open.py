"""From a model's name or folder to a loaded engine: ONNX files where there are any, else safetensors through
torch.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from pathlib import Path

from uniultra.backends.hub import hub_folder, is_hub_name
from uniultra.backends.onnx import DECODER, ENCODER, OnnxBackend
from uniultra.backends.protocol import Backend
from uniultra.errors import ModelError
from uniultra.hashes import file_sha256
from uniultra.model_facts import ModelFacts
from uniultra.registry import MODELS, find, finished_run, verified_folder

_ONNX_FILES = (ENCODER, DECODER)
_TORCH_FILES = ("config.json", "model.safetensors")
_ADAPTER_FILES = ("adapter.safetensors",)  # names its base by a hash


def open_backend(name_or_folder: str | Path, threads: int | None = None) -> Backend:
    """A published model by name, or a model folder.

    Args:
        name_or_folder: a name in the registry (which wins over a folder of that name: write ./name for the
            folder), or a folder with encoder.onnx and decoder.onnx, or with config.json and
            model.safetensors, or a run of `uniultra adapt`, `distill` or `train` (these need the `train`
            extra), or hf://organisation/name[@revision] of the Hugging Face Hub (extra `hub`).
        threads: threads a call may use (ONNX only); None for one where the model is light, as the published
            ones are, and all cores where it isn't.

    Raises:
        ModelError: unknown name, no such folder, nothing usable in it, damaged files, or torch is not
            installed.
    """
    name_or_folder = _fetched(name_or_folder)
    folder = finished_run(Path(name_or_folder))
    if _is_name(name_or_folder):
        return OnnxBackend.open(verified_folder(find(str(name_or_folder))), threads)
    if _files_of(folder) == _ONNX_FILES:
        return OnnxBackend.open(folder, threads)
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("transformers") is None:
        raise ModelError(
            f"'{folder}' holds safetensors weights, which need torch: pip install 'uniultra[train]', or "
            "export them to ONNX"
        )
    from uniultra.backends.torch import TorchBackend

    return TorchBackend.open(folder)


def weights_sha256(name_or_folder: str | Path) -> str:
    """One SHA-256 of the files that `open_backend` loads: of the lines `name hash`, in the order of their
    names.

    A published model's hashes come from the registry, so it and a copy of its folder give the same. How a
    model is prompted is not in it: see `model_sha256`.

    Raises:
        ModelError: unknown name, or a file can't be read.
    """
    name_or_folder = _fetched(name_or_folder)
    folder = finished_run(Path(name_or_folder))
    if _is_name(name_or_folder):
        hashes = {
            file: hash for file, hash in find(str(name_or_folder)).sha256.items() if file in _ONNX_FILES
        }
    else:
        hashes = {file: _sha256_of(folder / file) for file in _files_of(folder)}
    return hashlib.sha256("".join(f"{file} {hashes[file]}\n" for file in sorted(hashes)).encode()).hexdigest()


def model_sha256(name_or_folder: str | Path, facts: ModelFacts) -> str:
    """One SHA-256 of everything that determines a loaded model's answers: its weights, and how it is
    prompted.

    Args:
        name_or_folder: as in `weights_sha256`, whose hash is one part.
        facts: of the loaded model; its passes, which model.json or an adapter's base says, are the other.

    Raises:
        ModelError: as `weights_sha256`.
    """
    prompting = json.dumps(facts.prompting, sort_keys=True)
    return hashlib.sha256(f"{weights_sha256(name_or_folder)} {prompting}".encode()).hexdigest()


def _files_of(folder: Path) -> tuple[str, ...]:
    """The files of a model folder that are loaded: graphs before whole weights before an adapter's."""
    for files in (_ONNX_FILES, _TORCH_FILES, _ADAPTER_FILES):
        if (folder / (ENCODER if files is _ONNX_FILES else files[-1])).is_file():
            return files
    raise ModelError(
        f"'{folder}' holds no model: no {ENCODER}, {_TORCH_FILES[-1]} or {_ADAPTER_FILES[-1]}; published "
        f"models: {', '.join(entry.name for entry in MODELS)}"
    )


def _fetched(name_or_folder: str | Path) -> str | Path:
    """A model of the hub as its folder; any other as it is. Raises ModelError where it is no name or path."""
    if not isinstance(name_or_folder, str | os.PathLike):
        raise ModelError(
            f"the model is of type {type(name_or_folder).__name__}; give the folder of a model, or a "
            f"published name: {', '.join(entry.name for entry in MODELS)}"
        )
    return hub_folder(str(name_or_folder)) if is_hub_name(name_or_folder) else name_or_folder


def _is_name(name_or_folder: str | Path) -> bool:
    return any(entry.name == str(name_or_folder) for entry in MODELS) or not Path(name_or_folder).is_dir()


def _sha256_of(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError as error:
        raise ModelError(
            f"'{path}' can't be read ({error.strerror}); a model folder holds it; export the model again"
        ) from error
