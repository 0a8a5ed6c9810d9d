"""Supervised training of a promptable model on simulated prompts, from the ground or from a model folder.

A run folder holds config.json, what `training.loop` leaves, and at the end `model/`, the averaged weights.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

from uniultra import __version__
from uniultra.backends.torch import passes_beside
from uniultra.data.dataset import PromptDataset
from uniultra.data.draws import Draws, SampleSpec
from uniultra.data.loading import contents_sha256
from uniultra.data.manifest import Manifest, Row, read_manifest
from uniultra.data.splits import TrainSplit, permissive, selection_split, train_split
from uniultra.errors import DataError, ModelError
from uniultra.io.output import check_free, write_json
from uniultra.io.texts import read_json
from uniultra.models.adapted import open_model, weights_sha256
from uniultra.models.build import build, with_decoder_of
from uniultra.models.promptable import PLAIN_KINDS, PromptableModel, with_box_fits, with_structures
from uniultra.models.start_weights import load_sam1_decoder, widen
from uniultra.models.stored import save_folder
from uniultra.named import FIRST_LABEL, NAME_POINTS, checked_structures, split_names
from uniultra.text import comma_parts, first_line, printable
from uniultra.training.checkpoints import FILES_HASH, LATER_HASHES, START_HASH, has_checkpoint, has_result
from uniultra.training.config import AdaptConfig, DataSettings, DistillConfig, TrainConfig
from uniultra.training.loop import Plan, run

CONFIG_FILE = "config.json"


def train(
    config: TrainConfig, manifest_path: str | Path, out: str | Path, only_permissive: bool = False
) -> Path:
    """Trains, or goes on where an earlier call in `out` stopped; returns the folder with the averaged
    weights.

    Args:
        config: the whole setting.
        manifest_path: a manifest with rows of `train` and `val`.
        out: the run folder; made if absent.
        only_permissive: learn from, and look at, images alone whose licence allows commercial use; see
            `splits.permissive`.
    """
    out = Path(out)
    check_run_folder(out)
    manifest = read_manifest(manifest_path)
    learning = chosen_sets(train_split(manifest), config.data.datasets)
    val = selection_split(manifest)
    if only_permissive:
        learning, val = permissive(learning), permissive(val)
    beside = passes_beside(config.model.start_from) if config.model.start_from else None
    torch.manual_seed(config.optim.seed)
    model = make_model(config)
    record = run_record(config, manifest, [*learning, *val])
    if config.model.start_from:  # what stands still is read from there again
        record[START_HASH] = weights_sha256(model)
    describe(out, config, record | {"train_images": len(learning), "only_permissive": only_permissive})
    data = PromptDataset(learning, sample_spec(config.data, model), config.optim.seed)
    weights = data.weights(parse_favour(config.data.favour))
    run(Plan(model, config.optim, config.loss, data, weights, val, out))
    save_folder(model, out / "model", beside=beside)
    return out / "model"


def make_model(config: TrainConfig) -> PromptableModel:
    """The network of a config, with its start weights."""
    model = _start(config)
    if config.model.box_fits:
        model = with_box_fits(model)
    known = model.structures
    model = with_structures(model, parse_structures(config.model.structures))
    if config.data.fit_share and not model.box_fits:
        raise ModelError(
            f"data.fit_share = {config.data.fit_share:g}, but the model doesn't tell tight and loose boxes "
            "apart; set model.box_fits=true, or data.fit_share=0"
        )
    if config.data.named_share and not model.structures:
        raise ModelError(
            f"data.named_share = {config.data.named_share:g}, but the model has no names to be told; give "
            "model.structures, or set data.named_share=0"
        )
    if config.model.fits_alone and config.model.structures_alone:
        raise ModelError("model.structures_alone and model.fits_alone exclude each other; set one of them")
    if config.model.fits_alone:
        learn_fits_alone(model, config.optim.weight_decay)
    if config.model.structures_alone:
        learn_structures_alone(model, len(known), config)
    model.config.focus_stretch = config.model.focus_stretch or model.focus_stretch
    return model


def learn_fits_alone(model: PromptableModel, weight_decay: float) -> None:
    """Freezes all but the corners of tight and loose boxes.

    Raises:
        ModelError: the model has none, or their neighbours in the table would decay.
    """
    if not model.box_fits:
        raise ModelError("model.fits_alone has nothing to learn: set model.box_fits=true as well")
    if weight_decay:
        raise ModelError(
            f"model.fits_alone keeps the other weights, which optim.weight_decay = {weight_decay:g} would "
            "shrink; set optim.weight_decay=0"
        )
    _learn_labels_alone(model, PLAIN_KINDS, FIRST_LABEL)


def learn_structures_alone(model: PromptableModel, known: int, config: TrainConfig) -> None:
    """Freezes all but the names of structures beyond the first `known`.

    Raises:
        ModelError: there is none, or what stands still would decay.
    """
    if len(model.structures) == known:
        raise ModelError(
            "model.structures_alone has nothing to learn: set model.structures to names that the model "
            "doesn't know yet"
        )
    if config.optim.weight_decay:
        raise ModelError(
            f"model.structures_alone keeps the other weights, which optim.weight_decay = "
            f"{config.optim.weight_decay:g} would shrink; set optim.weight_decay=0"
        )
    first = FIRST_LABEL + NAME_POINTS * known
    _learn_labels_alone(model, first, first + NAME_POINTS * (len(model.structures) - known))


def _learn_labels_alone(model: PromptableModel, first: int, end: int) -> None:
    """Freezes all but the points' labels from `first` up to, and without, `end`."""
    model.requires_grad_(False)
    table = model.prompt_encoder.point_embed.weight.requires_grad_(True)
    learns = torch.zeros(len(table), 1)
    learns[first:end] = 1.0
    table.register_hook(lambda grad: grad * learns.to(grad.device))


