"""What adapting leaves: `adapter.safetensors`, the moved weights alone, which go onto the very base that they
were trained on.

The file's metadata says how it was made. The base is known by a hash of its weights, so an adapter can't land
on another one.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from transformers.models.sam2.configuration_sam2 import Sam2Config
from transformers.models.sam2.modeling_sam2 import Sam2Model

from uniultra.errors import ModelError
from uniultra.models.adapter import AdapterSpec
from uniultra.models.build import load
from uniultra.models.methods import fold_lora, has_adapters, prepare
from uniultra.models.promptable import PromptableModel, with_structures
from uniultra.models.stored import save_folder, write_tensors
from uniultra.registry import MODELS, find, finished_run, verified_folder
from uniultra.text import command

ADAPTER_FILE = "adapter.safetensors"
BASE_FILE = "base.json"
"""Beside the adapter: where its base was, {"base": name or folder}; `open_adapted` can be given another
place.
"""


@dataclass(frozen=True)
class AdapterFacts:
    """How an adapter was made; the metadata of its file.

    Attributes:
        base: the base's name; of a folder, its last part.
        base_sha256: of the base's weights, by `weights_sha256`.
        method: one of `methods.METHODS`.
        image_size: side of the model's input, px.
        adapter: the CH-Adapters that were added to a plain base; None where the base had its own, or has
            none.
        lora_rank: of method lora.
        focus_stretch: how much longer than wide a focused view was; None for the base's own.
        structures: names that were learned beside those that the base knew.
    """

    base: str
    base_sha256: str
    method: str
    image_size: int
    adapter: AdapterSpec | None = None
    lora_rank: int = 8
    focus_stretch: float | None = None
    structures: tuple[str, ...] = ()

    @classmethod
    def from_metadata(cls, metadata: dict[str, str] | None, path: Path) -> AdapterFacts:
        try:
            fields = json.loads((metadata or {})["uniultra.adapter"])
            spec, names = fields.pop("adapter"), tuple(fields.pop("structures", ()))
            return cls(**fields, adapter=None if spec is None else AdapterSpec(**spec), structures=names)
        except (KeyError, ValueError, TypeError) as error:
            raise ModelError(
                f"'{path}' is not a UniUltra adapter: its metadata doesn't say how it was made"
            ) from error


def weights_sha256(model: PromptableModel) -> str:
    """The hash of all weights by name, shape and value; the same however they were stored."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(value.shape)} ".encode())
        digest.update(value.detach().float().contiguous().cpu().numpy().tobytes())
    return digest.hexdigest()


def base_location(name_or_folder: str | Path) -> str | Path:
    """A published model's folder, a folder, or else a hub name. Raises ModelError for what can be none of
    them.
    """
    if any(entry.name == str(name_or_folder) for entry in MODELS):
        return verified_folder(find(str(name_or_folder)))
    if isinstance(name_or_folder, Path) or Path(name_or_folder).is_dir():
        return finished_run(Path(name_or_folder))
    if str(name_or_folder).count("/") != 1 or Path(name_or_folder).is_absolute():
        raise ModelError(
            f"'{name_or_folder}' is neither a folder nor a published model "
            f"({', '.join(entry.name for entry in MODELS)}); a name on the hub has one slash, such as "
            "facebook/sam2.1-hiera-tiny"
        )
    return str(name_or_folder)


def save_adapter(path: Path, tensors: dict[str, Tensor], facts: AdapterFacts) -> None:
    """Writes the moved tensors, whole or not at all. Raises OutputError."""
    metadata = {"format": "pt", "uniultra.adapter": json.dumps(dataclasses.asdict(facts))}
    write_tensors(path, tensors, metadata)


def read_facts(path: Path) -> AdapterFacts:
    """How an adapter file was made. Raises ModelError where it isn't one."""
    try:
        with safe_open(str(path), framework="pt") as file:
            return AdapterFacts.from_metadata(file.metadata(), path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"'{path}' can't be read as an adapter: {error}") from error


