"""Stage 1 of the paper, and a lab's own data in minutes: a SAM 2 learns new images through few of its
parameters.

A run folder holds config.json, what `training.loop` leaves, and at the end adapter.safetensors (the moved
weights alone) with base.json. The folder is a model: `segment`, `evaluate`, `export` and `merge` take it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from uniultra.data.dataset import PromptDataset
from uniultra.data.loading import names_shown
from uniultra.data.manifest import Manifest
from uniultra.data.splits import SelectionSplit, TrainSplit, few_shot, selection_split, train_split
from uniultra.errors import DataError, ModelError
from uniultra.io.output import write_json
from uniultra.models.adapted import (
    ADAPTER_FILE,
    BASE_FILE,
    AdapterFacts,
    base_location,
    save_adapter,
    weights_sha256,
)
from uniultra.models.adapter import AdapterSpec
from uniultra.models.build import load
from uniultra.models.methods import freeze_quality, has_adapters, moved, prepare
from uniultra.models.promptable import PromptableModel, hurried_names, with_structures
from uniultra.named import further_names, joined_names
from uniultra.registry import MODELS
from uniultra.training.config import MARGIN_SHARE, AdaptConfig
from uniultra.training.frozen_views import FrozenLearner, FrozenViews, freeze_after_encoder
from uniultra.training.loop import Plan, is_first_process, run
from uniultra.training.supervised import (
    check_run_folder,
    chosen_sets,
    describe,
    parse_favour,
    parse_structures,
    run_record,
    sample_spec,
)

NAMED_SHARE = 0.8
"""Share of the draws that say a name, where names are learned; docs/adapt.md has what that gives."""

NAME_HURRY = 10.0
"""How many times as fast as the decoder's weights a name's points learn."""


@dataclass(frozen=True)
class AdaptJob:
    """What adapting works on; how is in the config.

    Attributes:
        manifest: the lab's data, with rows of `train`, and of `val` unless optim.keep is `last`.
        out: the run folder.
        shots: images of each organ to learn from, and at most as many of val to choose with; None for all.
        replay: a manifest of what the model knows, against forgetting.
        device, report_to: as in `loop.Plan`.
    """

    manifest: Manifest
    out: Path
    shots: int | None = None
    replay: Manifest | None = None
    device: str = "auto"
    report_to: tuple[str, ...] = ()


def adapt(config: AdaptConfig, job: AdaptJob) -> Path:
    """Adapts, or goes on where an earlier call stopped; returns the adapter's file.

    Raises:
        ModelError: no such base, an unfit setting, no memory, another run in the folder.
        DataError: no val, no objects, val or test rows that the replay trains on.
        OutputError: the run folder can't be written.
    """
    manifest = job.manifest
    check_run_folder(job.out)
    learning, val = splits_for(manifest, config, job.shots)
    replay = None if job.replay is None else _replayed(job.replay, manifest)
    torch.manual_seed(config.optim.seed)
    model, facts, before = make_adaptable(config)
    described = {
        "base_sha256": facts.base_sha256,
        "shots": job.shots,
        "train_images": len(learning),
        "val_images": len(val or ()),
        "replay_images": len(replay or ()),
        "learned_parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
    }
    prompted = PromptDataset(learning, sample_spec(config.data, model), config.optim.seed, replay)
    steps = steps_for(config, prompted.own)
    record = run_record(config, manifest, [*learning, *(val or ()), *(replay or ())])
    describe(job.out, config, record | described | {"steps": steps})
    weights = prompted.weights(parse_favour(config.data.favour), config.replay.share)
    optim = replace(config.optim, steps=steps)
    plan = Plan(model, optim, config.loss, prompted, weights, val, job.out, job.device, job.report_to)
    plan = replace(plan, named=config.data.named_share > 0)
    if config.cache.views:  # encoded once, not drawn anew
        views = FrozenViews(prompted, model, config.cache.views)
        plan = replace(plan, data=views, learner=FrozenLearner(model, config.loss), prepare=views.encode)
    with hurried_names(model, NAME_HURRY):
        run(plan)
    if is_first_process():
        base = config.base.name  # a folder by its whole path: the run opens from anywhere on this machine
        place = str(Path(base).resolve()) if _is_folder(base) else base
        write_json(job.out / BASE_FILE, {"base": place}, force=True)
        save_adapter(job.out / ADAPTER_FILE, moved(model, before), facts)
    return job.out / ADAPTER_FILE


def with_names(config: AdaptConfig, job: AdaptJob) -> AdaptConfig:
    """Settings by which a model also learns what the objects to learn from are called. It is told it in
    NAMED_SHARE of the draws, and MARGIN_SHARE of the boxes are drawn with a margin, unless they say another
    share.

    Raises:
        DataError: nobody says what they are called.
    """
    learning, _ = splits_for(job.manifest, config, job.shots)
    names = names_shown(learning)
    if not names:
        raise DataError(
            f"no object to learn from in '{job.manifest.path}' has a name; write structures.csv beside it "
            "(dataset,id,structure), or omit --named"
        )
    said = further_names([*parse_structures(config.base.structures, "base.structures"), *names])
    drawn = replace(
        config.data,
        named_share=config.data.named_share or NAMED_SHARE,
        margin_share=config.data.margin_share or MARGIN_SHARE,
    )
    return replace(config, base=replace(config.base, structures=joined_names(said)), data=drawn)


def steps_for(config: AdaptConfig, objects: int) -> int:
    """`optim.steps`, or fewer where `few.draws` of so many objects to learn from take fewer (one process)."""
    step = config.optim.batch_size * config.optim.accumulate
    return min(config.optim.steps, -(-config.few.draws * objects // step) or config.optim.steps)


def make_adaptable(config: AdaptConfig) -> tuple[PromptableModel, AdapterFacts, dict[str, Tensor]]:
    """The base, made ready for a method; how that was done; and the base's weights before."""
    settings = config.base
    if config.cache.views and settings.method != "decoder":
        raise ModelError(
            f"cache.views={config.cache.views} caches the encoder's output, which method {settings.method} "
            "changes; use --method decoder, or cache.views=0"
        )
    place = base_location(settings.name)
    plain = load(place, image_size=settings.image_size or None)
    names = parse_structures(settings.structures, "base.structures")
    if config.data.named_share and not (names or plain.structures):
        raise ModelError(
            f"data.named_share = {config.data.named_share:g}, but the base has no names to be told; give "
            "--named, or base.structures, or set data.named_share=0"
        )
    own = has_adapters(plain)
    if own and config.adapter != AdapterSpec():
        raise ModelError(
            f"base '{settings.name}' has CH-Adapters of its own, which go on learning; leave the [adapter] "
            "settings alone"
        )
    spec = config.adapter if settings.method == "ch-adapter" and not own else None
    facts = AdapterFacts(
        base=Path(settings.name).name if _is_folder(settings.name) else settings.name,
        base_sha256=weights_sha256(plain),
        method=settings.method,
        image_size=plain.input_size,
        adapter=spec,
        lora_rank=settings.lora_rank,
        focus_stretch=settings.focus_stretch or None,
        structures=further_names(names, plain.structures),
    )
    before = {name: value.detach().clone() for name, value in plain.state_dict().items()}
    model = plain if spec is None else load(place, spec, plain.input_size)
    if facts.focus_stretch is not None:
        model.config.focus_stretch = facts.focus_stretch
    model = with_structures(model, facts.structures)
    prepare(model, settings.method, settings.lora_rank)
    if config.cache.views:
        freeze_after_encoder(model)
    if config.loss.quality == 0.0:
        freeze_quality(model)
    return model, facts, before


