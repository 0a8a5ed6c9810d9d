"""Narrowing: nothing is lost where nothing has to be, little where half is, and other networks are
refused.
"""

from __future__ import annotations

import pytest
import torch

from uniultra.errors import ModelError
from uniultra.models.adapted import open_model
from uniultra.models.build import PAPER, DecoderSize, build, with_decoder
from uniultra.models.narrow import narrow
from uniultra.models.narrow_fit import Prompt
from uniultra.models.promptable import PromptableModel

SIZE = DecoderSize(width=64, mlp=48, quality=32)


def prompts(count: int, seed: int = 0) -> tuple[torch.Tensor, Prompt]:
    """Images of a smooth spot each, with a box around it, a click in it, or a mask."""
    rng = torch.Generator().manual_seed(seed)
    centres = torch.rand(count, 2, generator=rng) * 30 + 17
    grid = torch.arange(64.0)
    away = (
        (grid[None, None] - centres[:, :1, None]) ** 2 + (grid[None, :, None] - centres[:, 1:, None]) ** 2
    ) / 90
    images = 220 * torch.exp(-away) + 20 * torch.rand(count, 64, 64, generator=rng)
    points = torch.stack([centres - 9, centres + 9, centres], dim=1)
    labels = torch.tensor([[2, 3, -1], [-1, -1, 1], [2, 3, 1]])[torch.arange(count) % 3]
    masks = torch.nn.functional.avg_pool2d(4.0 - 8.0 * away[:, None].clamp(max=1.0), 4)
    return images, (points, labels, masks, (torch.arange(count) % 5 == 0).float())


@pytest.fixture(scope="module")
def wide() -> PromptableModel:
    torch.manual_seed(3)
    model = with_decoder(build("mini", PAPER, 64, box_prior=True).config, SIZE).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.03 * torch.randn_like(parameter))
    return model


def answers(model: PromptableModel) -> tuple[torch.Tensor, ...]:
    images, prompt = prompts(12, seed=9)
    with torch.no_grad():
        return model.eval().decode(model.encode(images), *prompt)


def test_the_same_size_answers_the_same(wide: PromptableModel) -> None:
    small = with_decoder(wide.config, SIZE)
    narrow(wide, small, *prompts(160))
    for ours, theirs in zip(answers(small), answers(wide), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0.02, atol=0.02)


def dice(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    a, b = ours > 0, theirs > 0
    return float((2 * (a & b).sum((1, 2)) / (a.sum((1, 2)) + b.sum((1, 2))).clamp(min=1)).mean())


def test_half_the_published_decoder_still_finds_what_all_of_it_does() -> None:
    mini = open_model("uniultra-mini").eval()
    images, (points, labels, masks, has_mask) = prompts(72, seed=1)
    images = torch.nn.functional.interpolate(images[:, None], scale_factor=4.0, mode="bilinear")[:, 0]
    prompt = (4 * points + 1.5, labels, torch.nn.functional.interpolate(masks, scale_factor=4.0), has_mask)
    small = with_decoder(mini.config, DecoderSize(width=64, mlp=128, quality=48))
    held, rest = slice(60, 72), slice(0, 60)
    with torch.no_grad():
        expected = mini.decode(mini.encode(images[held]), *(value[held] for value in prompt))[0]
        small.vision_encoder.backbone.load_state_dict(mini.vision_encoder.backbone.state_dict())
        fresh = small.decode(small.encode(images[held]), *(value[held] for value in prompt))[0]
        points, labels, masks, has_mask = (value[rest] for value in prompt)
        narrow(mini, small, images[rest], (points, labels, masks, has_mask))
        found = small.decode(small.encode(images[held]), *(value[held] for value in prompt))[0]
    assert dice(found, expected) > 0.5 > dice(fresh, expected) + 0.3


def test_tokens_of_masks_that_are_not_given_are_left_out() -> None:
    torch.manual_seed(5)
    full = build("mini", PAPER, 64, box_prior=True).eval()
    small = with_decoder(full.config, DecoderSize(32, 16, 16))
    narrow(full, small, *prompts(32))
    assert small.mask_decoder.num_mask_tokens == 1
    assert all(bool(torch.isfinite(value).all()) for value in answers(small))


def test_another_network_is_refused(wide: PromptableModel) -> None:
    images, prompt = prompts(16)
    other = with_decoder(build("mini-2x", PAPER, 64).config, SIZE)
    with pytest.raises(ModelError, match="must have the wide one's image encoder, and no wider a decoder"):
        narrow(wide, other, images, prompt)
    wider = with_decoder(wide.config, DecoderSize(128, 48, 32))
    with pytest.raises(ModelError, match="no wider a decoder"):
        narrow(wide, wider, images, prompt)
    deeper = with_decoder(wide.config, SIZE)
    deeper.config.mask_decoder_config.num_hidden_layers = 3
    with pytest.raises(
        ModelError, match="another num_hidden_layers than the wide one; only widths may differ"
    ):
        narrow(wide, deeper, images, prompt)