def open_adapted(folder: Path, base: str | Path | None = None) -> PromptableModel:
    """The base with an adapter on it, low-rank updates folded in.

    Args:
        folder: holds adapter.safetensors, and base.json that says where the base was.
        base: where the base is now, if elsewhere.

    Raises:
        ModelError: no adapter there, no base, or another base than the adapter was trained on.
    """
    file = folder / ADAPTER_FILE
    facts = read_facts(file)
    place = _base_place(folder, facts, base)
    model = load(place, image_size=facts.image_size)
    found = weights_sha256(model)
    if found != facts.base_sha256:
        raise ModelError(
            f"'{file}' was trained on {facts.base} with weights {facts.base_sha256[:12]}..., but '{place}' "
            f"has {found[:12]}...; {_how_to_name(folder)}"
        )
    if facts.adapter is not None:
        model = load(place, facts.adapter, facts.image_size)
    if facts.focus_stretch is not None:
        model.config.focus_stretch = facts.focus_stretch
    model = with_structures(model, facts.structures)
    prepare(model, facts.method, facts.lora_rank)
    _put(model, file)
    fold_lora(model)
    return model.requires_grad_(True)


def base_of(folder: Path) -> str | Path | None:
    """Where the base of an adapter's folder is, as `base_location` gives it; None where the folder holds no
    adapter alone.

    Raises:
        ModelError: nothing sensible says where the base is.
    """
    file = folder / ADAPTER_FILE
    if not file.is_file() or (folder / "model.safetensors").is_file():
        return None
    return _base_place(folder, read_facts(file))


def _base_place(folder: Path, facts: AdapterFacts, base: str | Path | None = None) -> str | Path:
    """Where `base` is, or what the folder notes. Raises ModelError: an adapter that comes from elsewhere is
    told how to name its base here.
    """
    noted = base or _noted_base(folder, facts)
    try:
        return base_location(noted)
    except ModelError as error:
        if base:
            raise
        raise ModelError(
            f"the base of '{folder}' was at '{noted}', which isn't here; {_how_to_name(folder)}"
        ) from error


def _how_to_name(folder: Path) -> str:
    merge = command("uniultra", "merge", "--adapter", folder)
    return f"write where it is into {folder / BASE_FILE}, or put both together: {merge} --base BASE --out NEW"


def _noted_base(folder: Path, facts: AdapterFacts) -> str:
    note = folder / BASE_FILE
    try:
        return str(json.loads(note.read_text(encoding="utf-8"))["base"]) if note.is_file() else facts.base
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f'\'{note}\' doesn\'t say where the base is; it should be {{"base": "NAME or FOLDER"}}'
        ) from error


@torch.no_grad()
def _put(model: PromptableModel, file: Path) -> None:
    own = dict(model.named_parameters())
    with safe_open(str(file), framework="pt") as stored:
        for name in stored.keys():  # noqa: SIM118  (a file handle, not a dict)
            value = stored.get_tensor(name)
            if name not in own or own[name].shape != value.shape:
                raise ModelError(
                    f"'{file}' has a weight '{name}' that doesn't fit its base; it was made by another "
                    "version"
                )
            own[name].copy_(value)


def save_plain(
    model: PromptableModel, out: Path, force: bool = False, beside: Mapping[str, str] | None = None
) -> None:
    """A folder that `from_pretrained` opens: of `Sam2Model` itself where nothing was added to SAM 2, else of
    `PromptableModel`; with texts `beside` by their files' names.

    Raises:
        OutputError: its files are there already (without `force`), or can't be written.
    """
    own = model.config.box_prior or model.focus_stretch != 1.0 or model.box_fits
    if has_adapters(model) or own:
        save_folder(model, out, force, beside)
        return
    parts = ("vision_config", "prompt_encoder_config", "mask_decoder_config")
    plain = Sam2Model(Sam2Config(**{part: getattr(model.config, part).to_dict() for part in parts}))
    plain.load_state_dict(model.state_dict())
    save_folder(plain, out, force, beside)


def open_model(name_or_folder: str | Path, image_size: int | None = None) -> PromptableModel:
    """Any model in torch: a published one by name, a run of `adapt`, a folder with config.json and
    model.safetensors, a hub name.

    Raises:
        ModelError: nothing there that can be opened.
    """
    place = base_location(name_or_folder)
    if isinstance(place, Path) and base_of(place) is not None:
        return open_adapted(place)
    return load(place, image_size=image_size)