def _start(config: TrainConfig) -> PromptableModel:
    settings = config.model
    if settings.start_from:
        return open_model(settings.start_from, settings.image_size)
    model = build(
        settings.size, config.adapter if settings.adapters else None, settings.image_size, settings.box_prior
    )
    if settings.decoder_from:
        load_sam1_decoder(model, settings.decoder_from)
    if settings.widen_from:
        narrow = open_model(settings.widen_from, settings.image_size)
        model = with_decoder_of(model, narrow)
        if narrow.box_fits:
            model = with_box_fits(model)
        model = with_structures(model, narrow.structures)
        widen(narrow, model, seed=config.optim.seed)
    return model


def sample_spec(settings: DataSettings, model: PromptableModel) -> SampleSpec:
    """What the data set draws, from a config's data section, in the views that a model takes; it says nothing
    of how boxes fit, and no names, to a model that can't be told.
    """
    drawn = {f.name: getattr(settings, f.name) for f in dataclasses.fields(Draws)}
    drawn["fit_share"] = settings.fit_share if model.box_fits else 0.0
    names = model.structures if settings.named_share else ()
    return SampleSpec(
        image_size=model.input_size, focus_stretch=model.focus_stretch, structures=names, **drawn
    )


def run_record(
    config: TrainConfig | AdaptConfig | DistillConfig, manifest: Manifest, rows: Iterable[Row]
) -> dict[str, Any]:
    """What a run folder's config.json says of every kind of run: settings, code version, the hashes of the
    manifest and of what the rows hold that are learned from or chosen by, the splits' roles.
    """
    return {
        "config": dataclasses.asdict(config),
        "uniultra": __version__,
        "torch": torch.__version__,
        "manifest_sha256": manifest.sha256,
        FILES_HASH: contents_sha256(rows, named=config.data.named_share > 0),
        "splits": {"learn": "train", "choose": "val"},
    }


def check_run_folder(out: Path) -> None:
    """Raises OutputError where there can be no run folder, before anything is computed for it."""
    check_free([out / CONFIG_FILE], force=True)


def describe(out: Path, config: TrainConfig | AdaptConfig | DistillConfig, record: Mapping[str, Any]) -> None:
    """Writes config.json, into a folder that is made if absent.

    A setting that the version that began the run didn't have counts as its default, and a hash that it
    didn't record as the same.

    Raises:
        ModelError: an earlier run with other settings or data would go on, or be replaced, here; the message
            names each.
        OutputError: it can't be written.
    """
    file = out / CONFIG_FILE
    if os.path.isfile(file) and (has_checkpoint(out) or has_result(out)):
        now = _flat(record)
        defaults = _flat({"config": dataclasses.asdict(type(config)())})
        defaults |= {key: now[key] for key in LATER_HASHES if key in now}
        earlier = defaults | _flat(_earlier(file))
        changed = [key for key in now if key not in ("uniultra", "torch") and earlier.get(key) != now[key]]
        if changed:
            set_anew = {key.rpartition(".")[2] for key in changed if key.startswith("config.")}
            changed = [key for key in changed if key not in set_anew]  # what only follows from a setting
            said = "; ".join(
                f"{key.removeprefix('config.')} {_short(earlier.get(key))}, now {_short(now[key])}"
                for key in changed
            )
            raise ModelError(
                f"'{out}' holds a run of other settings or data ({said}); repeat those to resume it, or give "
                "a new --out"
            )
    write_json(file, record, force=True)


def _earlier(file: Path) -> dict[str, Any]:
    """What an earlier run's config.json says. Raises ModelError."""
    fault = "no JSON object"
    try:
        found = read_json(file)
    except (OSError, ValueError, RecursionError) as error:
        found, fault = None, first_line(error)
    if not isinstance(found, dict):
        raise ModelError(
            f"'{printable(str(file))}' doesn't say which run lies there ({fault}); give a new --out"
        )
    return found


def _flat(record: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested settings as dotted names, with the values that JSON has of them."""
    found: dict[str, Any] = {}
    for key, value in json.loads(json.dumps(record)).items():
        if isinstance(value, dict):
            found |= _flat(value, f"{before}{key}.")
        else:
            found[before + key] = value
    return found


def _short(value: object) -> str:
    return "not stated" if value is None else f"{value!s:.40}" or "none"


def parse_favour(text: str) -> dict[str, float]:
    """ "busi:1.5,ddti:2" to {"busi": 1.5, "ddti": 2.0}; raises ModelError for what isn't of that form."""
    try:
        pairs = (part.split(":") for part in comma_parts(text))
        return {name.strip(): float(factor) for name, factor in pairs}
    except ValueError as error:
        raise ModelError(
            f"data.favour '{text}' is not name:factor separated by commas, such as busi:1.5,ddti:1.5"
        ) from error


def chosen_sets(split: TrainSplit, datasets: str) -> TrainSplit:
    requested = set(comma_parts(datasets))
    known = {row.dataset for row in split}
    if not requested <= known:
        missing = ", ".join(map(repr, sorted(requested - known)))
        raise DataError(
            f"data.datasets names {missing}; the manifest's train split has {', '.join(sorted(known))}"
        )
    return TrainSplit(split.name, tuple(row for row in split if not requested or row.dataset in requested))


def parse_structures(text: str, setting: str = "model.structures") -> tuple[str, ...]:
    """The names in "left ventricle, left atrium"; see `split_names`. Raises ModelError where one is given
    twice.
    """
    names = split_names(text) if text.strip() else []
    return checked_structures(names, f"{setting} = '{text:.80}'", "give each name once")
