"""The fused network answers as the model does, leaves it alone, and steps aside where it doesn't fit. Its
files are those of test_onnx.py.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from peft import LoraConfig, inject_adapter_in_model

from networks import heard, short
from uniultra.export.fuse import FusedModel, fuse
from uniultra.export.parity import random_prompts, speckle_image
from uniultra.models.adapter import AdapterSpec
from uniultra.models.build import PAPER, build
from uniultra.models.promptable import PromptableModel, with_box_fits


def _model(size: int = 256, adapter: AdapterSpec | None = PAPER, **settings: object) -> PromptableModel:
    return heard(short(size, adapter, **settings), "bias")


def _gaps(model: PromptableModel, batch: int = 2) -> list[float]:
    """Largest differences of the three maps, then of logits, quality and score, each over the largest value
    there.
    """
    fused, rng = fuse(model), np.random.default_rng(1)
    images = torch.from_numpy(np.concatenate([speckle_image(model.input_size, rng) for _ in range(batch)]))
    prompt = [torch.from_numpy(array) for array in random_prompts(model.input_size, rng, model.box_fits)]
    with torch.no_grad():
        mine, theirs = model.encode(images), fused.encode(images)
        first = tuple(maps[:1] for maps in mine)
        mine, theirs = (*mine, *model.decode(first, *prompt)), (*theirs, *fused.decode(first, *prompt))  # type: ignore[arg-type]
    assert [part.shape for part in mine] == [part.shape for part in theirs]
    return [float((one - two).abs().max() / one.abs().max()) for one, two in zip(mine, theirs, strict=True)]


VARIANTS = {
    "the paper's adapter": (256, PAPER),
    "several windows in the third stage": (512, PAPER),
    "radix 3 and 7": (448, PAPER),
    "a learned gate": (256, replace(PAPER, gate=0.3, gate_learned=True)),
    "no edge": (256, replace(PAPER, edge=False)),
    "no context": (256, replace(PAPER, context=False)),
}


@pytest.mark.parametrize(("size", "adapter"), VARIANTS.values(), ids=VARIANTS)
def test_it_answers_as_the_model_does(size: int, adapter: AdapterSpec) -> None:
    model = _model(size, adapter)
    fused = fuse(model)
    assert isinstance(fused, FusedModel)
    assert fused.encoder is not None
    assert fused.decoder is not None
    assert max(_gaps(model, batch=1 if size > 256 else 2)) < 2e-5


def test_it_is_told_how_boxes_fit_as_the_model_is() -> None:
    model = with_box_fits(_model())
    with torch.no_grad():
        model.prompt_encoder.point_embed.weight[4:] += torch.randn(4, 256)
    assert max(_gaps(model)) < 2e-5


def test_the_model_stays_as_it_is() -> None:
    model = _model()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    fuse(model)
    after = model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize(
    "case",
    ["plain SAM 2", "convolutional", "windows that don't nest", "a wrapped layer", "the mask that is stable"],
)
def test_what_doesnt_fit_is_left_as_it_is(case: str) -> None:
    model = {
        "plain SAM 2": lambda: _model(adapter=None),
        "convolutional": lambda: build("conv-mini", None, image_size=64).eval(),
        "windows that don't nest": lambda: _model(320),
        "a wrapped layer": lambda: _with_lora(_model()),
        "the mask that is stable": lambda: _model(dynamic_multimask_via_stability=True),
    }[case]()
    fused = fuse(model)
    assert isinstance(fused, FusedModel)
    assert (fused.encoder is None) == (case != "the mask that is stable")
    assert (fused.decoder is None) == (case == "the mask that is stable")
    assert max(_gaps(model, batch=1)) < 2e-5


def _with_lora(model: PromptableModel) -> PromptableModel:
    inject_adapter_in_model(LoraConfig(target_modules=["qkv"], init_lora_weights=False), model.vision_encoder)
    return model.eval()


def test_a_published_size_fits() -> None:
    for size in (256, 512, 1024):
        fused = fuse(build("mini", image_size=size))
        assert isinstance(fused, FusedModel)
        assert fused.encoder is not None
