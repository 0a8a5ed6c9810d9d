from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from networks import short
from uniultra.models.build import build
from uniultra.models.promptable import MASK_LOGIT_LIMIT, box_ellipse, with_box_fits


def test_the_ellipse_of_a_box() -> None:
    points = torch.tensor([[[31.5, 47.5], [95.5, 79.5]]])
    ellipse = box_ellipse(points, torch.tensor([[2, 3]]), grid=32, input_size=128)[0, 0]
    assert ellipse.shape == (32, 32)
    inside = ellipse > 0
    area = inside.sum() * 16
    assert abs(float(area) / (torch.pi * 32 * 16) - 1) < 0.06
    rows, columns = torch.nonzero(inside, as_tuple=True)
    assert (rows.min() + rows.max()) / 2 * 4 + 1.5 == 63.5
    assert (columns.min() + columns.max()) / 2 * 4 + 1.5 == 63.5
    assert ellipse.max() <= MASK_LOGIT_LIMIT
    assert ellipse.min() == -MASK_LOGIT_LIMIT


def test_tight_and_loose_begin_as_any_box_and_can_be_learned() -> None:
    points = torch.tensor([[[10.0, 12.0], [50.0, 44.0]]]).expand(3, -1, -1)
    labels = torch.tensor([[2, 3], [4, 5], [6, 7]])
    nothing = torch.zeros(3, 1, 16, 16), torch.zeros(3)
    plain = short(64)
    image = torch.randint(0, 256, (1, 64, 64), dtype=torch.uint8)
    with torch.no_grad():
        before = plain.decode(plain.encode(image), points[:1], labels[:1], *(part[:1] for part in nothing))
    assert not plain.box_fits
    model = with_box_fits(plain)
    assert model is with_box_fits(model)
    assert model.box_fits
    logits, quality, _ = model.decode(model.encode(image), points, labels, *nothing)
    torch.testing.assert_close(logits, before[0].expand_as(logits), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(quality, before[1].expand_as(quality), atol=1e-4, rtol=1e-4)
    logits[1].sum().backward()
    learned = model.prompt_encoder.point_embed.weight.grad
    assert learned is not None
    assert [bool(row.any()) for row in learned] == [False, False, False, False, True, True, False, False]


def test_the_box_prior_speaks_only_where_it_should() -> None:
    torch.manual_seed(0)
    model = build("mini", image_size=64, box_prior=True).eval()
    boxed, clicked = torch.tensor([[[10.0, 10.0], [50.0, 50.0]]]), torch.tensor([[2, 3]])
    mask, without, given = torch.randn(1, 1, 16, 16), torch.zeros(1), torch.ones(1)
    with torch.no_grad():
        prior = model._dense_prompt(boxed, clicked, torch.zeros(1, 1, 16, 16), without)
        ignored = model._dense_prompt(boxed, clicked, mask, without)
        previous = model._dense_prompt(boxed, clicked, mask, given)
        click_only = model._dense_prompt(boxed, torch.tensor([[1, -1]]), mask, without)
        empty = model.prompt_encoder.no_mask_embed.weight.view(1, -1, 1, 1).expand_as(click_only)
    torch.testing.assert_close(prior, ignored)
    assert not torch.allclose(prior, previous)
    torch.testing.assert_close(click_only, empty)


def test_prompts_in_a_batch_don_t_see_each_other() -> None:
    torch.manual_seed(0)
    model = build("mini", image_size=64, box_prior=True).eval()
    points, labels = torch.rand(3, 3, 2) * 64, torch.tensor([[2, 3, 1], [1, 0, -1], [-1, -1, 1]])
    masks, has_mask = torch.randn(3, 1, 16, 16), torch.tensor([0.0, 0.0, 1.0])
    with torch.no_grad():
        features = model.encode(torch.randint(0, 256, (1, 64, 64), dtype=torch.uint8))
        together, _, _ = model.decode(features, points, labels, masks, has_mask)
        order = torch.tensor([2, 0, 1])
        permuted, _, _ = model.decode(features, points[order], labels[order], masks[order], has_mask[order])
    torch.testing.assert_close(together[order], permuted, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", ["hiera", "conv"])
def test_transformers_opens_a_folder_once_the_module_is_imported(kind: str, tmp_path: Path) -> None:
    """In a process that has imported nothing else of ours, with both kinds of encoder."""
    model = short(64) if kind == "hiera" else build("conv-mini", image_size=64, adapter=None)
    model.save_pretrained(tmp_path)
    script = (
        "import sys, uniultra.models.promptable, transformers; "
        "model = transformers.AutoModel.from_pretrained(sys.argv[1]); "
        "print(type(model).__name__, sum(p.numel() for p in model.parameters()))"
    )
    source = str(Path(__file__).parents[2] / "src")
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": source},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["PromptableModel", str(sum(p.numel() for p in model.parameters()))]
