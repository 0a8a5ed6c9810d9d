"""The minute's settings are one thing under two names, and its entry gives a model that learned."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from uniultra.models.adapted import open_adapted
from uniultra.models.build import load
from uniultra.training import minute as module
from uniultra.training.adapt import steps_for
from uniultra.training.config import AdaptConfig
from uniultra.training.config_io import configured
from uniultra.training.minute import learn, minute
from uniultra.web.workspace.lessons import STEPS, STEPS_A_SAMPLE

FILE = Path(__file__).parents[2] / "configs" / "adapt" / "minute.toml"


def test_the_file_and_the_option_are_the_same() -> None:
    assert configured(AdaptConfig(), FILE) == minute()
    assert minute().optim.steps == STEPS, "what the page shows"
    assert [steps_for(minute(), samples) for samples in (1, 4, 14, 15, 60)] == [
        min(STEPS, samples * STEPS_A_SAMPLE) for samples in (1, 4, 14, 15, 60)
    ]
    assert steps_for(AdaptConfig(), 1) == AdaptConfig().optim.steps, "no limit unless one is set"
    other = configured(AdaptConfig(), None, ("base.name='x'", "data.rough_jitter=0.3", "optim.seed=4"))
    kept = minute(other)
    assert (kept.base.name, kept.data.rough_jitter, kept.optim.seed) == ("x", 0.3, 4)


def test_learn_needs_no_val_and_gives_a_model(
    sam2: Path, lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = module.minute
    monkeypatch.setattr(
        module,
        "minute",
        lambda config: replace(whole(config), optim=replace(whole(config).optim, steps=2, batch_size=2)),
    )
    folder = learn(lab, tmp_path / "run", str(sam2), shots=2)
    assert folder == tmp_path / "run"
    record = json.loads((folder / "config.json").read_text())
    assert record["steps"] == 2
    before, after = load(sam2).state_dict(), open_adapted(folder).state_dict()
    assert any(not torch.equal(value, after[name]) for name, value in before.items())
    rating = [name for name in before if "iou_" in name]
    assert len(rating) > 5
    assert all(torch.equal(before[name], after[name]) for name in rating), "five images teach no quality"
