"""Settings from their defaults, a TOML file and --set: what is unknown, of another type or out of its range
is refused.
"""

from __future__ import annotations

import dataclasses
import math
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from uniultra.errors import ModelError
from uniultra.io.texts import decoded
from uniultra.training.config import AdaptConfig, DataSettings, DistillConfig, LossSettings, TrainConfig

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
    "optim.accumulate": (1, 4096),
    "optim.patience": (0, 10**7),
    "loss.rounds": (1, 10),
    "loss.dice": (0.0, 100.0),
    "loss.bce": (0.0, 100.0),
    "loss.quality": (0.0, 100.0),
    "loss.boundary_weight": (0.0, 100.0),
    "loss.click": (0.0, 100.0),
    "loss.cut_share": (0.0, 1.0),
    "data.whole_share": (0.0, 1.0),
    "data.box_share": (0.0, 1.0),
    "data.bare_share": (0.0, 1.0),
    "data.exact_share": (0.0, 1.0),
    "data.margin_share": (0.0, 1.0),
    "data.margin_low": (-0.4, 1.0),
    "data.margin_high": (-0.4, 1.0),
    "data.sam2_share": (0.0, 1.0),
    "data.fit_share": (0.0, 1.0),
    "data.named_share": (0.0, 1.0),
    "data.anywhere_share": (0.0, 1.0),
    "data.near_share": (0.0, 1.0),
    "data.box_jitter": (0.0, 0.4),
    "data.rough_jitter": (0.0, 0.4),
    "data.mask_share": (0.0, 1.0),
    "data.rotation": (0.0, 180.0),
    "data.mirror_share": (0.0, 1.0),
    "data.calm_share": (0.0, 1.0),
    "data.marks_share": (0.0, 1.0),
    "data.edge_share": (0.0, 1.0),
    "model.focus_stretch": (0.0, 4.0),
    "base.image_size": (0, 2048),
    "base.focus_stretch": (0.0, 4.0),
    "base.lora_rank": (1, 512),
    "adapter.reduction": (1, 64),
    "adapter.edge_channels": (1, 64),
    "adapter.gate": (-10.0, 10.0),
    "replay.share": (0.0, 0.9),
    "student.focus_stretch": (0.0, 4.0),
    "dskd.whole": (0.0, 1e3),
    "dskd.hiera": (0.0, 1e3),
    "dskd.adapter": (0.0, 1e3),
    "dskd.weight": (0.0, 1e3),
    "dskd.mask": (0.0, 1e3),
    "dskd.soft": (0.0, 1e3),
    "dskd.corrections": (0.0, 1e3),
    "retune.steps": (0, 10**7),
    "retune.encoder_lr": (0.0, 1.0),
    "retune.decoder_lr": (0.0, 1.0),
    "few.draws": (0, 10**7),
    "cache.views": (0, 10**5),
    "unlabelled.share": (0.0, 0.9),
    "decoder.width": (0, 256),
    "decoder.mlp": (1, 8192),
    "decoder.quality": (1, 1024),
    "decoder.fit": (16, 10**5),
    "decoder.views": (1, 10**7),
    "decoder.unnamed": (0.0, 0.9),
}
"""Least and largest value of each number; both are legal."""
CHOICES: dict[str, tuple[str, ...]] = {
    "optim.precision": ("fp32", "bf16", "fp16"),
    "optim.keep": ("last", "best"),
    "dskd.levels": ("all", "last"),
    "base.method": ("ch-adapter", "lora", "decoder", "full"),
}
"""The words that a setting takes."""


C = TypeVar("C", TrainConfig, AdaptConfig, DistillConfig)


def load_config(path: str | Path | None = None, changes: tuple[str, ...] = ()) -> TrainConfig:
    """The settings of a supervised run; see `configured`."""
    return configured(TrainConfig(), path, changes)


def configured(config: C, path: str | Path | None = None, changes: tuple[str, ...] = ()) -> C:
    """Defaults, then a TOML file, then `section.key=value` changes in TOML's own syntax of values.

    Raises:
        ModelError: unknown section or key, or a value of another type than the default's, out of its range,
            not one of its words, or not possible beside another one.
    """
    if path is not None:
        try:
            tables = tomllib.loads(decoded(Path(path).read_bytes()))
        except OSError as error:
            raise ModelError(
                f"config '{path}' can't be read ({error.strerror}); give a TOML file, such as those in "
                "configs/ of the repository"
            ) from error
        except ValueError as error:
            raise ModelError(f"config '{path}' can't be read as TOML: {error}") from error
        for section, values in tables.items():
            if not isinstance(values, dict):
                raise ModelError(
                    f"config '{path}': '{section}' is outside any section; put it under one, such as [optim]"
                )
            for key, value in values.items():
                config = _with(config, section, key, value)
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals:
            raise ModelError(f"setting '{change}' has no value; give SECTION.KEY=VALUE, as optim.steps=400")
        section, _, key = name.strip().partition(".")
        config = _with(config, section, key, _value(text.strip()))
    _check_boxes(config.data)
    _check_corrections(config.loss)
    return config


def _check_corrections(loss: LossSettings) -> None:
    """Raises `ModelError` where what is for corrections is set and nothing is corrected."""
    for name in ("click", "cut_share"):
        value = getattr(loss, name)
        if value and loss.rounds == 1:
            raise ModelError(
                f"loss.{name} = {value:g} has no effect with loss.rounds=1, which corrects nothing; raise "
                "loss.rounds to 2 or more, or set it to 0"
            )


def _check_boxes(data: DataSettings) -> None:
    """What the settings of box prompts must be together."""
    total = data.exact_share + data.margin_share + data.sam2_share
    if total > 1.0 + 1e-9:
        raise ModelError(
            f"data.exact_share, data.margin_share and data.sam2_share sum to {total:g}; they are shares "
            "of the box prompts, so lower them to at most 1 together"
        )
    if data.margin_low > data.margin_high:
        raise ModelError(
            f"data.margin_low = {data.margin_low:g} is above data.margin_high = {data.margin_high:g}; "
            "swap them"
        )


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _with(config: C, section: str, key: str, value: Any) -> C:
    sections = [f.name for f in dataclasses.fields(config)]
    if section not in sections:
        raise ModelError(f"config section '{section}' is unknown; use one of {', '.join(sections)}")
    part = getattr(config, section)
    keys = [f.name for f in dataclasses.fields(part)]
    if key not in keys:
        raise ModelError(f"config key '{section}.{key}' is unknown; '{section}' has {', '.join(keys)}")
    expected = type(getattr(part, key))
    if expected is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        raise ModelError(f"config value {section}.{key} = {value!r} must be of type {expected.__name__}")
    low, high = RANGES.get(f"{section}.{key}", (-math.inf, math.inf))
    if isinstance(value, int | float) and not low <= value <= high:
        raise ModelError(
            f"config value {section}.{key} = {value:g} is out of range; give {low:g} to {high:g}"
        )
    if key == "focus_stretch" and 0.0 < value < 1.0:
        raise ModelError(
            f"config value {section}.{key} = {value:g} is out of range; give 1 to 4 (where 0 is allowed, it "
            "means as it was)"
        )
    words = CHOICES.get(f"{section}.{key}")
    if words and value not in words:
        raise ModelError(
            f"config value {section}.{key} = '{value}' is unknown; use one of {', '.join(words)}"
        )
    return dataclasses.replace(config, **{section: dataclasses.replace(part, **{key: value})})
