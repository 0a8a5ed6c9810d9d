"""The settings of a training run: one frozen dataclass, the only source of defaults; TOML files and --set change fields."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from uniultra.errors import ModelError


@dataclass(frozen=True)
class ModelSettings:
    """Which network: a size of `models.build.SIZES`, its input side in pixels, with the paper's adapters or without."""

    size: str = "mini"
    image_size: int = 256
    box_prior: bool = True
    adapters: bool = True
    decoder_from: str = ""
    """A LiteMedSAM or SAM 1 safetensors file whose prompt encoder and mask decoder are the start; empty for fresh weights."""
    start_from: str = ""
    """A model folder (config.json and model.safetensors) to go on from; of the fields above only image_size counts then."""


@dataclass(frozen=True)
class OptimSettings:
    """AdamW, one cycle (linear warm-up, cosine decay), and a moving average of the weights, which is what is kept."""

    steps: int = 4200
    batch_size: int = 16
    encoder_lr: float = 1.5e-3
    decoder_lr: float = 5e-4
    weight_decay: float = 0.01
    warmup: float = 0.06
    clip: float = 1.0
    ema: float = 0.998
    workers: int = 1
    save_every: int = 250
    seed: int = 0


@dataclass(frozen=True)
class LossSettings:
    """Weights of the loss's terms. A batch gets 1 to `rounds` rounds of prompting, each later one a correction click."""

    rounds: int = 3
    dice: float = 1.0
    bce: float = 1.0
    quality: float = 0.5
    boundary_weight: float = 4.0


@dataclass(frozen=True)
class DataSettings:
    """Fields of `data.dataset.SampleSpec` that a run may change."""

    whole_share: float = 0.3
    box_share: float = 0.65
    exact_share: float = 0.3
    box_jitter: float = 0.2
    rough_jitter: float = 0.35
    mask_share: float = 0.1
    rotation: float = 25.0
    datasets: str = ""
    """Comma-separated names of the sets to train on; empty for all."""
    favour: str = ""
    """Sets to draw more often, as name:factor with commas between, such as busi:1.5,ddti:1.5."""


@dataclass(frozen=True)
class TrainConfig:
    """Everything that a run depends on beside its data."""

    model: ModelSettings = field(default_factory=ModelSettings)
    optim: OptimSettings = field(default_factory=OptimSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    data: DataSettings = field(default_factory=DataSettings)


RANGES: dict[str, tuple[float, float]] = {
    "optim.steps": (1, 10**7),
    "optim.batch_size": (1, 4096),
    "optim.encoder_lr": (0.0, 1.0),
    "optim.decoder_lr": (0.0, 1.0),
    "optim.weight_decay": (0.0, 1.0),
    "optim.warmup": (0.0, 0.9),
    "optim.clip": (0.0, 1e6),
    "optim.ema": (0.0, 0.99999),
    "optim.workers": (0, 64),
    "optim.save_every": (1, 10**7),
    "loss.rounds": (1, 10),
    "loss.dice": (0.0, 100.0),
    "loss.bce": (0.0, 100.0),
    "loss.quality": (0.0, 100.0),
    "loss.boundary_weight": (0.0, 100.0),
    "data.whole_share": (0.0, 1.0),
    "data.box_share": (0.0, 1.0),
    "data.exact_share": (0.0, 1.0),
    "data.box_jitter": (0.0, 0.4),
    "data.rough_jitter": (0.0, 0.4),
    "data.mask_share": (0.0, 1.0),
    "data.rotation": (0.0, 180.0),
}
"""Least and largest value of each number; both are legal."""


def load_config(path: str | Path | None = None, changes: tuple[str, ...] = ()) -> TrainConfig:
    """Defaults, then a TOML file, then `section.key=value` changes in TOML's own syntax of values.

    Raises:
        ModelError: unknown section or key, or a value of another type than the default's.
    """
    config = TrainConfig()
    if path is not None:
        try:
            tables = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(f"config '{path}' can't be read as TOML: {error}") from error
        for section, values in tables.items():
            if not isinstance(values, dict):
                raise ModelError(f"config '{path}': '{section}' stands outside of a section; put it under one, such as [optim]")
            for key, value in values.items():
                config = _with(config, section, key, value)
    for change in changes:
        name, _, text = change.partition("=")
        section, _, key = name.strip().partition(".")
        config = _with(config, section, key, _value(text.strip()))
    return config


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _with(config: TrainConfig, section: str, key: str, value: Any) -> TrainConfig:
    sections = [f.name for f in dataclasses.fields(config)]
    if section not in sections:
        raise ModelError(f"config section '{section}' is unknown; use one of {', '.join(sections)}")
    part = getattr(config, section)
    keys = [f.name for f in dataclasses.fields(part)]
    if key not in keys:
        raise ModelError(f"config key '{section}.{key}' is unknown; '{section}' has {', '.join(keys)}")
    wanted = type(getattr(part, key))
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise ModelError(f"config value {section}.{key} = {value!r} must be of type {wanted.__name__}")
    low, high = RANGES.get(f"{section}.{key}", (-math.inf, math.inf))
    if isinstance(value, int | float) and not low <= value <= high:
        raise ModelError(f"config value {section}.{key} = {value:g} is out of range; give {low:g} to {high:g}")
    return dataclasses.replace(config, **{section: dataclasses.replace(part, **{key: value})})
