"""Views encoded once are what the encoder says of them anew, and what made them stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from uniultra.data.dataset import PromptDataset
from uniultra.data.draws import SampleSpec
from uniultra.data.manifest import read_manifest
from uniultra.data.splits import train_split
from uniultra.errors import ModelError
from uniultra.models.adapted import open_adapted
from uniultra.models.build import load
from uniultra.training import frozen_views
from uniultra.training.adapt import AdaptJob, adapt, make_adaptable
from uniultra.training.config import AdaptConfig, LossSettings
from uniultra.training.config_io import configured
from uniultra.training.frozen_views import FrozenLearner, FrozenViews
from uniultra.training.interactive_loss import InteractiveTrainer

SHORT = ("optim.steps=3", "optim.batch_size=2", "optim.keep=last", "base.method=decoder", "cache.views=2")


def settings(base: Path, *changes: str) -> AdaptConfig:
    return configured(AdaptConfig(), None, (f"base.name='{base}'", *SHORT, *changes))


def data_of(lab: Path) -> PromptDataset:
    return PromptDataset(train_split(read_manifest(lab)), SampleSpec(image_size=64), seed=3)


def test_a_kept_view_has_the_loss_of_one_that_is_encoded_anew(sam2: Path, lab: Path) -> None:
    data, model = data_of(lab), load(sam2).eval()
    kept = FrozenViews(data, model, views=2)
    kept.encode()
    assert len(kept) == len(data)
    key = 5 * len(data) + 1  # the sixth draw is of object 1, whose view 1 it sees
    same = data[(1 * len(data) + 1) * len(data) + 1]
    item = kept[key]
    assert torch.equal(item["points"], same["points"])
    assert (item["features"].dtype, item["features"].shape) == (torch.float16, (4 * 64**2,))
    batch = {name: value[None] for name, value in item.items()}
    anew = {name: value[None] for name, value in same.items()}
    once = LossSettings(rounds=1)
    losses = [
        float(learner(model, once)(**given)["loss"].detach())
        for learner, given in ((FrozenLearner, batch), (InteractiveTrainer, anew))
    ]
    assert losses[0] == pytest.approx(losses[1], abs=2e-3)


def test_draws_of_an_object_see_all_of_its_views(sam2: Path, lab: Path) -> None:
    data = data_of(lab)
    kept = FrozenViews(data, load(sam2).eval(), views=3)
    kept.encode()
    seen = {kept[draw * len(data)]["target"].numpy().tobytes() for draw in range(6)}
    assert len(seen) == 3


def test_only_the_decoder_behind_the_kept_maps_learns(sam2: Path, lab: Path, tmp_path: Path) -> None:
    adapt(settings(sam2), AdaptJob(read_manifest(lab), tmp_path / "run"))
    before, after = load(sam2).state_dict(), open_adapted(tmp_path / "run").state_dict()
    moved = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert moved
    assert all(name.startswith(("mask_decoder.", "prompt_encoder.")) for name in moved)
    assert not any(name.startswith(frozen_views.AFTER_ENCODER) for name in moved)
    assert all(any(name.startswith(part) for name in before) for part in frozen_views.AFTER_ENCODER)


def test_a_run_that_has_ended_encodes_nothing(
    sam2: Path, lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = AdaptJob(read_manifest(lab), tmp_path / "run")
    first = adapt(settings(sam2), job).read_bytes()
    monkeypatch.delattr(frozen_views, "_encoded")
    assert adapt(settings(sam2), job).read_bytes() == first


def test_another_method_is_refused(sam2: Path) -> None:
    with pytest.raises(ModelError, match=r"cache\.views=2 caches .* which method lora changes; use --method"):
        make_adaptable(settings(sam2, "base.method=lora"))


def test_more_views_than_memory_are_refused(sam2: Path, lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frozen_views, "MOST_BYTES", 1e6)
    data = data_of(lab)
    needed = 2 * len(data) * 64 * 4 * 64**2
    with pytest.raises(ModelError, match=rf"give at most {int(1e6 / needed * 64)}, or 0 to encode each time"):
        FrozenViews(data, load(sam2), views=64)
