from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from uniultra.errors import ModelError
from uniultra.models.build import build
from uniultra.models.sam1 import load_sam1_decoder, rename_sam1

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
