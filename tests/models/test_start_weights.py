"""Widening: the same answers from twice the width, and twins that no longer move alike."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from uniultra.errors import ModelError
from uniultra.models.build import PAPER, build
from uniultra.models.promptable import PromptableModel
from uniultra.models.start_weights import load_sam1_decoder, rename_sam1, widen


def answers(model: PromptableModel) -> tuple[torch.Tensor, ...]:
    images = torch.rand(1, 64, 64, generator=torch.Generator().manual_seed(1)) * 255
    points, labels = torch.tensor([[[10.0, 12.0], [40.0, 50.0]]]), torch.tensor([[2, 3]])
    with torch.no_grad():
        features = model.encode(images)
        return (*features, *model.decode(features, points, labels, torch.zeros(1, 1, 16, 16), torch.zeros(1)))


@pytest.fixture
def narrow() -> PromptableModel:
    torch.manual_seed(2)
    model = build("mini", PAPER, 64, box_prior=True)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(
                0.02 * torch.randn_like(parameter)
            )  # biases, gates and adapters that are not nearly zero
    return model.eval()


def test_twice_the_width_answers_the_same(narrow: PromptableModel) -> None:
    wide = build("mini-2x", PAPER, 64, box_prior=True).eval()
    widen(narrow, wide, noise=0.0)
    for ours, theirs in zip(answers(wide), answers(narrow), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
    assert sum(p.numel() for p in wide.vision_encoder.parameters()) > 3 * sum(
        p.numel() for p in narrow.vision_encoder.parameters()
    )


def test_noise_parts_the_twins_and_little_else(narrow: PromptableModel) -> None:
    wide = build("mini-2x", PAPER, 64, box_prior=True).eval()
    widen(narrow, wide)
    rows = dict(wide.named_parameters())["vision_encoder.backbone.blocks.0.mlp.proj_in.weight"]
    first, twin = rows.chunk(2)
    assert not torch.equal(first, twin)
    torch.testing.assert_close(answers(wide)[3], answers(narrow)[3], rtol=0.2, atol=0.2)


def test_another_network_is_refused(narrow: PromptableModel) -> None:
    with pytest.raises(ModelError, match="isn't the narrow one at twice the width"):
        widen(narrow, build("tiny", PAPER, 64, box_prior=True))
    with pytest.raises(ModelError, match="only one of them has 'vision_encoder"):
        widen(narrow, build("mini-2x", None, 64, box_prior=True))


SAM1_ONLY_IN_SAM2 = ("conv_s0", "conv_s1", "obj_score_token", "pred_obj_score_head")


@pytest.mark.shared
def test_litemedsams_decoder_fits_whole(shared: Path) -> None:
    model = build("mini", image_size=256)
    keys = load_sam1_decoder(model, shared / "weights" / "lite_medsam.safetensors")
    own = [key for key in model.state_dict() if key.startswith(("prompt_encoder.", "mask_decoder."))]
    left = [key for key in own if key not in keys]
    assert len(keys) == 135
    assert left
    assert all(any(part in key for part in SAM1_ONLY_IN_SAM2) for key in left)


def test_point_embeddings_are_stacked_in_order() -> None:
    tensors = {
        f"prompt_encoder.point_embeddings.{i}.weight": torch.full((1, 4), float(i)) for i in (2, 0, 3, 1)
    }
    assert rename_sam1(tensors)["prompt_encoder.point_embed.weight"][:, 0].tolist() == [0, 1, 2, 3]


def test_what_is_no_decoder_is_refused(tmp_path: Path) -> None:
    model = build("mini", image_size=64)
    save_file({"image_encoder.weight": torch.zeros(2)}, str(tmp_path / "encoder.safetensors"))
    with pytest.raises(ModelError, match="it has no mask decoder"):
        load_sam1_decoder(model, tmp_path / "encoder.safetensors")
    save_file({"mask_decoder.iou_token.weight": torch.zeros(1, 7)}, str(tmp_path / "narrow.safetensors"))
    with pytest.raises(ModelError, match=r"'mask_decoder\.iou_token\.weight' doesn't fit"):
        load_sam1_decoder(model, tmp_path / "narrow.safetensors")
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(ModelError, match="can't be read as safetensors"):
        load_sam1_decoder(model, tmp_path / "text.safetensors")
