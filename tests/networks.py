"""Small networks, for tests of what is around a network: to trace all blocks of the mini takes a minute."""

from __future__ import annotations

from typing import Any

import torch
from transformers.models.edgetam_video.modeling_edgetam_video import EdgeTamVideoModel
from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoModel

from uniultra.models.adapter import AdapterSpec
from uniultra.models.build import PAPER, SIZES, HieraSize, fit_windows, vision_config
from uniultra.models.promptable import PromptableConfig, PromptableModel

VIDEO_SIDE = 64
VIDEO_MODELS = {"sam2_video": Sam2VideoModel, "edgetam_video": EdgeTamVideoModel}
SHORT = HieraSize(16, 1, (1, 1, 2, 1), (3,))
"""The mini with fewer blocks: a windowed one, one of each pooling, a global one."""


def short(size: int, adapter: AdapterSpec | None = PAPER, **decoder: object) -> PromptableModel:
    """SHORT for inputs of `size` pixels a side, with a box prior and fresh weights, the same each time."""
    torch.manual_seed(0)
    config = PromptableConfig(
        vision_config=vision_config(fit_windows(SHORT, size), adapter, size),
        prompt_encoder_config={"image_size": size},
        mask_decoder_config={"dynamic_multimask_via_stability": False} | decoder,
        box_prior=True,
    )
    return PromptableModel(config).eval()


def heard(model: PromptableModel, *endings: str) -> PromptableModel:
    """The same with adapters, and what ends so, that add something: fresh ones are nearly silent."""
    for name, parameter in model.named_parameters():
        if ".adapter." in name or name.endswith(endings):
            torch.nn.init.normal_(parameter, std=0.2)
    return model


def tiny_video_model(kind: str = "sam2_video", seed: int = 0) -> Any:
    """A random video model of 64 px that sees a structure everywhere."""
    model_type = VIDEO_MODELS[kind]
    config: dict[str, Any] = {
        "vision_config": vision_config(fit_windows(SIZES["mini"], VIDEO_SIDE), None, VIDEO_SIDE),
        "image_size": VIDEO_SIDE,
        "prompt_encoder_config": {"image_size": VIDEO_SIDE},
        "mask_decoder_config": {"mlp_dim": 64},
        "memory_attention_num_layers": 1,
        "memory_attention_rope_feat_sizes": [4, 4],
        "memory_fuser_intermediate_dim": 32,
    }
    if kind == "sam2_video":
        config["memory_attention_feed_forward_hidden_size"] = 64
    else:
        config |= {"memory_attention_rope_k_sizes": [2, 2], "memory_attention_mlp_hidden_size": 64}
        config |= {"perceiver_resampler_num_latents": 4, "perceiver_resampler_num_latents_2d": 4}
    torch.manual_seed(seed)
    model = model_type(model_type.config_class(**config)).eval()
    for parameter in model.parameters():
        parameter.data += 0.06 * torch.randn_like(parameter)
    model.mask_decoder.pred_obj_score_head.proj_out.bias.data += 20.0
    return model
