"""The published models: one row each, embedded in the package, checked by SHA-256 before use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from uniultra.errors import ModelError
from uniultra.hashes import file_sha256

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
        version="0.9.0",
        input_size=256,
        licence="Apache-2.0",
        sha256={
            "config.json": "8e2fbf292d45b2541140474d8606b9df2fc88c545f20c59477595bde21be71d6",
            "decoder.onnx": "8e2348751e199413743c932d69a1857f041605f89457b3c12d253313eb33f607",
            "encoder.onnx": "c8110c707d7819bdb449f332c22c2873c14f8379a6e6170ef63d2b8e1d3634e6",
            "model.json": "f1594199cd162b49037ee22bc68f00161b1186dd9c3d460fcfbc8994ec9a5338",
            "model.safetensors": "28d9a9eb0317198a20327b85a193743cc8d3e30156d7b89bd7d28f64db8544f6",
            "parity.json": "befcab13182b3fbb29f4b2a3b94e2a99be69fcf006cd147c882d8ef90cffe10d",
        },
    ),
    ModelEntry(
        name="uniultra-mini-permissive",
        version="0.4.0",
        input_size=256,
        licence="Apache-2.0",
        sha256={
            "config.json": "8e2fbf292d45b2541140474d8606b9df2fc88c545f20c59477595bde21be71d6",
            "decoder.onnx": "97c065d49ff193a7fb1fa6b345a95bd7f5ead5e8933799945e4a6b65976c96a6",
            "encoder.onnx": "23fb014327ab60e5d07bc2477590476deb0e64ec810b1edf6144a07b956280ce",
            "model.json": "9052a85434313f0db92479ee99f7d8a8d943b56776f6af952b0e92ecc8684993",
            "model.safetensors": "ba30b29851effe40e6a30f3317765ebb9ea69d64aa6301789d4e76eea433f082",
            "parity.json": "7008ba8329f17762eaa75736be363c7fee9162489f845e17f6bbdc3d958900cb",
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
    raise ModelError(
        f"model '{name}' is unknown: it is neither a folder nor a published model; published: "
        f"{', '.join(entry.name for entry in MODELS)}; one of the Hugging Face Hub is named as "
        "hf://organisation/name"
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
        found = file_sha256(path)
        if found != expected:
            raise ModelError(
                f"model '{entry.name}': {file} has SHA-256 {found[:12]}..., published is "
                f"{expected[:12]}...; reinstall uniultra"
            )
    return entry.folder
