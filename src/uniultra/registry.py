"""The published models: one row each, embedded in the package, checked by SHA-256 before use."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from uniultra.errors import ModelError

WEIGHTS = Path(__file__).parent / "weights"
DEFAULT = "uniultra-mini"


@dataclass(frozen=True)
class ModelEntry:
    """One published model.

    Attributes:
        name: what users type.
        version: of the weights.
        input_size: side of the model's square input in pixels.
        licence: of the weights.
        sha256: the hash of each file in weights/<name>/; CARD.md there says how the model was made and how good it is.
    """

    name: str
    version: str
    input_size: int
    licence: str
    sha256: dict[str, str]

    @property
    def folder(self) -> Path:
        return WEIGHTS / self.name

    @property
    def card(self) -> Path:
        return self.folder / "CARD.md"


MODELS: tuple[ModelEntry, ...] = (
    ModelEntry(
        name="uniultra-mini",
        version="0.1.0",
        input_size=256,
        licence="Apache-2.0",
        sha256={
            "config.json": "1382d197f20b9f2e3fb26dcb2fb6d739963af2556649bdd80da2515fa4b97f7e",
            "decoder.onnx": "fd6eabe3b3ba2406c6c5b1ca6b026d5bea5227e83a5d8f3448aec3c15c422b1b",
            "encoder.onnx": "e7bd4348405fcd4e9f2422f4342c3b6bce700b51534ea02ba7b8f8fc86ba5ff1",
            "model.safetensors": "c8b9085984333df19adcec0cd3641dd71122247d6eb29bc7f08b2a472f01de90",
            "parity.json": "821993a824b76d03d2201b8c0ec9d25612a8e4d64552b135b361b10e09e27d33",
        },
    ),
)


RUN_MODEL = "model"
"""Where a run of `train` or `distill` puts the model that it ends with."""


def finished_run(folder: Path) -> Path:
    """The model's folder within a finished run's; any other folder as it is."""
    return folder / RUN_MODEL if (folder / RUN_MODEL / "config.json").is_file() else folder


def find(name: str) -> ModelEntry:
    """The row of a published model.

    Raises:
        ModelError: no such name.
    """
    for entry in MODELS:
        if entry.name == name:
            return entry
    names = ", ".join(entry.name for entry in MODELS)
    raise ModelError(f"model '{name}' is unknown: it is neither a folder nor a published model; published: {names}")


def verified_folder(entry: ModelEntry) -> Path:
    """The model's folder, after every file's hash was found right.

    Raises:
        ModelError: a file is missing or differs from what was published.
    """
    assert entry.sha256, f"{entry.name} is published without hashes"
    for file, expected in entry.sha256.items():
        path = entry.folder / file
        if not path.is_file():
            raise ModelError(f"model '{entry.name}' lacks {file} in '{entry.folder}'; reinstall uniultra")
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != expected:
            hashes = f"{file} has SHA-256 {found[:12]}..., published is {expected[:12]}..."
            raise ModelError(f"model '{entry.name}': {hashes}; reinstall uniultra")
    return entry.folder
