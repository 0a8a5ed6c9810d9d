"""The convolutional encoder is a SAM 2 encoder in all but its blocks."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from uniultra.errors import ModelError
from uniultra.models.adapter import AdapterSpec
from uniultra.models.build import build, load
from uniultra.models.levels import neck_levels

IMAGES = torch.randint(0, 256, (2, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_it_gives_the_same_maps_as_hiera_within_a_million_parameters_and_comes_back_from_its_folder(
    tmp_path: Path,
) -> None:
    torch.manual_seed(0)
    model = build("conv-mini", None, 64).eval()
    assert sum(p.numel() for p in model.vision_encoder.parameters()) == 928_294
    features = model.encode(IMAGES)
    assert [tuple(maps.shape) for maps in features] == [
        tuple(maps.shape) for maps in build("mini", None, 64).eval().encode(IMAGES)
    ]
    assert [tuple(level.whole.shape) for level in neck_levels(model, IMAGES)] == [
        (2, 256, 16, 16),
        (2, 256, 8, 8),
        (2, 256, 4, 4),
    ]
    model.save_pretrained(tmp_path)
    for ours, again in zip(features, load(tmp_path).eval().encode(IMAGES), strict=True):
        torch.testing.assert_close(ours, again)


def test_every_weight_learns() -> None:
    model = build("conv-mini", None, 64).train()
    sum(maps.square().mean() for maps in model.encode(IMAGES)).backward()  # type: ignore[union-attr]
    silent = [
        name
        for name, p in model.vision_encoder.backbone.named_parameters()
        if p.grad is None or not p.grad.abs().any()
    ]
    assert silent == []


def test_it_takes_no_adapters() -> None:
    with pytest.raises(
        ModelError,
        match=r"'conv-mini' is a convolutional encoder, which takes no CH-Adapters; build it without",
    ):
        build("conv-mini", AdapterSpec(), 64)
