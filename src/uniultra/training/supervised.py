"""Supervised training of a promptable model on simulated prompts: transformers' Trainer around `InteractiveTrainer`.

A run folder holds config.json, log.jsonl, checkpoints (resumable at any), and at the end `model/`, the averaged weights.
"""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Sampler
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from uniultra import __version__
from uniultra.data.dataset import DrawSampler, PromptDataset, SampleSpec
from uniultra.data.manifest import Manifest, read_manifest
from uniultra.data.splits import SelectionSplit, TrainSplit, selection_split, train_split
from uniultra.errors import DataError, ModelError
from uniultra.models.adapter import AdapterSpec
from uniultra.models.build import build, load
from uniultra.models.promptable import PromptableModel
from uniultra.models.sam1 import load_sam1_decoder
from uniultra.training.config import DataSettings, OptimSettings, TrainConfig
from uniultra.training.ema import WeightAverage
from uniultra.training.interactive import InteractiveTrainer
from uniultra.training.validation import quick_dice


def train(config: TrainConfig, manifest_path: str | Path, out: str | Path) -> Path:
    """Trains, or goes on where an earlier call in `out` stopped; returns the folder with the averaged weights.

    Args:
        config: the whole setting.
        manifest_path: a manifest with rows of `train` and `val`.
        out: the run folder; made if absent.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    manifest = read_manifest(manifest_path)
    learning = _choose(train_split(manifest), config.data.datasets)
    torch.manual_seed(config.optim.seed)
    model = make_model(config)
    checkpoint = get_last_checkpoint(str(out))
    describe(out, config, manifest, len(learning), resuming=checkpoint is not None)
    average = WeightAverage(model, config.optim.ema)
    trainer = _SamplingTrainer(
        favour=parse_favour(config.data.favour),
        model=InteractiveTrainer(model, config.loss),
        args=_arguments(config.optim, out),
        train_dataset=PromptDataset(learning, sample_spec(config), config.optim.seed),
        optimizers=_optimizer(model, config.optim),
        callbacks=[average, _Journal(out / "log.jsonl", model, average, selection_split(manifest))],
    )
    trainer.train(resume_from_checkpoint=checkpoint)
    with average.swapped():
        model.save_pretrained(out / "model")
    return out / "model"


def make_model(config: TrainConfig) -> PromptableModel:
    """The network of a config, with its start weights."""
    settings = config.model
    if settings.start_from:
        return load(Path(settings.start_from), image_size=settings.image_size)
    model = build(settings.size, AdapterSpec() if settings.adapters else None, settings.image_size, settings.box_prior)
    if settings.decoder_from:
        load_sam1_decoder(model, settings.decoder_from)
    return model


def sample_spec(config: TrainConfig) -> SampleSpec:
    """What the data set draws, from the config's data section."""
    values = {f.name: getattr(config.data, f.name) for f in dataclasses.fields(DataSettings) if f.name not in ("datasets", "favour")}
    return SampleSpec(image_size=config.model.image_size, **values)


def describe(out: Path, config: TrainConfig, manifest: Manifest, images: int, resuming: bool) -> None:
    """Writes config.json: settings, code version, the manifest's hash, and how many images are learned from.

    Raises:
        ModelError: an interrupted run with other settings or data would go on here.
    """
    record = {
        "config": dataclasses.asdict(config),
        "uniultra": __version__,
        "torch": torch.__version__,
        "manifest_sha256": manifest.sha256,
        "splits": {"learn": "train", "choose": "val"},
        "train_images": images,
    }
    file = out / "config.json"
    if resuming and file.is_file():
        earlier = json.loads(file.read_text(encoding="utf-8"))
        changed = [key for key in ("config", "manifest_sha256") if earlier.get(key) != json.loads(json.dumps(record[key]))]
        if changed:
            raise ModelError(f"'{out}' holds an interrupted run with another {changed[0]}; go on with the same one, or give a new --out")
    file.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def parse_favour(text: str) -> dict[str, float]:
    """"busi:1.5,ddti:2" to {"busi": 1.5, "ddti": 2.0}; raises ModelError for what isn't of that form."""
    try:
        pairs = (part.split(":") for part in text.split(",") if part.strip())
        return {name.strip(): float(factor) for name, factor in pairs}
    except ValueError as error:
        raise ModelError(f"data.favour '{text}' is not name:factor with commas between, such as busi:1.5,ddti:1.5") from error


def _choose(split: TrainSplit, datasets: str) -> TrainSplit:
    wanted = {name.strip() for name in datasets.split(",") if name.strip()}
    known = {row.dataset for row in split}
    if not wanted <= known:
        unknown = ", ".join(sorted(wanted - known))
        raise DataError(f"data.datasets names {unknown}; the manifest's train split has {', '.join(sorted(known))}")
    return TrainSplit(split.name, tuple(row for row in split if not wanted or row.dataset in wanted))


def _optimizer(model: PromptableModel, settings: OptimSettings) -> tuple[torch.optim.Optimizer, Any]:
    encoder = [p for name, p in model.named_parameters() if name.startswith("vision_encoder.") and p.requires_grad]
    others = [p for name, p in model.named_parameters() if not name.startswith("vision_encoder.") and p.requires_grad]
    groups = [{"params": encoder, "lr": settings.encoder_lr}, {"params": others, "lr": settings.decoder_lr}]
    optimizer = torch.optim.AdamW(groups, weight_decay=settings.weight_decay)
    peaks = [settings.encoder_lr, settings.decoder_lr]
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=peaks, total_steps=settings.steps, pct_start=settings.warmup, cycle_momentum=False
    )
    return optimizer, schedule


def _arguments(settings: OptimSettings, out: Path) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(out),
        max_steps=settings.steps,
        per_device_train_batch_size=settings.batch_size,
        dataloader_num_workers=settings.workers,
        dataloader_drop_last=True,
        dataloader_pin_memory=torch.cuda.is_available(),
        dataloader_persistent_workers=settings.workers > 0,
        remove_unused_columns=False,
        max_grad_norm=settings.clip,
        seed=settings.seed,
        logging_steps=20,
        save_steps=settings.save_every,
        save_total_limit=2,
        report_to="none",
        disable_tqdm=True,
    )


class _SamplingTrainer(Trainer):
    """Draws objects by the data set's weights, with more of those in `favour`."""

    def __init__(self, favour: dict[str, float], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.favour = favour

    def _get_train_sampler(self, *args: Any, **kwargs: Any) -> Sampler:
        return DrawSampler(self.train_dataset.weights(self.favour), self.args.seed)


class _Journal(TrainerCallback):
    """Appends losses, and val's quick Dice at every checkpoint, to log.jsonl; one line each."""

    def __init__(self, path: Path, model: PromptableModel, average: WeightAverage, split: SelectionSplit) -> None:
        self.path = path
        self.model = model
        self.average = average
        self.split = split
        self.began = time.monotonic()

    def _write(self, step: int, values: dict[str, Any]) -> None:
        record = {"step": step, "minutes": round((time.monotonic() - self.began) / 60, 2)} | values
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        self._write(state.global_step, {key: round(float(value), 6) for key, value in (logs or {}).items()})

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if not state.is_world_process_zero:
            return
        with self.average.swapped():
            dice = quick_dice(self.model, self.split, stride=3)
        self._write(state.global_step, {"val": {name: round(value, 4) for name, value in dice.items()}})
