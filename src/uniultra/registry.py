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
        sha256: the hash of each file in weights/<name>/; CARD.md there says how the model was made and how
            good it is.
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
        version="0.5.0",
        input_size=256,
        licence="Apache-2.0",
        sha256={
            "config.json": "a4aeaf1815248753a15c1aff45c902ffc529212212e8bf300df3418e0a685128",
            "decoder.onnx": "2ef746fbe917575fdbc062b6241640e8f2b1868aac1f265c1118760ec5f84e83",
            "encoder.onnx": "6753acf6f756a2a5a9b234706b132cc2dccda0fac1342ae77de7c130de7840e0",
            "model.json": "cb35e498e40c773cc348747b0330c740d883a966f5629b432ff8fde1ea536807",
            "model.safetensors": "7b9224dffb1bc2ebced0436ae685189be489f95f70e8aef0d92c125292711443",
            "parity.json": "ddcda57cf64d0371cc829eaae1997f0bab602c16112b28f77aacbe97daaf81c2",
        },
    ),
    ModelEntry(
        name="uniultra-mini-permissive",
        version="0.1.0",
        input_size=256,
        licence="Apache-2.0",
        sha256={
            "config.json": "7230990143dd558a08ba587576ad533209e9d9983e46a3ad25e74642301a4431",
            "decoder.onnx": "062bf98a87440b4289a55e9f5561364b728538239d52ef679d850342e451a15a",
            "encoder.onnx": "91c69a347e8af0b55aa40f52b299e5e5bc620836c352dc801c8cd07d37aaaf68",
            "model.json": "0c651305061504f941e20fb5e8f232ecae07083f7c6e57068eacc6edb602d158",
            "model.safetensors": "4bc515ba2e8687d50ee80b9b96bc520b8a3e25cd5163967155d472ab94d881c2",
            "parity.json": "2c226f48c8c21d1843cc5024a144e60d9f38665a22be32e4425c06a392857c38",
        },
    ),
)


RENAMED = {"uniultra-nano": "uniultra-mini"}
"""Names that development versions had, and what to give in their place."""

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
    if name in RENAMED:
        now = find(RENAMED[name])
        raise ModelError(f"model '{name}' is {now.name} since {now.version}; give --model {now.name}")
    names = ", ".join(entry.name for entry in MODELS)
    raise ModelError(
        f"model '{name}' is unknown: it is neither a folder nor a published model; published: {names}; one "
        "of the Hugging Face Hub is named as hf://organisation/name"
    )


def verified_folder(entry: ModelEntry) -> Path:
    """The model's folder, once every file's hash has been verified.

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
