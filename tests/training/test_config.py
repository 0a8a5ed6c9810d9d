from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from uniultra.errors import ModelError
from uniultra.training.config import AdaptConfig, DistillConfig, TrainConfig
from uniultra.training.config_io import RANGES, configured, load_config
from uniultra.training.supervised import parse_favour

FREE = ("optim.seed", "model.image_size", "student.image_size")
"""Any number is a seed; the network checks its own side."""
CONFIGS = sorted((Path(__file__).parents[2] / "configs").rglob("*.toml"))


def test_defaults_then_file_then_changes(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text("[optim]\nsteps = 7\nema = 0.5\n[model]\nsize = 'tiny'\n")
    config = load_config(file, ("optim.steps=9", "model.adapters=false", "data.datasets=busi,hc18"))
    assert (config.optim.steps, config.optim.ema, config.model.size) == (9, 0.5, "tiny")
    assert not config.model.adapters
    assert config.data.datasets == "busi,hc18"
    assert config.loss == TrainConfig().loss


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.name)
def test_published_configs_load(path: Path) -> None:
    kind = {"adapt": AdaptConfig(), "distill": DistillConfig()}.get(path.parent.name, TrainConfig())
    configured(kind, path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("optimizer.steps=3", "section 'optimizer' is unknown; use one of model, adapter, optim, loss, data"),
        ("model.focus_stretch=0.5", "model.focus_stretch = 0.5 is out of range; give 1 to 4"),
        ("optim.step=3", "key 'optim.step' is unknown; 'optim' has steps"),
        ("optim.steps", "setting 'optim.steps' has no value; give SECTION.KEY=VALUE"),
        ("optim.steps=many", "optim.steps = 'many' must be of type int"),
        ("model.adapters=1", "model.adapters = 1 must be of type bool"),
        ("optim.steps=true", "optim.steps = True must be of type int"),
        ("optim.steps=-5", "optim.steps = -5 is out of range; give 1 to 1e"),
        ("data.box_jitter=9.0", "data.box_jitter = 9 is out of range; give 0 to 0.4"),
        ("optim.precision=fp8", "optim.precision = 'fp8' is unknown; use one of fp32, bf16, fp16"),
        ("optim.ema=nan", "optim.ema = nan is out of range"),
    ],
)
def test_bad_changes(change: str, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        load_config(None, (change,))


def test_a_broken_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[optim\n")
    with pytest.raises(ModelError, match="can't be read as TOML"):
        load_config(tmp_path / "bad.toml")
    with pytest.raises(ModelError, match=r"none\.toml' can't be read \(No such file or directory\); give a"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "flat.toml").write_text("steps = 5")
    with pytest.raises(ModelError, match="'steps' is outside any section"):
        load_config(tmp_path / "flat.toml")


def test_every_number_has_a_range_and_every_default_is_in_it() -> None:
    sections = [
        (config, field.name)
        for config in (TrainConfig(), AdaptConfig(), DistillConfig())
        for field in dataclasses.fields(config)
    ]
    for config, section in sections:
        for field in dataclasses.fields(getattr(config, section)):
            value = getattr(getattr(config, section), field.name)
            if (
                isinstance(value, int | float)
                and not isinstance(value, bool)
                and f"{section}.{field.name}" not in FREE
            ):
                low, high = RANGES[f"{section}.{field.name}"]
                assert low <= value <= high


def test_favour_is_names_and_factors() -> None:
    assert parse_favour("busi:1.5, ddti:2") == {"busi": 1.5, "ddti": 2.0}
    assert parse_favour("") == {}
    with pytest.raises(ModelError, match="'busi=2' is not name:factor"):
        parse_favour("busi=2")


@pytest.mark.parametrize("config", [TrainConfig(), AdaptConfig(), DistillConfig()])
def test_shares_of_box_prompts_are_at_most_all_of_them(
    config: TrainConfig | AdaptConfig | DistillConfig,
) -> None:
    fits = ("data.exact_share=0.3", "data.margin_share=0.5", "data.sam2_share=0.2")
    assert configured(config, None, fits).data.margin_share == 0.5
    reported = (
        r"data\.exact_share, data\.margin_share and data\.sam2_share sum to 1\.3; they are shares of the "
        r"box prompts, so lower them"
    )
    with pytest.raises(ModelError, match=reported):
        configured(config, None, (*fits, "data.sam2_share=0.5"))


def test_margins_are_a_range() -> None:
    assert load_config(None, ("data.margin_high=-0.2", "data.margin_low=-0.3")).data.margin_low == -0.3
    with pytest.raises(
        ModelError, match=r"data\.margin_low = 0\.5 is above data\.margin_high = 0\.38; swap them"
    ):
        load_config(None, ("data.margin_low=0.5",))
    with pytest.raises(ModelError, match=r"data\.margin_high = 1\.5 is out of range; give -0\.4 to 1"):
        load_config(None, ("data.margin_high=1.5",))


@pytest.mark.parametrize("config", [TrainConfig(), AdaptConfig(), DistillConfig()])
@pytest.mark.parametrize("name", ["click", "cut_share"])
def test_what_is_for_corrections_needs_corrections(
    config: TrainConfig | AdaptConfig | DistillConfig, name: str
) -> None:
    with pytest.raises(ModelError, match=rf"loss\.{name} = 0\.5 has no effect with loss\.rounds=1.*raise"):
        configured(config, None, (f"loss.{name}=0.5", "loss.rounds=1"))
    assert getattr(configured(config, None, (f"loss.{name}=0.5", "loss.rounds=2")).loss, name) == 0.5
    assert configured(config, None, ("loss.rounds=1",)).loss.rounds == 1