def splits_for(
    manifest: Manifest, config: AdaptConfig, shots: int | None
) -> tuple[TrainSplit, SelectionSplit | None]:
    """What is learned from, and what chooses (None where nothing is chosen)."""
    learning = chosen_sets(train_split(manifest), config.data.datasets)
    organs = {row.organ for row in learning}
    val = None
    if any(row.split == "val" for row in manifest):
        every = selection_split(manifest)
        val = (
            SelectionSplit(every.name, tuple(row for row in every if row.organ in organs))
            if config.data.datasets
            else every
        )
    if config.optim.keep == "best" and not val:
        raise DataError(
            f"manifest '{manifest.path}' has no rows of split 'val', which choose the checkpoint; give some "
            "images that split, "
            "or keep the last one with --set optim.keep=last"
        )
    if shots is not None:
        learning = few_shot(learning, shots, config.optim.seed)
        val = None if val is None else few_shot(val, shots, config.optim.seed)
    return learning, val


def _replayed(known: Manifest, own: Manifest) -> TrainSplit:
    """The replay's train rows; none of them may be what the lab's manifest keeps for choosing or
    reporting.
    """
    replay = train_split(known)
    kept = {row.image.resolve() for row in own if row.split != "train"}
    both = next((row for row in replay if row.image.resolve() in kept), None)
    if both is not None:
        raise DataError(
            f"replay image '{both.id}' is of split val or test in '{own.path}'; take it out of the replay "
            "manifest's train split"
        )
    mine = {row.image.resolve() for row in own}
    others = tuple(row for row in replay if row.image.resolve() not in mine)
    if not others:
        raise DataError(
            f"replay '{known.path}' has no train image that '{own.path}' doesn't have; give a manifest of "
            "what the base has learned, or omit --replay"
        )
    return TrainSplit(replay.name, others)


def _is_folder(name: str) -> bool:
    return name not in {entry.name for entry in MODELS} and Path(name).is_dir()
