from __future__ import annotations

import pytest
import torch

from uniultra.training.interactive_loss import boundary_bce, dice_loss, hard_iou


def square(side: int, low: int, high: int) -> torch.Tensor:
    mask = torch.zeros(1, side, side)
    mask[:, low:high, low:high] = 1.0
    return mask


def test_dice_loss_of_known_overlaps() -> None:
    target = square(32, 8, 24)
    assert dice_loss(40.0 * (2 * target - 1), target).item() == pytest.approx(0.0, abs=1e-4)
    assert dice_loss(40.0 * (1 - 2 * target), target).item() == pytest.approx(1.0, abs=2e-3)
    half = square(32, 8, 24)
    half[:, :, 16:] = 0
    assert dice_loss(40.0 * (2 * half - 1), target).item() == pytest.approx(1 - 2 / 3, abs=2e-3)


def test_an_empty_target_is_finite() -> None:
    logits = torch.full((1, 16, 16), -3.0, requires_grad=True)
    (
        dice_loss(logits, torch.zeros(1, 16, 16)) + boundary_bce(logits, torch.zeros(1, 16, 16))
    ).sum().backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_errors_at_the_boundary_cost_more() -> None:
    target = square(32, 8, 24)
    right = 6.0 * (2 * target - 1)
    at_rim, deep = right.clone(), right.clone()
    at_rim[:, 8, 8:24] *= -1
    deep[:, 0, 0:16] *= -1
    assert boundary_bce(at_rim, target) > 1.5 * boundary_bce(deep, target)
    assert boundary_bce(at_rim, target, boundary_weight=0.0) == pytest.approx(
        boundary_bce(deep, target, boundary_weight=0.0), rel=1e-4
    )


def test_hard_iou() -> None:
    target = square(32, 8, 24)
    assert hard_iou(2 * target - 1, target).item() == 1.0
    assert hard_iou(1 - 2 * target, target).item() == 0.0
    assert hard_iou(torch.full((1, 4, 4), -1.0), torch.zeros(1, 4, 4)).item() == 1.0
