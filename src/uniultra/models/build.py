"""Named sizes over one builder, and loading of any plain SAM 2 or 2.1 checkpoint by name or folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoConfig
from transformers.models.sam2.configuration_sam2 import Sam2VisionConfig
from transformers.utils.logging import disable_progress_bar, get_verbosity, set_verbosity, set_verbosity_error

from uniultra.errors import ModelError
from uniultra.models.adapter import AdapterSpec
from uniultra.models.backbone import CHHieraConfig
from uniultra.models.convnet import ConvConfig
from uniultra.models.promptable import PromptableConfig, PromptableModel
from uniultra.models.stored import read_packed
from uniultra.text import first_line

PAPER = AdapterSpec()
ADAPTER_PARTS = (".adapter.", "edge_stem.")
"""What the names of the adapters' weights have in common."""


@dataclass(frozen=True)
class HieraSize:
    """What tells one Hiera from another; `windows` are tokens a side, per stage."""

    embed: int
    heads: int
    blocks: tuple[int, int, int, int]
    global_blocks: tuple[int, ...]
    windows: tuple[int, int, int, int] = (8, 4, 14, 7)
    background: int = 7


SIZES = {
    "large": HieraSize(144, 2, (2, 6, 36, 4), (23, 33, 43), windows=(8, 4, 16, 8)),
    "base-plus": HieraSize(112, 2, (2, 3, 16, 3), (12, 16, 20), background=14),
    "small": HieraSize(96, 1, (1, 2, 11, 2), (7, 10, 13)),
    "tiny": HieraSize(96, 1, (1, 2, 7, 2), (5, 7, 9)),
    "mini": HieraSize(16, 1, (1, 2, 7, 2), (5, 7, 9)),
    "mini-2x": HieraSize(32, 2, (1, 2, 7, 2), (5, 7, 9)),
}
"""SAM 2's four sizes, the paper's student (`mini`), and that at twice its width, which
`start_weights.widen` makes of it.
"""


@dataclass(frozen=True)
class DecoderSize:
    """What tells one decoder from SAM 2's, which has 256, 2048 and 256.

    Attributes:
        width: channels of the prompt encoder, the neck and the mask decoder; a multiple of 16.
        mlp: hidden units of the transformer's two perceptrons.
        quality: hidden units of the head that predicts a mask's quality.
    """

    width: int
    mlp: int
    quality: int


CONV_SIZES = {"conv-mini": (24, 48, 96, 192)}
"""Channels of the four stages of convolutional encoders, `models.convnet`; for comparison with `mini`."""


