"""CH-Hiera on transformers' SAM 2: loads any plain checkpoint, adds nothing else, saves and comes back bit by
bit.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from transformers import Sam2Config, Sam2Model
from transformers.models.sam2.modeling_sam2 import Sam2MultiScaleBlock

from uniultra.errors import ModelError
from uniultra.models.adapter import AdapterSpec
from uniultra.models.backbone import CHBlock
from uniultra.models.build import ADAPTER_PARTS, SIZES, build, fit_windows, load, vision_config

SIZE = 128


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sam2Model, Path]:
    """A plain SAM 2 of the mini's size, as anybody's checkpoint lies on disk."""
    torch.manual_seed(0)
    config = Sam2Config(
        vision_config=vision_config(SIZES["mini"], None, SIZE), prompt_encoder_config={"image_size": SIZE}
    )
    model = Sam2Model(config).eval()
    folder = tmp_path_factory.mktemp("plain")
    model.save_pretrained(folder)
    return model, folder


def test_a_plain_checkpoint_lacks_exactly_the_adapters(plain: tuple[Sam2Model, Path]) -> None:
    model, folder = plain
    adapted = load(folder, adapter=AdapterSpec())
    own, added = set(model.state_dict()), set(adapted.state_dict())
    assert own <= added
    assert added - own
    assert all(any(part in name for part in ADAPTER_PARTS) for name in added - own)
    for name, value in model.state_dict().items():
        assert torch.equal(value, adapted.state_dict()[name]), name


def test_a_closed_gate_leaves_the_checkpoint_as_it_was(plain: tuple[Sam2Model, Path]) -> None:
    model, folder = plain
    adapted = load(folder, adapter=AdapterSpec(gate=0.0)).eval()
    pixels = torch.rand(1, 3, SIZE, SIZE)
    with torch.no_grad():
        ours, theirs = (m.vision_encoder(pixels).fpn_hidden_states for m in (adapted, model))
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other)


def test_encode_is_sam2s_own_arithmetic(plain: tuple[Sam2Model, Path]) -> None:
    """Two 1x1 convolutions multiplied into one, and no positional encodings: the same numbers as
    transformers' own path.
    """
    model, folder = plain
    images = torch.randint(0, 256, (2, SIZE, SIZE), dtype=torch.uint8)
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with torch.no_grad():
        fine, middle, embed = model.get_image_embeddings((images.unsqueeze(1) / 255.0 - mean) / std)
        ours = load(folder).eval().encode(images)
    for one, other in zip(ours, (embed, fine, middle), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def test_decode_is_sam2s_own_arithmetic(plain: tuple[Sam2Model, Path]) -> None:
    model, folder = plain
    model.mask_decoder.dynamic_multimask_via_stability = False
    ours = load(folder).eval()
    ours.mask_decoder.dynamic_multimask_via_stability = False
    points, labels = torch.rand(3, 2, 2) * SIZE, torch.tensor([[1, 0], [1, -1], [1, 1]])
    with torch.no_grad():
        embed, fine, middle = ours.encode(torch.randint(0, 256, (1, SIZE, SIZE), dtype=torch.uint8))
        logits, quality, _ = ours.decode(
            (embed, fine, middle), points, labels, torch.zeros(3, 1, 32, 32), torch.zeros(3)
        )
        answer = model(
            image_embeddings=[fine, middle, embed],
            input_points=points[None],
            input_labels=labels[None],
            multimask_output=False,
        )
    torch.testing.assert_close(logits, answer.pred_masks[0, :, 0], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(quality, answer.iou_scores[0, :, 0], atol=1e-5, rtol=1e-4)


def test_our_block_attends_as_sam2s_block(plain: tuple[Sam2Model, Path]) -> None:
    """Windows that need padding, pooling stages, global blocks: all of them."""
    model, folder = plain
    adapted = load(folder, adapter=AdapterSpec(gate=0.0)).eval()
    backbone, other = adapted.vision_encoder.backbone, model.vision_encoder.backbone
    for ours, theirs in zip(backbone.blocks, other.blocks, strict=True):
        assert isinstance(ours, CHBlock)
        assert isinstance(theirs, Sam2MultiScaleBlock)
        tokens = torch.rand(1, 12, 20, theirs.dim)
        edge = torch.rand(1, 4, *((6, 10) if theirs.query_stride else (12, 20)))
        with torch.no_grad():
            torch.testing.assert_close(ours(tokens, edge), theirs(tokens))


def test_saving_and_loading_is_exact(tmp_path: Path) -> None:
    model = build("mini", image_size=SIZE, box_prior=True)
    model.save_pretrained(tmp_path)
    again = load(tmp_path)
    assert again.config.box_prior
    assert again.input_size == SIZE
    for (name, value), (other, loaded) in zip(
        model.state_dict().items(), again.state_dict().items(), strict=True
    ):
        assert name == other
        assert torch.equal(value, loaded), name


def test_windows_that_fit_change_no_weight() -> None:
    assert fit_windows(SIZES["mini"], 1024).windows == (8, 4, 16, 8)
    assert fit_windows(SIZES["mini"], 256).windows == (8, 4, 16, 8)
    assert fit_windows(SIZES["large"], 1024).windows == (8, 4, 16, 8)
    shapes = [
        {k: v.shape for k, v in build("mini", image_size=size).state_dict().items()} for size in (256, 1024)
    ]
    assert shapes[0] == shapes[1]


def test_windows_larger_than_their_map_grow_with_it_and_others_stay(tmp_path: Path) -> None:
    def windows(folder: str, size: int, to: int) -> list[int]:
        build("mini", image_size=size).save_pretrained(tmp_path / folder)
        return list(
            load(tmp_path / folder, image_size=to).config.vision_config.backbone_config.window_size_per_stage
        )

    assert windows("small", 128, 256) == [8, 4, 16, 8]  # 14 and 7 saw all of 8x8 and 4x4 tokens
    assert windows("middle", 256, 512) == [8, 4, 16, 8]  # learned as they are
    assert windows("same", 128, 128) == [8, 4, 14, 7]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: build("huge"), "size 'huge' is unknown; use one of large, base-plus, small, tiny, mini"),
        (
            lambda: build("mini", image_size=100),
            "image size 100 doesn't fit the network; use a multiple of 32",
        ),
        (lambda: load("no/such/folder"), "'no/such/folder' is neither a checkpoint folder nor a name"),
    ],
)
def test_bad_names_and_sizes(call, says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ModelError, match=says):
        call()


def test_other_models_and_broken_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelError, match="holds a 'bert' model; it must be SAM 2"):
        load(tmp_path)
    folder = tmp_path / "broken"
    build("mini", image_size=SIZE).save_pretrained(folder)
    (folder / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ModelError, match="can't be loaded as SAM 2 weights"):
        load(folder)
    (folder / "model.safetensors").unlink()
    save_file(
        {"vision_encoder.neck.convs.0.bias": torch.zeros(256)},
        str(folder / "model.safetensors"),
        metadata={"format": "pt"},
    )
    with pytest.raises(ModelError, match=r"lacks \d+ weights of SAM 2"):
        load(folder)
