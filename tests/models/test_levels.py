"""The levels are what encode gives before the decoder's projections, and their parts are the stage's parts
through the neck.
"""

from __future__ import annotations

import pytest
import torch

from uniultra.models.adapter import AdapterSpec
from uniultra.models.build import build
from uniultra.models.levels import decoder_features, neck_levels
from uniultra.models.promptable import PromptableModel


@pytest.fixture(scope="module")
def model() -> PromptableModel:
    torch.manual_seed(3)
    made = build("mini", AdapterSpec(), 64).eval()
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if ".adapter." in name:
                parameter.normal_(std=0.2)  # a fresh adapter adds nothing
    return made


IMAGES = torch.randint(0, 256, (2, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_levels_lead_to_the_same_features_as_encode(model: PromptableModel) -> None:
    levels = neck_levels(model, IMAGES)
    assert [tuple(level.whole.shape) for level in levels] == [
        (2, 256, 16, 16),
        (2, 256, 8, 8),
        (2, 256, 4, 4),
    ]
    for ours, theirs in zip(decoder_features(model, levels), model.encode(IMAGES), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_the_parts_add_up_and_the_adapter_s_is_what_silencing_the_last_adapters_takes_away(
    model: PromptableModel,
) -> None:
    levels = neck_levels(model, IMAGES)
    backbone = model.vision_encoder.backbone
    last = backbone.blocks[backbone.stage_ends[-1]]
    handle = last.adapter.register_forward_hook(lambda module, inputs, output: torch.zeros_like(output))
    silenced = neck_levels(model, IMAGES)
    handle.remove()
    for level in levels:
        assert level.adapter is not None
        assert float(level.adapter.abs().max()) > 0
        torch.testing.assert_close(level.hiera + level.adapter, level.whole)
    # Only S/32 lost its adapter, and of the three levels only S/16 holds S/32: what is missing there is that
    # adapter's share.
    torch.testing.assert_close(levels[0].whole, silenced[0].whole)
    torch.testing.assert_close(levels[1].whole, silenced[1].whole)
    torch.testing.assert_close(levels[2].hiera, silenced[2].hiera, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(levels[2].whole, silenced[2].whole, atol=1e-4)


@torch.no_grad()
def test_without_adapters_there_is_one_part() -> None:
    levels = neck_levels(build("mini", None, 64), IMAGES)
    assert all(level.adapter is None and torch.equal(level.hiera, level.whole) for level in levels)