def fit_windows(size: HieraSize, image_size: int) -> HieraSize:
    """The same network with windows that divide its token maps.

    At 256 px the third stage has 16x16 tokens: windows of 14 would pad them to 28x28, three times the work.
    Windows hold no parameters in stages 2 to 4, so this changes no count and no weight shape.
    """
    tokens = (image_size // 4, image_size // 8, image_size // 16, image_size // 32)
    stage3, stage4 = (_divisor(tokens[i], size.windows[i]) for i in (2, 3))
    return replace(size, windows=(size.windows[0], size.windows[1], stage3, stage4))


def _divisor(tokens: int, window: int) -> int:
    """The divisor of `tokens` closest to `window`, if within a quarter of it; else `window` as it is."""
    closest = min((d for d in range(1, tokens + 1) if tokens % d == 0), key=lambda d: (abs(d - window), -d))
    return closest if abs(closest - window) <= max(window / 4, 1) else window


def hiera_config(size: HieraSize, adapter: AdapterSpec | None, image_size: int) -> Any:
    """The backbone's configuration: with CH-Adapters, or SAM 2's own where `adapter` is None."""
    stages = [size.embed * 2**i for i in range(4)]
    fields: dict[str, Any] = {
        "hidden_size": size.embed,
        "num_attention_heads": size.heads,
        "image_size": [image_size, image_size],
        "blocks_per_stage": list(size.blocks),
        "embed_dim_per_stage": stages,
        "num_attention_heads_per_stage": [size.heads * 2**i for i in range(4)],
        "window_size_per_stage": list(size.windows),
        "window_positional_embedding_background_size": [size.background] * 2,
        "global_attention_blocks": list(size.global_blocks),
    }
    if adapter is None:
        return AutoConfig.for_model("sam2_hiera_det_model", **fields)
    return CHHieraConfig(**fields | _prefixed(adapter))


def vision_config(size: HieraSize, adapter: AdapterSpec | None, image_size: int) -> Sam2VisionConfig:
    """Backbone and neck for a square input of `image_size` pixels."""
    return Sam2VisionConfig(
        backbone_config=hiera_config(size, adapter, image_size),
        backbone_channel_list=[size.embed * 2**i for i in (3, 2, 1, 0)],
        backbone_feature_sizes=[[image_size // stride] * 2 for stride in (4, 8, 16)],
    )


def build(
    name: str, adapter: AdapterSpec | None = PAPER, image_size: int = 1024, box_prior: bool = False
) -> PromptableModel:
    """A named size with fresh weights, for still images.

    Raises:
        ModelError: the name is not in `SIZES`, or the image size is not a multiple of 32 from 64 to 2048, or
            the size takes no adapters.
    """
    if name not in SIZES and name not in CONV_SIZES:
        raise ModelError(f"model size '{name}' is unknown; use one of {', '.join((*SIZES, *CONV_SIZES))}")
    check_image_size(image_size)
    config = PromptableConfig(
        vision_config=_vision(name, adapter, image_size),
        prompt_encoder_config={"image_size": image_size},
        mask_decoder_config={"dynamic_multimask_via_stability": False},
        box_prior=box_prior,
    )
    return PromptableModel(config)


def with_decoder(config: PromptableConfig, size: DecoderSize) -> PromptableModel:
    """A network of `config`'s image encoder, and a fresh decoder of another size that gives one mask.

    Raises:
        ModelError: a width that the decoder's heads and its upsampling don't divide.
    """
    if size.width % 16 or not 16 <= size.width <= 256:
        raise ModelError(f"decoder width {size.width} doesn't fit; use a multiple of 16 from 16 to 256")
    vision, prompts, masks = (
        getattr(config, part).to_dict()
        for part in ("vision_config", "prompt_encoder_config", "mask_decoder_config")
    )
    vision["fpn_hidden_size"] = prompts["hidden_size"] = masks["hidden_size"] = size.width
    masks |= {"mlp_dim": size.mlp, "iou_head_hidden_dim": size.quality, "num_multimask_outputs": 0}
    return PromptableModel(
        PromptableConfig(
            vision_config=vision,
            prompt_encoder_config=prompts,
            mask_decoder_config=masks,
            box_prior=config.box_prior,
            focus_stretch=config.focus_stretch,
            structures=config.structures,
        )
    )


def with_decoder_of(model: PromptableModel, other: PromptableModel) -> PromptableModel:
    """A network whose decoder is of the size of another's, fresh; `model` itself where that has SAM 2's."""
    masks = other.config.mask_decoder_config
    if masks.num_multimask_outputs:
        return model
    return with_decoder(model.config, decoder_size(other))


def decoder_size(model: PromptableModel) -> DecoderSize:
    """The size of a network's decoder."""
    masks = model.config.mask_decoder_config
    return DecoderSize(model.hidden_dim, masks.mlp_dim, masks.iou_head_hidden_dim)


def _vision(name: str, adapter: AdapterSpec | None, image_size: int) -> Sam2VisionConfig:
    if name in SIZES:
        return vision_config(fit_windows(SIZES[name], image_size), adapter, image_size)
    if adapter is not None:
        raise ModelError(
            f"model size '{name}' is a convolutional encoder, which takes no CH-Adapters; build it without "
            "(adapters = false)"
        )
    channels = CONV_SIZES[name]
    return Sam2VisionConfig(
        backbone_config=ConvConfig(image_size=[image_size, image_size], embed_dim_per_stage=list(channels)),
        backbone_channel_list=list(reversed(channels)),
        backbone_feature_sizes=[[image_size // stride] * 2 for stride in (4, 8, 16)],
    )


def check_image_size(image_size: int) -> None:
    """Raises ModelError unless the side is a multiple of 32 from 64 to 2048."""
    if image_size % 32 or not 64 <= image_size <= 2048:
        raise ModelError(
            f"image size {image_size} doesn't fit the network; use a multiple of 32 from 64 to 2048, such "
            "as 256 or 1024"
        )


def load(
    name_or_folder: str | Path, adapter: AdapterSpec | None = None, image_size: int | None = None
) -> PromptableModel:
    """Any SAM 2 or 2.1 checkpoint in transformers' format, or a folder that this package wrote; adapters are
    added fresh if asked.

    Args:
        name_or_folder: a folder with config.json and model.safetensors, or a hub name such as
            "facebook/sam2.1-hiera-large". A Path is always a folder: nothing is asked of the hub.
        adapter: CH-Adapters to add to a plain checkpoint.
        image_size: another input side than the checkpoint's.

    Raises:
        ModelError: nothing there, not a SAM 2 checkpoint, or weights that are not safetensors.
    """
    local = isinstance(name_or_folder, Path) or Path(name_or_folder).is_dir()
    config = _read_config(str(name_or_folder), local)
    size = image_size or int(config.prompt_encoder_config.image_size)
    check_image_size(size)
    _resize(config, size)
    if adapter is not None:
        plain = config.vision_config.backbone_config.to_dict()
        fields = {key: plain[key] for key in plain if key not in ("model_type", "transformers_version")}
        config.vision_config.backbone_config = CHHieraConfig(**fields | _prefixed(adapter))
    packed = read_packed(Path(name_or_folder) / "model.safetensors") if local else None
    disable_progress_bar()
    level = get_verbosity()
    set_verbosity_error()  # adapters are missing on purpose; what else is, is raised below
    try:
        model, found = PromptableModel.from_pretrained(
            None if packed else name_or_folder,
            config=config,
            state_dict=packed,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
            local_files_only=local,
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"'{name_or_folder}' can't be loaded as SAM 2 weights: {first_line(error)}"
        ) from error
    finally:
        set_verbosity(level)
    missing = sorted(key for key in found["missing_keys"] if not any(part in key for part in ADAPTER_PARTS))
    if missing:
        raise ModelError(
            f"'{name_or_folder}' lacks {len(missing)} weights of SAM 2, such as '{missing[0]}'; it is "
            "not a complete SAM 2 checkpoint"
        )
    assert isinstance(model, PromptableModel)
    return model


def _read_config(name_or_folder: str, local: bool) -> PromptableConfig:
    try:
        plain = AutoConfig.from_pretrained(name_or_folder, local_files_only=local, trust_remote_code=False)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(
            f"'{name_or_folder}' is neither a checkpoint folder nor a name that can be opened; give a "
            "folder with "
            "config.json and "
            f"model.safetensors, or a name such as facebook/sam2.1-hiera-large ({first_line(error)})"
        ) from error
    if isinstance(plain, PromptableConfig):
        return plain
    if plain.model_type not in ("sam2", "sam2_video"):
        raise ModelError(
            f"'{name_or_folder}' holds a '{plain.model_type}' model; it must be SAM 2 ('sam2' or "
            "'sam2_video')"
        )
    parts = ("vision_config", "prompt_encoder_config", "mask_decoder_config")
    return PromptableConfig(**{part: getattr(plain, part).to_dict() for part in parts})


def _resize(config: PromptableConfig, image_size: int) -> None:
    backbone = config.vision_config.backbone_config
    if hasattr(backbone, "window_size_per_stage"):
        # windows larger than their map, which saw all of it, fit the new one; others stay as they were
        before, windows = int(config.prompt_encoder_config.image_size), backbone.window_size_per_stage
        backbone.window_size_per_stage = [
            _divisor(image_size // stride, window) if window > before // stride else window
            for stride, window in zip((4, 8, 16, 32), windows, strict=True)
        ]
    config.prompt_encoder_config.image_size = image_size
    config.vision_config.backbone_feature_sizes = [[image_size // stride] * 2 for stride in (4, 8, 16)]
    backbone.image_size = [image_size, image_size]


def _prefixed(adapter: AdapterSpec) -> dict[str, Any]:
    """An adapter's settings as the backbone's configuration names them."""
    return {f"adapter_{key}": value for key, value in asdict(adapter).items()}
