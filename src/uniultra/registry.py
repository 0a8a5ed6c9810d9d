"""The published models: one row each, embedded in the package, checked by SHA-256 before use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from uniultra.errors import ModelError
from uniultra.hashes import file_sha256
from uniultra.text import command

WEIGHTS = Path(__file__).parent / "weights"
DEFAULT = "uniultra-mini"
_ENCODER = "encoder.onnx"


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
        version="0.9.1",
        input_size=256,
        licence="Apache-2.0",
        sha256={
            "config.json": "8e2fbf292d45b2541140474d8606b9df2fc88c545f20c59477595bde21be71d6",
            "decoder.onnx": "8541f7cfc118de11b32ca09db839bd7126f488a5776efb76ea5c1dd25800c1c1",
            "encoder.onnx": "6a52543e8e1e7dc340cc9dab808602062b046b0db8f4542d9d6102d57b5faa84",
            "model.json": "ac294d211854f938c443025c30bf2610194e15d61add78c2f767800f7d32c856",
            "model.safetensors": "28d9a9eb0317198a20327b85a193743cc8d3e30156d7b89bd7d28f64db8544f6",
            "parity.json": "f13c7792cb0e72cb07bdfdf83b46ca3450c6a698fb7f0962a7a394ccadc62524",
        },
    ),
    ModelEntry(
        name="uniultra-mini-permissive",
        version="0.4.1",
        input_size=256,
        licence="Apache-2.0",
        sha256={
            "config.json": "8e2fbf292d45b2541140474d8606b9df2fc88c545f20c59477595bde21be71d6",
            "decoder.onnx": "9e93bd6e69b66e9f7da343fe27df49f60a4542efd8c6ff11d30c091e8b93f16c",
            "encoder.onnx": "113ef7ef6e4ff8f61570a8fcb2592f8e8e61a6243aa7c8ad140f16c294f49007",
            "model.json": "4ab9987bd423e0557bc8d9320d5a543821df2846551e378d6fad5aa113a16685",
            "model.safetensors": "ba30b29851effe40e6a30f3317765ebb9ea69d64aa6301789d4e76eea433f082",
            "parity.json": "91983103167537acdfbb5f7eea25557248d4519367e3a2a22c1d1a06ee3dc7de",
        },
    ),
)


RENAMED = {"uniultra-nano": "uniultra-mini"}
"""Names that development versions had, and what to give in their place."""

RUN_MODEL = "model"
"""Where a run of `train` or `distill` puts the model that it ends with."""


HOST_FILES = {"x-anylabeling": "uniultra.yaml", "ohif": "models.json"}
"""What `export --for` writes for a program beside graphs that only it opens, by the program's name."""


def finished_run(folder: Path) -> Path:
    """The model's folder within a finished run's; any other folder as it is.

    Raises:
        ModelError: it is another program's, which `uniultra export --for` wrote.
    """
    for host, file in HOST_FILES.items():
        if (
            (folder / file).is_file()
            and (folder / _ENCODER).is_file()
            and not (folder / "model.json").is_file()
        ):
            raise ModelError(
                f"'{folder}' is what `uniultra export --for {host}` wrote for that program alone; give what "
                f"it was made from: {' or '.join(entry.name for entry in MODELS)}, or a folder that "
                "`uniultra export` wrote without --for"
            )
    return folder / RUN_MODEL if (folder / RUN_MODEL / "config.json").is_file() else folder


def exported_folder(model: str) -> Path:
    """The folder of a published model, whose name wins over a folder of that name, or one that `uniultra
    export` wrote. Raises ModelError for another.
    """
    folder = Path(model)
    if any(entry.name == model for entry in MODELS) or not folder.is_dir():
        return verified_folder(find(model))
    if not (finished_run(folder) / _ENCODER).is_file():
        how = command("uniultra", "export", "--model", folder)
        raise ModelError(f"'{folder}' has no {_ENCODER}; run `{how} --name NAME --out DIR` first")
    return folder


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
