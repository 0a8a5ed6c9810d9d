"""Opens a folder of a video model: SAM 2.1 or EdgeTAM as transformers writes them, or a run of `uniultra
adapt` on one, whose encoder and decoder then stand in the place of the base's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoConfig
from transformers.models.edgetam_video.modeling_edgetam_video import (
    EdgeTamVideoInferenceSession,
    EdgeTamVideoModel,
)
from transformers.models.sam2_video.modeling_sam2_video import Sam2VideoInferenceSession, Sam2VideoModel

from uniultra.errors import ModelError
from uniultra.model_facts import ModelFacts
from uniultra.models.adapted import base_of, open_adapted
from uniultra.text import first_line, printable
from uniultra.video_models.tracker import VideoTracker

KINDS = {
    "sam2_video": (Sam2VideoModel, Sam2VideoInferenceSession),
    "edgetam_video": (EdgeTamVideoModel, EdgeTamVideoInferenceSession),
}
"""By `model_type` of config.json."""


def open_video_tracker(folder: str | Path, device: str | None = None) -> VideoTracker:
    """A tracker from a folder with config.json and model.safetensors; nothing is downloaded.

    Args:
        folder: of a video model, or of a run of `adapt` on one.
        device: of torch; None for the first GPU, or the CPU where there is none.

    Raises:
        ModelError: nothing there, another kind of model, or damaged files.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ModelError(
            f"'{printable(str(folder))}' is not a folder; give that of a video model in transformers' "
            "format, "
            "such as a copy of facebook/sam2.1-hiera-tiny"
        )
    base = base_of(folder)
    if base is not None and not Path(base).is_dir():
        raise ModelError(
            f"the base of '{printable(str(folder))}' is '{base}', which isn't here; download it, and put its "
            "folder into base.json"
        )
    model, session_type = _loaded(folder if base is None else Path(base))
    if base is not None:
        _put_adapted(model, folder)
    model = model.to(device or ("cuda" if torch.cuda.is_available() else "cpu")).eval()
    facts = ModelFacts(folder.name, "unpublished", _side(model), 1.0)
    return VideoTracker(model, session_type, facts)


def _loaded(folder: Path) -> tuple[Any, Any]:
    try:
        config = AutoConfig.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
        kind = str(config.model_type)
        if kind not in KINDS:
            raise ModelError(
                f"'{printable(str(folder))}' holds a '{printable(kind)}' model; the memory tracker takes "
                f"{' or '.join(KINDS)}"
            )
        model_type, session_type = KINDS[kind]
        model, found = model_type.from_pretrained(
            str(folder), local_files_only=True, use_safetensors=True, dtype=torch.float32,
            output_loading_info=True,
        )  # fmt: skip
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"'{printable(str(folder))}' can't be opened as a video model: {first_line(error)}"
        ) from error
    if missing := sorted(found["missing_keys"]):
        raise ModelError(
            f"'{printable(str(folder))}' lacks {len(missing)} weights of a video model, such as "
            f"'{missing[0]}'; it is not a complete checkpoint"
        )
    return model, session_type


def _put_adapted(model: Any, run: Path) -> None:
    """Puts the adapted encoder, prompt encoder and decoder of a run into its base's video model; the memory
    stays the base's. Raises ModelError where they don't fit.
    """
    image = open_adapted(run)
    if not isinstance(model, Sam2VideoModel) or image.config.box_prior or image.input_size != _side(model):
        raise ModelError(
            f"'{printable(str(run))}' can't be put into its base's video model: that must be SAM 2.1, with "
            f"an input of {_side(model)} px and no box prior; adapt facebook/sam2.1-hiera-* at that size"
        )
    model.vision_encoder = image.vision_encoder
    try:
        model.prompt_encoder.load_state_dict(image.prompt_encoder.state_dict())
        model.mask_decoder.load_state_dict(image.mask_decoder.state_dict())
    except RuntimeError as error:
        raise ModelError(f"'{printable(str(run))}' doesn't fit its base's video model: {error}") from error
    with torch.no_grad():
        model.no_memory_embedding.copy_(image.no_memory_embedding)


def _side(model: Any) -> int:
    return int(model.config.prompt_encoder_config.image_size)
